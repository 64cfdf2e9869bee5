import type { GameId, RoundOutcome } from '../../domain/games/game';
import { swapSeats } from '../../domain/games/seating';
import { bootstrapInterval, type Interval, measure } from '../../domain/metrics';
import { random } from '../../domain/random';
import { type Pair, SEATS, type Seat } from '../../domain/seat';
import type { MeasuresFile } from '../../protocol/runFiles';
import { plain, tokenStats } from '../statistics';
import type { MatchupNegotiation, PlayedMatchup } from './matchups';

/** Share of the bootstrap distribution that intervals hold. */
export const LEVEL = 0.95;

/** One player against one other. */
export interface Cell extends Interval {
  /** Indices of the row's and of the column's player. */
  readonly at: Pair<number>;
  /** Of the row's player; `meanReward` is `[row's, column's]`. */
  readonly measures: MeasuresFile;
  /** Share of the row's player's actions that did not parse. */
  readonly invalid: number;
}

/** The cells that a match-up fills: one, where a player met itself, else two. */
export function cellsOf(game: GameId, matchup: PlayedMatchup, seed: number): Cell[] {
  const [first, second] = matchup.players;
  return first === second
    ? [cell(game, matchup, [first, first], seed)]
    : [cell(game, matchup, [first, second], seed), cell(game, matchup, [second, first], seed)];
}

/**
 * The row player's mean points a round with a bootstrap interval over seed groups. Against itself it has both seats, and
 * both count.
 */
function cell(game: GameId, { negotiations }: PlayedMatchup, at: Pair<number>, seed: number): Cell {
  const [row, column] = at;
  const seatsOf = ({ seated }: MatchupNegotiation): readonly Seat[] => SEATS.filter((seat) => seated[seat] === row);
  const groups: number[][] = Array.from({ length: (negotiations.at(-1)?.group ?? -1) + 1 }, () => []);
  for (const negotiation of negotiations) {
    const { rounds } = negotiation.negotiation;
    const points = seatsOf(negotiation).map((seat) => rounds.reduce((sum, round) => sum + round.rewards[seat], 0) / rounds.length);
    groups[negotiation.group]!.push(points.reduce((sum, each) => sum + each, 0) / points.length);
  }
  const interval = bootstrapInterval(groups, random(seed, 'match-up interval'), { level: LEVEL });
  if (interval === null) throw new RangeError('a cell without negotiations has no mean');
  const turned = negotiations.map(({ negotiation: { rounds }, seated }) => (seated[0] === row ? rounds : rounds.map(swapSeats)));
  const turns = negotiations.flatMap((negotiation) => seatsOf(negotiation).flatMap((seat) => negotiation.transcripts[seat]?.turns ?? []));
  const measured = row === column ? SEATS : ([0] as const);
  return {
    at,
    ...interval,
    measures: plain(measure(game, turned, tokenStats(turns, null), measured)),
    invalid: invalidShare(turned, measured),
  };
}

function invalidShare(negotiations: readonly (readonly RoundOutcome[])[], seats: readonly Seat[]): number {
  const acts = negotiations.flatMap((rounds) => rounds.flatMap(({ valid }) => seats.map((seat) => valid[seat])));
  return acts.filter((valid) => !valid).length / acts.length;
}
