import type { Rows } from './returns';

/** Which negotiations a baseline averages over: those of the seed group, or all of the batch (an ablation). */
export type BaselineKind = 'group' | 'batch';

/**
 * Leave-one-out baselines of one agent, `[negotiation][round]`: the mean return, at the same round, of the
 * other negotiations of the seed group. When every group is a single negotiation, or under `batch`, the
 * group is the whole batch. A negotiation that is alone has baseline 0, so that its A = G.
 * @param groups the seed group of each negotiation.
 * @throws RangeError when negotiations that share a baseline differ in their number of rounds.
 */
export function baselines(returns: Rows, groups: readonly number[], kind: BaselineKind): number[][] {
  const result: number[][] = new Array(returns.length);
  for (const members of baselineGroups(groups, kind)) {
    const rounds = returns[members[0]!]!.length;
    const totals = new Array<number>(rounds).fill(0);
    for (const n of members) {
      const row = returns[n]!;
      if (row.length !== rounds) {
        throw new RangeError(
          `negotiation ${n} has ${row.length} rounds and negotiation ${members[0]} has ${rounds}: a baseline needs equally many rounds`,
        );
      }
      for (let t = 0; t < rounds; t++) totals[t]! += row[t]!;
    }
    for (const n of members) {
      result[n] = members.length === 1 ? totals.map(() => 0) : totals.map((total, t) => (total - returns[n]![t]!) / (members.length - 1));
    }
  }
  return result;
}

/** The negotiations that share a baseline, each list ascending, in order of first appearance. */
export function baselineGroups(groups: readonly number[], kind: BaselineKind): number[][] {
  const byGroup = new Map<number, number[]>();
  groups.forEach((group, n) => {
    const members = byGroup.get(group);
    if (members) members.push(n);
    else byGroup.set(group, [n]);
  });
  const allSingle = byGroup.size === groups.length;
  if (groups.length > 0 && (kind === 'batch' || allSingle)) return [groups.map((_, n) => n)];
  return [...byGroup.values()];
}
