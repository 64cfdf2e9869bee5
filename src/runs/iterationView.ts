import { quantile } from '../domain/metrics/interval';
import type { Seat } from '../domain/seat';
import type { RunConfig } from '../protocol/runConfig';
import type { IterationLine } from '../protocol/runFiles';
import type { Advantages, CreditQuantiles, CurvePoint, IterationView } from '../protocol/webview';
import { creditOf, MEMBER_COLUMNS, type MemberRow, seatOf } from './negotiation';

/** What the distribution of advantages needs of a turn. */
export const ADVANTAGE_COLUMNS = [...MEMBER_COLUMNS, 'trained'] as const;

const QUANTILES = [0.05, 0.25, 0.5, 0.75, 0.95] as const;

/** An iteration as a point of the training curves; undefined where nothing was measured. */
export function curvePoint(line: IterationLine): CurvePoint | undefined {
  const { iteration, measures, training, seconds } = line;
  if (measures === undefined) return undefined;
  const credits = creditQuantiles(line);
  return { iteration, measures, seconds, ...(training === undefined ? {} : { training }), ...(credits === null ? {} : { credits }) };
}

/** Credits of one iteration while they are sorted: a long run has thousands, one after the other. */
let room = new Float64Array(0);

/** Quantiles of the negotiations' mean credits, of both seats; null without negotiations. */
export function creditQuantiles({ negotiations }: Pick<IterationLine, 'negotiations'>): CreditQuantiles | null {
  const [first, second] = negotiations?.credit ?? [[], []];
  if (first.length + second.length === 0) return null;
  if (room.length < first.length + second.length) room = new Float64Array(first.length + second.length);
  const ascending = room.subarray(0, first.length + second.length);
  ascending.set(first);
  ascending.set(second, first.length);
  ascending.sort();
  const at = (q: number): number => quantile(ascending, q) ?? 0;
  return [at(QUANTILES[0]), at(QUANTILES[1]), at(QUANTILES[2]), at(QUANTILES[3]), at(QUANTILES[4])];
}

/** What the journal's line says of an iteration. */
export function iterationView({ iteration, time, checkpoint, negotiations }: IterationLine): Omit<IterationView, 'run' | 'advantages'> {
  const players = new Map<string, number>();
  const [first, second] = negotiations?.player ?? [[], []];
  first.forEach((player, negotiation) => {
    const others = new Set([player, second[negotiation] ?? ''].filter((name) => name !== 'policy' && name !== ''));
    for (const name of others) players.set(name, (players.get(name) ?? 0) + 1);
  });
  return {
    iteration,
    time,
    checkpoint: checkpoint !== undefined,
    negotiations: negotiations?.group.length ?? 0,
    groups: new Set(negotiations?.group).size,
    invalid: negotiations?.invalid.reduce((sum, count) => sum + count, 0) ?? 0,
    opponents: [...players].map(([name, count]) => ({ name, negotiations: count })).sort((a, b) => b.negotiations - a.negotiations),
  };
}

/** Credits of every trained seat and round: all tokens of a round share them, and every round ends in an action. */
export function advantagesOf(
  rows: readonly (MemberRow & { readonly trained: boolean })[],
  config: Pick<RunConfig, 'algorithm' | 'beta'>,
): Advantages {
  const columns = {
    negotiation: [] as number[],
    round: [] as number[],
    seat: [] as Seat[],
    own: [] as number[],
    alignment: [] as number[],
  };
  for (const row of rows) {
    if (row.kind !== 'action' || !row.trained) continue;
    const { own, alignment } = creditOf(row, config);
    columns.negotiation.push(row.negotiation);
    columns.round.push(row.round);
    columns.seat.push(seatOf(row));
    columns.own.push(own);
    columns.alignment.push(alignment);
  }
  return columns;
}
