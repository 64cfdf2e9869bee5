import { other, type Seat } from '../seat';
import { type CreditSettings, type Credits, effectiveBeta } from './credit';

/** One summand of w_t = scale · Σ_k discount · own. */
export interface WeightTerm {
  /** k, 0-based. */
  readonly round: number;
  /** A¹_k. */
  readonly own: number;
  /** γ^{t−k}. */
  readonly discount: number;
}

/** One seat's credit in one round, taken apart: credit = own + alignment, alignment = beta · weight · opponent. */
export interface CreditExplanation {
  readonly return: number;
  readonly baseline: number;
  /** A¹_t = return − baseline. */
  readonly own: number;
  /** A²_t. */
  readonly opponent: number;
  /** β as used: 1 under `sum`. */
  readonly beta: number;
  readonly weight: number;
  /** What multiplies the sum of the terms: the extra γ of `aa`, else 1. */
  readonly scale: number;
  /** Rounds that w sums over, ascending; empty under `rl` (w = 0) and `sum` (w = 1). */
  readonly terms: readonly WeightTerm[];
  readonly alignment: number;
  readonly credit: number;
}

/**
 * Takes the credit of one seat in one round apart.
 * @throws RangeError when there is no such negotiation or round.
 */
export function explainCredit(
  credits: Credits,
  settings: CreditSettings,
  seat: Seat,
  negotiation: number,
  round: number,
): CreditExplanation {
  const own = credits.advantages[seat][negotiation];
  if (own?.[round] === undefined) throw new RangeError(`there is no round ${round} in negotiation ${negotiation}`);
  const at = (rows: readonly (readonly number[])[]): number => rows[negotiation]![round]!;
  const { algorithm, gamma } = settings;
  const aligned = algorithm === 'aa' || algorithm === 'aa-jit';
  const terms = aligned ? own.slice(0, algorithm === 'aa' ? round : round + 1) : [];
  return {
    return: at(credits.returns[seat]),
    baseline: at(credits.baselines[seat]),
    own: at(credits.advantages[seat]),
    opponent: at(credits.advantages[other(seat)]),
    beta: effectiveBeta(settings),
    weight: at(credits.weights[seat]),
    scale: aligned && (algorithm === 'aa' || settings.matchedGamma) ? gamma : 1,
    terms: terms.map((a, k) => ({ round: k, own: a, discount: gamma ** (round - k) })),
    alignment: at(credits.alignment[seat]),
    credit: at(credits.credits[seat]),
  };
}
