import type { CooperateAfter, Negotiation } from '../games/game';
import { meanBySituation, type SituationReading, situationAfter } from '../games/ipd/measures';
import type { Random } from '../random';
import { type PendingTurn, play } from '../rollout';
import { other, type Pair } from '../seat';

/** Negotiations over which a probe is averaged. */
export const PROBE_NEGOTIATIONS = 256;

/** Which round of a negotiation is forced, and to what, `[seat]`; the round after it is read. */
export interface ForcedRound {
  /** 0-based. */
  readonly round: number;
  readonly choices: Pair<'A' | 'B'>;
}

/** A turn of a probed negotiation. */
export interface ProbeTurn extends PendingTurn {
  /** The choice that the seat is made to take: it stands in the transcript as if the policy had said it. Null: the policy chooses. */
  readonly forced: 'A' | 'B' | null;
}

/** What came of a turn of a probed negotiation. */
export interface ProbeAnswer {
  /** The text produced; not read of a forced turn. */
  readonly text: string;
  /** The policy's probability of A at this turn, under the sampling distribution; null of a forced turn. */
  readonly cooperate: number | null;
}

const CHOICES: readonly Pair<'A' | 'B'>[] = [
  ['A', 'A'],
  ['A', 'B'],
  ['B', 'A'],
  ['B', 'B'],
];

/**
 * Draws a forced round for each negotiation: any but the last, the four pairs of choices in turn. Null for every
 * negotiation where there is but one round, so that nothing comes after it.
 */
export function planProbe(count: number, rounds: number, random: Random): (ForcedRound | null)[] {
  return Array.from({ length: count }, (_, n) =>
    rounds < 2 ? null : { round: random.fork('probe', n).integer(rounds - 1), choices: CHOICES[n % CHOICES.length]! },
  );
}

/**
 * P(cooperate | last round) of a policy in the IPD, on-policy: self-play up to a random round, whose choices are forced,
 * then the probability of the next choice, of both seats. `start` is read in the first round wherever it is not forced.
 * @param negotiations opening positions of the IPD, as many as the plan has entries.
 * @param answer samples the turns that are due; both seats are the policy.
 */
export async function cooperateAfterProbe(
  negotiations: readonly Negotiation[],
  plan: readonly (ForcedRound | null)[],
  answer: (turns: readonly ProbeTurn[]) => Promise<readonly ProbeAnswer[]>,
): Promise<CooperateAfter> {
  const readings: SituationReading[] = [];
  const step = async (pending: readonly PendingTurn[]): Promise<string[]> => {
    const turns = pending.map((turn): ProbeTurn => {
      const forced = plan[turn.negotiation];
      return { ...turn, forced: forced?.round === turn.request.view.round ? forced.choices[turn.seat] : null };
    });
    const answers = await answer(turns);
    return turns.map(({ forced, negotiation, seat, request }, i) => {
      const { text, cooperate } = answers[i] ?? { text: '', cooperate: null };
      if (forced) return forced;
      const before = plan[negotiation];
      if (cooperate === null) return text;
      if (request.view.round === 0) readings.push({ situation: 'start', probability: cooperate });
      else if (before && request.view.round === before.round + 1)
        readings.push({ situation: situation(before, seat), probability: cooperate });
      return text;
    });
  };
  await play(negotiations, step, { untilRound: plan.map((forced) => (forced ? forced.round + 2 : 1)) });
  return meanBySituation(readings);
}

function situation({ choices }: ForcedRound, seat: 0 | 1): SituationReading['situation'] {
  return situationAfter({ kind: 'choice', choice: choices[seat] }, { kind: 'choice', choice: choices[other(seat)] });
}
