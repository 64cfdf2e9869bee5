import type { Place } from '../protocol/webview';
import type { OpenRun } from './openRun';
import type { RunStore } from './runStore';

/** A negotiation that another can be read beside. */
export interface Comparable {
  readonly run: OpenRun;
  readonly place: Place;
  /** Why it is offered: the same deals under the paired run or under another, a branch, what a branch leaves, the same seed group. */
  readonly as: 'pair' | 'original' | 'branch' | 'group' | 'run';
}

/**
 * Committed negotiations that one can be read beside, the likeliest first: what a branch leaves, the same negotiation of the paired
 * run, its branches, others of its seed group, the same negotiation of other runs of its game. None of one that is under way.
 */
export function comparable({ runs }: Pick<RunStore, 'runs'>, of: OpenRun, { iteration, negotiation, branch }: Place): Comparable[] {
  if (iteration === undefined || negotiation === undefined) return [];
  const groups = groupsOf(of, iteration);
  const group = groups[negotiation];
  if (group === undefined) return [];
  const at = (run: OpenRun, as: Comparable['as'], there: Omit<Place, 'run'> = { negotiation }): Comparable => {
    return { run, as, place: run.complete({ run: run.id, iteration, negotiation, ...there }) };
  };
  const original = branch === undefined ? [] : [at(of, 'original')];
  const others = runs.filter((run) => run !== of && run.game === of.game && groupsOf(run, iteration)[negotiation] !== undefined);
  const pair = others.filter((run) => run.id === of.file?.pairedWith);
  const branches = of.branches.of({ iteration, negotiation }).filter((each) => each.branch !== branch);
  return [
    ...original,
    ...pair.map((run) => at(run, 'pair')),
    ...branches.map((each) => at(of, 'branch', { branch: each.branch })),
    ...groups.flatMap((each, other) => (each === group && other !== negotiation ? [at(of, 'group', { negotiation: other })] : [])),
    ...others.filter((run) => !pair.includes(run)).map((run) => at(run, 'run')),
  ];
}

/** `[negotiation]`; empty where the iteration is not committed. */
function groupsOf({ folder }: OpenRun, iteration: number): readonly number[] {
  const line = folder.iteration(iteration);
  return line?.rollouts === undefined ? [] : (line.negotiations?.group ?? []);
}
