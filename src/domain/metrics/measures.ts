import type { GameId, Measures, RoundOutcome } from '../games/game';
import { games } from '../games/index';
import { pair, SEATS, type Seat } from '../seat';

/** What measures need to know of the tokens that were produced in the negotiations; null where it was not computed. */
export interface TokenStats {
  /** Per turn the product of its positions' valid mass, averaged over turns. */
  readonly validMass: number | null;
  /** Mean entropy of the next-token distribution, nats a token. */
  readonly entropy: number | null;
  /** Mean KL to the base model, nats a token. */
  readonly kl: number | null;
}

/** The statistics of negotiations without a policy in them. */
export const NO_TOKENS: TokenStats = { validMass: null, entropy: null, kl: null };

/**
 * The measures of some negotiations, as the journal and `--json` write them: a measure that the game does not have
 * is absent, one that could not be computed is null. In the IPD `cooperateAfter` is counted in the rounds played;
 * an on-policy probe (`cooperateAfterProbe`) replaces it where there is one.
 * @param rounds finished rounds, `[negotiation][round]`.
 * @param seats whose doings are measured: cooperation, what was kept, what was said. Rewards are always those of both.
 */
export function measure(
  game: GameId,
  rounds: readonly (readonly RoundOutcome[])[],
  tokens: TokenStats = NO_TOKENS,
  seats: readonly Seat[] = SEATS,
): Measures {
  const all = rounds.flat();
  const mean = (value: (round: RoundOutcome) => number): number | null =>
    all.length === 0 ? null : all.reduce((sum, round) => sum + value(round), 0) / all.length;
  return {
    meanReward: all.length === 0 ? null : pair((seat) => mean((round) => round.rewards[seat]) ?? 0),
    jointReward: mean(({ rewards }) => rewards[0] + rewards[1]),
    efficiency: mean(({ rewards, bestJointReward }) => (rewards[0] + rewards[1]) / bestJointReward),
    ...games[game].measures(rounds, seats),
    validMass: tokens.validMass,
    entropy: tokens.entropy,
    kl: tokens.kl,
  };
}

/**
 * Mean valid mass a turn: per turn the product over its positions, so that a decay at one position shows.
 * @param turns probability that the unmasked policy gave to the allowed tokens, `[turn][position]`.
 */
export function meanValidMass(turns: readonly ArrayLike<number>[]): number | null {
  if (turns.length === 0) return null;
  let sum = 0;
  for (const positions of turns) {
    let product = 1;
    for (let i = 0; i < positions.length; i++) product *= positions[i]!;
    sum += product;
  }
  return sum / turns.length;
}
