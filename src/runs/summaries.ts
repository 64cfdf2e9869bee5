import type { GameId } from '../domain/games/game';
import { type Pair, pair, type Seat } from '../domain/seat';
import type { TurnRow } from '../protocol/rollouts';
import type { NegotiationSummaries } from '../protocol/runFiles';
import { byRound, parseAction, seatOf } from './negotiation';
import { messageOf } from './problem';
import { RolloutError } from './rolloutReader';

/** What summaries need of a turn. */
export const SUMMARY_COLUMNS = [
  'seed_group',
  'negotiation',
  'round',
  'seat',
  'player',
  'kind',
  'valid',
  'action',
  'reward',
  'best_joint_reward',
] as const;

/** See `SUMMARY_COLUMNS`. */
export type SummaryRow = Pick<TurnRow, (typeof SUMMARY_COLUMNS)[number]>;

/** What a journal says of an iteration's negotiations, from the turns themselves. @throws RolloutError where they are not numbered from 0 */
export function summariesOf(rows: readonly SummaryRow[], game: GameId, file: string): NegotiationSummaries {
  const negotiations = new Map<number, SummaryRow[]>();
  for (const row of rows) {
    const known = negotiations.get(row.negotiation);
    if (known === undefined) negotiations.set(row.negotiation, [row]);
    else known.push(row);
  }
  const all = Array.from(
    { length: negotiations.size },
    (_, n) => negotiations.get(n) ?? damaged(file, 'negotiations are not numbered from 0'),
  );
  try {
    return summarise(all, game);
  } catch (error) {
    return damaged(file, messageOf(error).split('\n', 1)[0] ?? '');
  }
}

function summarise(all: readonly (readonly SummaryRow[])[], game: GameId): NegotiationSummaries {
  const acts = all.map((turns) => turns.filter(({ kind }) => kind === 'action'));
  const of = (turns: readonly SummaryRow[], seat: Seat): SummaryRow[] => turns.filter((row) => seatOf(row) === seat);
  const each = <T>(read: (turns: readonly SummaryRow[], seat: Seat) => T): Pair<T[]> =>
    pair((seat) => acts.map((turns) => read(turns, seat)));
  return {
    group: all.map(([first]) => first?.seed_group ?? 0),
    reward: mutable(each((turns, seat) => mean(of(turns, seat).map(({ reward }) => reward)))),
    efficiency: acts.map(efficiency),
    player: mutable(pair((seat) => all.map((turns) => of(turns, seat)[0]?.player ?? ''))),
    invalid: all.map((turns) => turns.filter(({ valid }) => !valid).length),
    credit: mutable(each(() => 0)),
    ...(game === 'ipd' ? { cooperation: mutable(each((turns, seat) => mean(of(turns, seat).map(cooperates)))) } : {}),
  };
}

function efficiency(acts: readonly SummaryRow[]): number {
  return mean(
    byRound(acts).flatMap(([, both]) => {
      const best = both[0]?.best_joint_reward ?? 0;
      return best > 0 ? [both.reduce((sum, { reward }) => sum + reward, 0) / best] : [];
    }),
  );
}

function cooperates(row: SummaryRow): number {
  const action = parseAction(row);
  return action.kind === 'choice' && action.choice === 'A' ? 1 : 0;
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function mutable<T>([first, second]: Pair<T>): [T, T] {
  return [first, second];
}

function damaged(file: string, why: string): never {
  throw new RolloutError(`${file} is damaged (${why}): copy it again from where it was made`);
}
