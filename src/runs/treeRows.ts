import type { Branch } from '../protocol/branches';
import type { IterationLine, NegotiationSummaries } from '../protocol/runFiles';
import type { Place, TreeRow } from '../protocol/webview';
import type { Preview } from './preview';
import { wordsOf } from './rowWords';
import type { NegotiationKey, NodeContent, Outline, OutlineState, TreeArm, TreeEntry, TreeNode, TreeRun, TreeSet } from './treeModel';
import { armRowId, rowsAbove, setRowId } from './treeSets';

/** Iterations of a long run are shown by the hundred, so that nothing below moves while it grows. */
const RANGE = 100;

/** Rounds and turns of a negotiation that have been read; undefined where nobody has asked yet. */
export type OutlineOf = (run: TreeRun, key: NegotiationKey) => OutlineState | undefined;

/**
 * The tree, flattened: one light node a visible row, put into words only for the window that is on the
 * screen. Runs come in the order given; iterations ascend, so that a live run grows at its end and
 * nothing above moves.
 */
export class FlatTree {
  readonly #nodes: TreeNode[] = [];
  readonly #index = new Map<string, number>();
  /** Open negotiations whose rounds have to be read from disk. */
  readonly wanted: { readonly run: TreeRun; readonly key: NegotiationKey }[] = [];

  constructor(
    private readonly entries: readonly TreeEntry[],
    private readonly expansion: ReadonlySet<string>,
    private readonly outlineOf: OutlineOf,
    /** Negotiations of an iteration that are shown; null for all. */
    private readonly passing: (run: TreeRun, line: IterationLine) => ReadonlySet<number> | null = () => null,
  ) {
    entries.forEach((entry, i) => {
      if ('arms' in entry) this.#addSet(entry, i + 1, entries.length);
      else this.#addRun(entry, -1, i + 1, entries.length);
    });
  }

  /** Rows. */
  get total(): number {
    return this.#nodes.length;
  }

  /** Rows `start` up to, not including, `end`. */
  window(start: number, end: number): TreeRow[] {
    return this.#nodes.slice(start, end).map(wordsOf);
  }

  /** Where a row is; −1 if it is not there. */
  indexOf(id: string): number {
    return this.#index.get(id) ?? -1;
  }

  /** The row of a place, or the nearest visible one above it; −1 if its run is not there. */
  nearest(place: Place): number {
    for (const id of [...rowsAbove(this.entries, place.run), ...idsOf(place)].reverse()) {
      const index = this.indexOf(id);
      if (index >= 0) return index;
    }
    return -1;
  }

  #addSet(set: TreeSet, position: number, siblings: number): void {
    const row = this.#add(standIn(set), setRowId(set.id), -1, position, siblings, true, { kind: 'set', set });
    if (!row.expanded) return;
    const [first] = set.arms;
    if (first !== undefined && set.arms.length === 1) this.#addMembers(set, first, row.index);
    else this.#addArms(set, row.index);
  }

  #addArms(set: TreeSet, parent: number): void {
    set.arms.forEach((arm, i) => {
      const what = { kind: 'arm', set, arm } as const;
      const armRow = this.#add(standIn(set), armRowId(set.id, arm), parent, i + 1, set.arms.length, true, what);
      if (armRow.expanded) this.#addMembers(set, arm, armRow.index);
    });
  }

  #addMembers(set: TreeSet, { members }: TreeArm, parent: number): void {
    members.forEach((member, i) => {
      if ('iterations' in member) this.#addRun(member, parent, i + 1, members.length);
      else this.#add(standIn(set), member.id, parent, i + 1, members.length, false, { kind: 'waiting', set, member });
    });
  }

  #addRun(run: TreeRun, parent: number, position: number, siblings: number): void {
    const expandable = run.problems.length + run.iterations.length > 0 || run.preview !== null;
    const row = this.#add(run, run.id, parent, position, siblings, expandable, { kind: 'run' });
    if (!row.expanded) return;
    const ranges = run.planned > RANGE ? rangesOf(run) : null;
    const children = run.problems.length + (ranges?.length ?? run.iterations.length + (run.preview === null ? 0 : 1));
    let child = 0;
    run.problems.forEach((problem, i) => {
      const what = { kind: 'notice', label: problem.file, detail: problem.message } as const;
      this.#add(run, `${run.id}/problem${i}`, row.index, ++child, children, false, what);
    });
    if (ranges === null) this.#addIterations(run, run.iterations, run.preview, row.index, child, children);
    for (const { id, first, last, lines, preview } of ranges ?? []) {
      const range = this.#add(run, id, row.index, ++child, children, true, { kind: 'range', first, last, lines });
      if (range.expanded) this.#addIterations(run, lines, preview, range.index, 0, lines.length + (preview === null ? 0 : 1));
    }
  }

  /** Committed iterations, and after them the one under way. */
  #addIterations(
    run: TreeRun,
    lines: readonly IterationLine[],
    preview: Preview | null,
    parent: number,
    before: number,
    siblings: number,
  ): void {
    let child = before;
    for (const line of lines) this.#addIteration(run, line, parent, ++child, siblings);
    if (preview !== null) this.#addUnderway(run, preview, parent, ++child, siblings);
  }

  #addIteration(run: TreeRun, line: IterationLine, parent: number, position: number, siblings: number): void {
    const summaries = line.negotiations;
    const expandable = summaries !== undefined && summaries.group.length > 0;
    const row = this.#add(run, `${run.id}/${line.iteration}`, parent, position, siblings, expandable, { kind: 'iteration', line });
    if (!row.expanded || summaries === undefined) return;
    const groups = membersByGroup(summaries, this.passing(run, line));
    let place = 0;
    for (const [group, members] of groups) {
      const what = { kind: 'group', iteration: line.iteration, group, line } as const;
      const groupRow = this.#add(run, `${run.id}/${line.iteration}/g${group}`, row.index, ++place, groups.size, true, what);
      if (groupRow.expanded) this.#addNegotiations(run, line.iteration, group, members, line, groupRow.index);
    }
  }

  #addUnderway(run: TreeRun, preview: Preview, parent: number, position: number, siblings: number): void {
    const groups = preview.groups();
    const id = `${run.id}/${preview.iteration}`;
    const row = this.#add(run, id, parent, position, siblings, groups.length > 0, { kind: 'underway', preview });
    if (!row.expanded) return;
    groups.forEach((group, i) => {
      const what = { kind: 'group', iteration: preview.iteration, group, line: null } as const;
      const groupRow = this.#add(run, `${id}/g${group}`, row.index, i + 1, groups.length, true, what);
      if (groupRow.expanded) this.#addNegotiations(run, preview.iteration, group, preview.negotiations(group), null, groupRow.index);
    });
  }

  #addNegotiations(
    run: TreeRun,
    iteration: number,
    group: number,
    members: readonly number[],
    line: IterationLine | null,
    parent: number,
  ): void {
    members.forEach((negotiation, i) => {
      const key = { iteration, group, negotiation };
      const outline = this.outlineOf(run, key);
      const id = `${run.id}/${iteration}/g${group}/n${negotiation}`;
      const row = this.#add(run, id, parent, i + 1, members.length, true, { kind: 'negotiation', ...key, line, outline });
      if (!row.expanded) return;
      if (outline === undefined) this.wanted.push({ run, key });
      if (outline === undefined || outline === 'loading') return;
      if ('problem' in outline) this.#addNotice(run, row.index, id, 'Cannot be read', outline.problem);
      else this.#addRounds(run, key, outline, id, row.index);
    });
  }

  #addRounds(run: TreeRun, of: NegotiationKey, { rounds }: Outline, negotiationId: string, parent: number): void {
    rounds.forEach((round, i) => {
      const id = `${negotiationId}/r${round.round}`;
      const row = this.#add(run, id, parent, i + 1, rounds.length, round.turns.length > 0, { kind: 'round', of, round });
      if (!row.expanded) return;
      round.turns.forEach((turn, j) => {
        const branches = branchesOf(run, of, turn.turn);
        const what = { kind: 'turn', of, round: round.round, turn, branches } as const;
        const turnId = `${id}/t${turn.turn}`;
        const turnRow = this.#add(run, turnId, row.index, j + 1, round.turns.length, branches.length > 0, what);
        if (!turnRow.expanded) return;
        branches.forEach((branch, k) => {
          this.#add(run, `${turnId}/b${branch.branch}`, turnRow.index, k + 1, branches.length, false, { kind: 'branch', of, branch });
        });
      });
    });
  }

  #addNotice(run: TreeRun, parent: number, parentId: string, label: string, detail: string): void {
    this.#add(run, `${parentId}/notice`, parent, 1, 1, false, { kind: 'notice', label, detail });
  }

  #add(
    run: TreeRun,
    id: string,
    parent: number,
    position: number,
    siblings: number,
    expandable: boolean,
    what: NodeContent,
  ): { readonly index: number; readonly expanded: boolean } {
    const expanded = expandable && this.expansion.has(id);
    const depth = parent < 0 ? 0 : (this.#nodes[parent]?.depth ?? 0) + 1;
    const index = this.#nodes.push({ id, parent, depth, position, siblings, expandable, expanded, run, what }) - 1;
    this.#index.set(id, index);
    return { index, expanded };
  }
}

function branchesOf({ branches = [] }: TreeRun, { iteration, negotiation }: NegotiationKey, turn: number): Branch[] {
  return branches.filter((each) => each.iteration === iteration && each.negotiation === negotiation && each.turn === turn);
}

/** What a set's rows have in a run's stead. */
function standIn({ arms, name, status, detail }: TreeSet): TreeRun {
  const first = arms.flatMap(({ members }) => members).find((member) => 'iterations' in member);
  return { id: first?.id ?? '', name, status, detail, planned: 0, iterations: [], problems: [], preview: null };
}

/**
 * Ids of the rows that lead to a place, from the run down, ranges included. A place without its group ends at the iteration. A branch
 * lies under the turn that it leaves at, so that its place has to name that one: `OpenRun.rowPlace`.
 */
export function idsOf({ run, iteration, group, negotiation, round, turn, branch }: Place): string[] {
  const ids = [run];
  if (iteration === undefined) return ids;
  ids.push(rangeId(run, rangeStart(iteration)), `${run}/${iteration}`);
  if (group === undefined) return ids;
  ids.push(`${run}/${iteration}/g${group}`);
  if (negotiation === undefined) return ids;
  ids.push(`${run}/${iteration}/g${group}/n${negotiation}`);
  if (round === undefined) return ids;
  ids.push(`${run}/${iteration}/g${group}/n${negotiation}/r${round}`);
  if (turn === undefined) return ids;
  ids.push(`${run}/${iteration}/g${group}/n${negotiation}/r${round}/t${turn}`);
  if (branch !== undefined) ids.push(`${run}/${iteration}/g${group}/n${negotiation}/r${round}/t${turn}/b${branch}`);
  return ids;
}

/** Negotiation numbers by seed group, in order of appearance. */
function membersByGroup({ group }: NegotiationSummaries, passing: ReadonlySet<number> | null = null): Map<number, number[]> {
  const groups = new Map<number, number[]>();
  group.forEach((id, negotiation) => {
    if (passing !== null && !passing.has(negotiation)) return;
    const members = groups.get(id);
    if (members === undefined) groups.set(id, [negotiation]);
    else members.push(negotiation);
  });
  return groups;
}

/** A hundred iterations, as far as they are there; named by the hundred, so that a growing range stays the same row. */
interface Range {
  readonly id: string;
  readonly first: number;
  readonly last: number;
  readonly lines: readonly IterationLine[];
  readonly preview: Preview | null;
}

function rangesOf({ id, iterations, preview }: TreeRun): Range[] {
  const hundreds = new Map<number, IterationLine[]>();
  const linesOf = (iteration: number): IterationLine[] => {
    const start = rangeStart(iteration);
    const lines = hundreds.get(start) ?? [];
    hundreds.set(start, lines);
    return lines;
  };
  for (const line of iterations) linesOf(line.iteration).push(line);
  if (preview !== null) linesOf(preview.iteration);
  return [...hundreds].map(([start, lines]) => {
    const underway = preview !== null && rangeStart(preview.iteration) === start ? preview : null;
    const last = underway?.iteration ?? lines.at(-1)?.iteration ?? start;
    return { id: rangeId(id, start), first: lines[0]?.iteration ?? last, last, lines, preview: underway };
  });
}

/** First iteration of the hundred that an iteration belongs to. */
export function rangeStart(iteration: number): number {
  return Math.floor((iteration - 1) / RANGE) * RANGE + 1;
}

/** Row id of the hundred that starts with an iteration. */
export function rangeId(run: string, start: number): string {
  return `${run}/${start}-${start + RANGE - 1}`;
}
