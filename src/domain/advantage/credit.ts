import { other, type Pair, pair, type Seat } from '../seat';
import { type BaselineKind, baselines } from './advantage';
import { type Ledger, type Rows, returns } from './returns';

/**
 * How credit is assigned: `rl` (each for itself), `sum` (sum of rewards), `aa` (Advantage Alignment over
 * past rounds, k < t; arXiv 2511.19405) or `aa-jit` (k ≤ t, its first version; arXiv 2406.14662).
 */
export type Algorithm = 'rl' | 'aa' | 'aa-jit' | 'sum';

/** What decides the credits of given rewards. */
export interface CreditSettings {
  readonly algorithm: Algorithm;
  /** Discount γ per round. */
  readonly gamma: number;
  /** Weight β of the alignment term; `rl` and `sum` do not read it. */
  readonly beta: number;
  /** Points that make one unit of reward. */
  readonly rewardScale: number;
  readonly baseline: BaselineKind;
  /** Gives `aa-jit` the extra γ of `aa`, so that only the sum over k differs. */
  readonly matchedGamma: boolean;
}

/** The rewards of a batch. */
export interface Batch {
  /** Points, `[seat][negotiation][round]`. */
  readonly rewards: Ledger;
  /** The seed group of each negotiation. */
  readonly groups: readonly number[];
}

/** Everything on the way from rewards to credits, `[seat][negotiation][round]`. credit = advantage + alignment. */
export interface Credits {
  readonly returns: Ledger;
  readonly baselines: Ledger;
  /** A¹, the seat's own advantage: return − baseline. */
  readonly advantages: Ledger;
  /** w of the alignment term β·w·A²; 0 under `rl`, and 1, with β read as 1, under `sum`. */
  readonly weights: Ledger;
  /** The alignment term. */
  readonly alignment: Ledger;
  /** What multiplies ∇log π of every token that the seat produced in the round. */
  readonly credits: Ledger;
}

/**
 * Returns, baselines, advantages and credits of a batch of negotiations.
 * @throws RangeError when the shapes of rewards and groups disagree.
 */
export function assignCredit(batch: Batch, settings: CreditSettings): Credits {
  checkShapes(batch);
  const gains = ledger((seat) => batch.rewards[seat].map((row) => returns(row, settings.gamma, settings.rewardScale)));
  const means = ledger((seat) => baselines(gains[seat], batch.groups, settings.baseline));
  const advantages = ledger((seat) => zip(gains[seat], means[seat], (g, b) => g - b));
  const weights = ledger((seat) => advantages[seat].map((row) => alignmentWeights(row, settings)));
  const beta = effectiveBeta(settings);
  const alignment = ledger((seat) => zip(weights[seat], advantages[other(seat)], (w, a) => beta * w * a));
  const credits = ledger((seat) => zip(advantages[seat], alignment[seat], (a, term) => a + term));
  return { returns: gains, baselines: means, advantages, weights, alignment, credits };
}

/**
 * w_t of one agent in one negotiation from its own advantages A¹, `[round]`:
 * `aa` γ·Σ_{k<t} γ^{t−k} A¹_k, `aa-jit` Σ_{k≤t} γ^{t−k} A¹_k (times γ with `matchedGamma`), `sum` 1, `rl` 0.
 */
export function alignmentWeights(advantages: readonly number[], settings: CreditSettings): number[] {
  const { algorithm, gamma } = settings;
  if (algorithm === 'rl') return advantages.map(() => 0);
  if (algorithm === 'sum') return advantages.map(() => 1);
  const scale = algorithm === 'aa' || settings.matchedGamma ? gamma : 1;
  // past = Σ_{k<t} γ^{t−k} A¹_k, carried from round to round.
  let past = 0;
  return advantages.map((own) => {
    const weight = scale * (algorithm === 'aa' ? past : past + own);
    past = gamma * (past + own);
    return weight;
  });
}

/** The β that the credits use: `sum` adds the opponent's advantage as it is. */
export function effectiveBeta(settings: CreditSettings): number {
  return settings.algorithm === 'sum' ? 1 : settings.beta;
}

function checkShapes({ rewards, groups }: Batch): void {
  for (const seat of [0, 1] as const) {
    if (rewards[seat].length !== groups.length) {
      throw new RangeError(`rewards of agent ${seat + 1} cover ${rewards[seat].length} negotiations, groups cover ${groups.length}`);
    }
  }
  rewards[0].forEach((row, n) => {
    const across = rewards[1][n]!;
    if (row.length !== across.length) {
      throw new RangeError(`negotiation ${n} has rewards of ${row.length} rounds for agent 1 and of ${across.length} for agent 2`);
    }
  });
}

function ledger(make: (seat: Seat) => Rows): Pair<Rows> {
  return pair(make);
}

function zip(a: Rows, b: Rows, combine: (x: number, y: number) => number): number[][] {
  return a.map((row, n) => row.map((x, t) => combine(x, b[n]![t]!)));
}
