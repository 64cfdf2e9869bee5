import { overSeeds } from '../domain/metrics';
import type { IterationLine } from '../protocol/runFiles';
import type { OpenSet, SetMember } from './runSets';
import type { TreeArm, TreeEntry, TreeRun, TreeSet, TreeWaiting } from './treeModel';

/** Row id of a run set. */
export function setRowId(set: string): string {
  return `set:${set}`;
}

/**
 * What stands at the tree's root: runs, in their order, and run sets, each where the newest of its runs would stand. Sets of which
 * nothing has begun come first: they have just been planned, or were cut off.
 */
export function treeEntries(runs: readonly TreeRun[], sets: readonly OpenSet[]): TreeEntry[] {
  const setOf = new Map(sets.flatMap((set) => set.members.flatMap(({ run }) => (run === null ? [] : [[run.id, set] as const]))));
  const shown = new Map(runs.map((run) => [run.id, run]));
  const entries: TreeEntry[] = sets.filter((set) => set.members.every(({ run }) => run === null)).map((set) => treeSet(set, shown));
  const placed = new Set<OpenSet>();
  for (const run of runs) {
    const set = setOf.get(run.id);
    if (set === undefined) entries.push(run);
    else if (!placed.has(set)) {
      placed.add(set);
      entries.push(treeSet(set, shown));
    }
  }
  return entries;
}

/** Ids of the rows above a run's own: of its set, and of its algorithm where the set has several. */
export function rowsAbove(entries: readonly TreeEntry[], run: string): string[] {
  for (const entry of entries) {
    if (!('arms' in entry)) continue;
    const arm = entry.arms.find(({ members }) => members.some((member) => member.id === run));
    if (arm !== undefined) return entry.arms.length === 1 ? [setRowId(entry.id)] : [setRowId(entry.id), armRowId(entry.id, arm)];
  }
  return [];
}

/** Row id of a set's runs by one algorithm. */
export function armRowId(set: string, { algorithm }: Pick<TreeArm, 'algorithm'>): string {
  return `${setRowId(set)}/${algorithm}`;
}

/** A number of each run that has one, at its newest iteration, and their mean with its interval. */
export function latestOverSeeds(members: TreeArm['members'], read: (line: IterationLine) => number | null) {
  return overSeeds(
    members.flatMap((member) => {
      const line = 'iterations' in member ? member.iterations.at(-1) : undefined;
      return (line === undefined ? null : read(line)) ?? [];
    }),
  );
}

/** Mean curve over runs, as far as all that have begun have come. */
export function meanCurve(members: TreeArm['members'], read: (line: IterationLine) => number | null): number[] {
  const curves = members.flatMap((member) => ('iterations' in member ? [member.iterations.map(read)] : []));
  const length = curves.length === 0 ? 0 : Math.min(...curves.map((curve) => curve.length));
  return Array.from({ length }, (_, i) => curves.map((curve) => curve[i] ?? null)).flatMap((values) => {
    const known = values.filter((value) => value !== null);
    return known.length === 0 ? [] : [known.reduce((sum, value) => sum + value, 0) / known.length];
  });
}

function treeSet(set: OpenSet, shown: ReadonlyMap<string, TreeRun>): TreeSet {
  const arms = new Map<string, (TreeRun | TreeWaiting)[]>();
  for (const member of set.members) {
    const algorithm = member.run?.file?.config.algorithm ?? member.planned?.config.algorithm ?? '';
    const members = arms.get(algorithm) ?? [];
    arms.set(algorithm, members);
    members.push((member.run === null ? undefined : shown.get(member.run.id)) ?? waiting(set, member));
  }
  const { id, name, status, finished, members } = set;
  return {
    id,
    name,
    status,
    detail: `${finished}/${members.length} runs`,
    arms: [...arms].map(([algorithm, runs]) => ({ algorithm, members: runs })),
  };
}

function waiting(set: OpenSet, { name, folder, queued, closed }: SetMember): TreeWaiting {
  const detail = queued ? 'waits for its turn' : closed === null ? 'not begun' : 'closed: Open Run… shows it again';
  return { id: `${setRowId(set.id)}/${folder}`, name, detail, finished: closed === 'finished' };
}
