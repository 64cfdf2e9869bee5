import { assignCredit, type CreditSettings, type Credits } from './credit';
import type { Ledger } from './returns';

/** A case as `parley advantages` reads it; other keys are ignored. */
export interface GoldenCase {
  readonly gamma: number;
  readonly beta: number;
  /** True: `aa`, w over k < t; false: `aa-jit`, k ≤ t. */
  readonly kLessThanT: boolean;
  readonly rewardScale: number;
  /** Negotiations come in consecutive runs of this many; the last run may be shorter. 1: every group is single. */
  readonly groupSize: number;
  /** Points, `[agent][negotiation][round]`. */
  readonly rewards: Ledger;
}

/** What `parley advantages` prints for a case, `[agent][negotiation][round]`. */
export interface GoldenResult {
  readonly returns: Ledger;
  readonly advantages: Ledger;
  /** β·w·A². */
  readonly alignment: Ledger;
  readonly credits: Ledger;
  /** Credits under `sum`. */
  readonly sumCredits: Ledger;
}

/**
 * Computes one case with the functions that the trainer uses.
 * @throws RangeError when the shapes of the rewards disagree.
 */
export function goldenCase(input: GoldenCase): GoldenResult {
  const groups = input.rewards[0].map((_, n) => Math.floor(n / input.groupSize));
  const credit = (algorithm: CreditSettings['algorithm']): Credits =>
    assignCredit(
      { rewards: input.rewards, groups },
      { algorithm, gamma: input.gamma, beta: input.beta, rewardScale: input.rewardScale, baseline: 'group', matchedGamma: false },
    );
  const { returns, advantages, alignment, credits } = credit(input.kLessThanT ? 'aa' : 'aa-jit');
  return { returns, advantages, alignment, credits, sumCredits: credit('sum').credits };
}
