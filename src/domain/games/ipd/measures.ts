import { other, SEATS, type Seat } from '../../seat';
import type { Action, CooperateAfter, RoundOutcome } from '../game';

/** The five situations of a memory-one policy: the first round, and the last round's choices, own first. */
export const SITUATIONS = ['start', 'CC', 'CD', 'DC', 'DD'] as const;

/** One of `SITUATIONS`. */
export type Situation = (typeof SITUATIONS)[number];

/** The situation after a round, as seen by the player of `own`. */
export function situationAfter(own: Action, others: Action): Exclude<Situation, 'start'> {
  return `${cooperates(own) ? 'C' : 'D'}${cooperates(others) ? 'C' : 'D'}`;
}

/** Whether an action is A. */
export function cooperates(action: Action): boolean {
  return action.kind === 'choice' && action.choice === 'A';
}

/** Share of A over these seats and all rounds; null without rounds. */
export function cooperationRate(negotiations: readonly (readonly RoundOutcome[])[], seats: readonly Seat[] = SEATS): number | null {
  const choices = negotiations.flatMap((rounds) => rounds.flatMap((round) => seats.map((seat) => round.actions[seat])));
  return choices.length === 0 ? null : choices.filter(cooperates).length / choices.length;
}

/** P(cooperate | last round) of these seats, counted in rounds that were played; null for what never came up. */
export function cooperateAfter(negotiations: readonly (readonly RoundOutcome[])[], seats: readonly Seat[] = SEATS): CooperateAfter {
  const readings: SituationReading[] = [];
  for (const rounds of negotiations) {
    rounds.forEach((round, t) => {
      for (const seat of seats) {
        const before = rounds[t - 1]?.actions;
        readings.push({
          situation: before ? situationAfter(before[seat], before[other(seat)]) : 'start',
          probability: cooperates(round.actions[seat]) ? 1 : 0,
        });
      }
    });
  }
  return meanBySituation(readings);
}

/** A probability of cooperating that was read off, or seen as 0 or 1, in a situation. */
export interface SituationReading {
  readonly situation: Situation;
  readonly probability: number;
}

/** The mean reading of each situation; null for a situation without one. */
export function meanBySituation(readings: readonly SituationReading[]): CooperateAfter {
  const mean = (situation: Situation): number | null => {
    const found = readings.filter((reading) => reading.situation === situation);
    return found.length === 0 ? null : found.reduce((sum, reading) => sum + reading.probability, 0) / found.length;
  };
  return { start: mean('start'), CC: mean('CC'), CD: mean('CD'), DC: mean('DC'), DD: mean('DD') };
}
