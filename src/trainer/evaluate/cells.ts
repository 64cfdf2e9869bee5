import type { RoundOutcome } from '../../domain/games/game';
import { swapSeats } from '../../domain/games/seating';
import { bootstrapInterval, type Interval, measure } from '../../domain/metrics';
import { random } from '../../domain/random';
import { type Pair, SEATS, type Seat } from '../../domain/seat';
import type { MeasuresFile } from '../../protocol/runFiles';
import { plain, tokenStats } from '../statistics';
import type { Side } from './lineup';
import type { MatchupNegotiation, MatchupOptions } from './matchups';
import { klOf } from './reference';

/** Share of the bootstrap distribution that intervals hold. */
export const LEVEL = 0.95;

/** One side against one other. */
export interface Cell extends Interval {
  /** Of the row's side; `meanReward` is `[row's, column's]`. */
  readonly measures: MeasuresFile;
  /** Share of the row's side's actions that did not parse. */
  readonly invalid: number;
}

/**
 * The row side's mean points a round with a bootstrap interval. What is drawn again is the seed group, or, where a side
 * is several runs, the run: negotiations of one run share what training made of it. Against itself a side has both seats,
 * and both count.
 * @param negotiations of the two sides' members with each other, in both seatings.
 */
export function cellOf(
  { game, players, seed }: Pick<MatchupOptions, 'game' | 'players' | 'seed'>,
  negotiations: readonly MatchupNegotiation[],
  [row, column]: Pair<Side>,
): Cell {
  const seatsOf = ({ seated }: MatchupNegotiation): readonly Seat[] => SEATS.filter((seat) => row.members.includes(seated[seat]));
  const units = new Map<number, number[]>();
  for (const negotiation of negotiations) {
    const { rounds } = negotiation.negotiation;
    const points = seatsOf(negotiation).map((seat) => rounds.reduce((sum, round) => sum + round.rewards[seat], 0) / rounds.length);
    const unit = unitOf(negotiation, row, column);
    const values = units.get(unit) ?? [];
    units.set(unit, values);
    values.push(points.reduce((sum, each) => sum + each, 0) / points.length);
  }
  const interval = bootstrapInterval([...units.values()], random(seed, 'match-up interval'), { level: LEVEL });
  if (interval === null) throw new RangeError('a cell without negotiations has no mean');
  const turned = negotiations.map((negotiation) => {
    const { rounds } = negotiation.negotiation;
    return seatsOf(negotiation)[0] === 0 ? rounds : rounds.map(swapSeats);
  });
  const turns = negotiations.flatMap((negotiation) => seatsOf(negotiation).flatMap((seat) => negotiation.transcripts[seat]?.turns ?? []));
  const measured = row === column ? SEATS : ([0] as const);
  return {
    ...interval,
    measures: plain(measure(game, turned, tokenStats(turns, klOf(players, negotiations, seatsOf)), measured)),
    invalid: invalidShare(turned, measured),
  };
}

/** What a negotiation is drawn again with: the row's run, the column's where only that has several, else its deal. */
function unitOf({ seated, group }: MatchupNegotiation, row: Side, column: Side): number {
  const several = row.members.length > 1 ? row : column.members.length > 1 ? column : null;
  return several ? seated.find((member) => several.members.includes(member))! : group;
}

function invalidShare(negotiations: readonly (readonly RoundOutcome[])[], seats: readonly Seat[]): number {
  const acts = negotiations.flatMap((rounds) => rounds.flatMap(({ valid }) => seats.map((seat) => valid[seat])));
  return acts.filter((valid) => !valid).length / acts.length;
}
