import type { RunConfig } from './runConfig';
import type { IterationLine, MeasuresFile } from './runFiles';

/** The opponent that is none: one adapter has both seats. */
export const SELF = 'self';

type Opposed = Pick<RunConfig, 'opponent'>;

/** Whether the learner meets a fixed player instead of itself. */
export function hasFixedOpponent({ opponent }: Opposed): boolean {
  return opponent !== SELF;
}

/** Whether the opponent is a model behind a chat endpoint, which costs money and gives no answer twice. */
export function hasChatOpponent({ opponent }: Opposed): boolean {
  return opponent.startsWith('api:');
}

/** Whether an opponent is written as a path: all are but `self`, `seed` and what has a prefix, such as `scripted:NAME`. */
export function isOpponentPath(opponent: string): boolean {
  return opponent !== SELF && opponent !== 'seed' && !/^[A-Za-z_-]{2,}:/.test(opponent);
}

/** The learner's mean points a round: of both its seats in self-play, of its own against a fixed opponent. */
export function learnerReward(run: Opposed, { meanReward }: Pick<MeasuresFile, 'meanReward'>): number | null {
  if (meanReward === null) return null;
  return hasFixedOpponent(run) ? meanReward[0] : (meanReward[0] + meanReward[1]) / 2;
}

/** Whether an iteration was played against a fixed opponent: across from the live policy sat neither it nor an earlier self. */
export function metFixedOpponent({ negotiations }: Pick<IterationLine, 'negotiations'>): boolean {
  const players = negotiations?.player.map(([first]) => first) ?? [];
  return players.some((player) => player !== undefined && player !== 'policy' && !/^snapshot(:|$)/.test(player));
}

/** A fixed opponent as `player` cells, summaries and run names have it: `ipd-aa@200` for a path, else as it is written. */
export function opponentName(opponent: string): string {
  if (!isOpponentPath(opponent)) return opponent;
  const name = opponent.split(/[/\\]+/).findLast((part) => part !== '') ?? opponent;
  // These two are the learner's, live and as it was.
  return name === 'policy' || name.startsWith('snapshot:') ? opponent : name;
}
