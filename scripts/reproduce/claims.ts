import type { MeasuresFile } from '../../src/protocol/runFiles';
import { mean, type Outcome } from './outcome';

/** A finding as a number with a limit, read off each seed's outcome. */
export interface Claim {
  /** The experiment it is about. */
  readonly experiment: string;
  /** What is measured, in words. */
  readonly what: string;
  readonly relation: '≥' | '≤';
  readonly limit: number;
  /** Null where a training has no such number. */
  read(outcome: Outcome): number | null;
}

const self = (what: string, relation: Claim['relation'], limit: number, read: Claim['read']) => ({ what, relation, limit, read });

/** The final policy's measures in its match-up with the fixed player of the game. */
const met = (outcome: Outcome): MeasuresFile | null => outcome.matchups.measures[0]?.[1] ?? null;
const after = (key: 'CC' | 'CD' | 'DC' | 'DD') => (outcome: Outcome) => outcome.measures.cooperateAfter?.[key] ?? null;
const cooperation = ({ measures }: Outcome): number | null => measures.cooperationRate ?? null;
const leastAfter = ({ measures: { cooperateAfter } }: Outcome): number | null => {
  const all = cooperateAfter ? [cooperateAfter.CC, cooperateAfter.CD, cooperateAfter.DC, cooperateAfter.DD] : [];
  const known = all.filter((value) => value !== null);
  return known.length === 4 ? Math.min(...known) : null;
};
const keptAgainstGreedy = (outcome: Outcome): number | null => met(outcome)?.keptWhenValuingLess ?? null;

/**
 * What is claimed of each experiment. The states of P(A | last round) name the own choice first, so CD is: I cooperated,
 * the other defected.
 */
export const CLAIMS: readonly Claim[] = [
  about('ipd-rl', [self('self-play cooperation', '≤', 0.1, cooperation)]),
  about('ipd-aa', [
    self('self-play cooperation', '≥', 0.9, cooperation),
    self('P(A) after CC', '≥', 0.9, after('CC')),
    self('P(A) after CD: the other defected', '≤', 0.15, after('CD')),
    self('P(A) after DD', '≤', 0.15, after('DD')),
  ]),
  about('ipd-sum', [
    self('self-play cooperation', '≥', 0.9, cooperation),
    self('least P(A) after CC, CD, DC, DD: whatever the other does', '≥', 0.9, leastAfter),
  ]),
  about('split-rl', [self('efficiency on contested items', '≤', 0.6, ({ contestedEfficiency }) => contestedEfficiency)]),
  about('split-aa', [
    self('efficiency on contested items', '≥', 0.8, ({ contestedEfficiency }) => contestedEfficiency),
    self('kept against greedy where it values less, of 10', '≥', 7, keptAgainstGreedy),
  ]),
  about('split-beta-1-aa', [
    self('efficiency on contested items', '≥', 0.8, ({ contestedEfficiency }) => contestedEfficiency),
    self('kept against greedy where it values less, of 10', '≥', 7, keptAgainstGreedy),
  ]),
  about('split-sum', [
    self('efficiency on contested items', '≥', 0.95, ({ contestedEfficiency }) => contestedEfficiency),
    self('kept against greedy where it values less, of 10', '≤', 1, keptAgainstGreedy),
  ]),
  about('trust-and-split-rl', [self('efficiency', '≤', 0.65, ({ efficiency }) => efficiency)]),
  about('trust-and-split-aa', [
    self('efficiency', '≥', 0.8, ({ efficiency }) => efficiency),
    self('hands told truthfully', '≥', 0.9, ({ measures }) => measures.truthfulRate ?? null),
    self('coins kept against greedy at low value, of 10', '≥', 7, keptAgainstGreedy),
  ]),
  about('trust-and-split-sum', [
    self('efficiency', '≥', 0.95, ({ efficiency }) => efficiency),
    self('coins kept against greedy at low value, of 10', '≤', 1, keptAgainstGreedy),
  ]),
  about('ipd-rl-against-aa', [
    self('upper bound of its mean reward against aa, over aa’s self-play mean', '≤', 1.05, ({ matchups }) => {
      const bound = matchups.high[0]?.[1];
      const alone = matchups.meanReward[1]?.[1];
      return typeof bound === 'number' && typeof alone === 'number' ? bound / alone : null;
    }),
  ]),
].flat();

function about(experiment: string, claims: readonly Omit<Claim, 'experiment'>[]): Claim[] {
  return claims.map((claim) => ({ experiment, ...claim }));
}

/** A claim with what the seeds say of it. */
export interface Verdict {
  readonly claim: Claim;
  readonly seeds: readonly number[];
  /** By seed, in the seeds' order. */
  readonly values: readonly (number | null)[];
  readonly mean: number | null;
  /** Seeds on which it holds. */
  readonly holds: number;
}

/** Reads claims off outcomes; a claim about an experiment that was not run is left out. */
export function judge(outcomes: readonly Outcome[], claims: readonly Claim[] = CLAIMS): Verdict[] {
  return claims.flatMap((claim) => {
    const own = outcomes.filter(({ training }) => training.experiment.id === claim.experiment);
    if (own.length === 0) return [];
    const values = own.map((outcome) => claim.read(outcome));
    const known = values.filter((value) => value !== null);
    const holds = known.filter((value) => (claim.relation === '≥' ? value >= claim.limit : value <= claim.limit)).length;
    return [{ claim, seeds: own.map(({ training }) => training.seed), values, mean: known.length === 0 ? null : mean(known), holds }];
  });
}
