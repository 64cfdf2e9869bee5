import type { Distributions } from '../../../src/protocol/branches';

/** One token and what each policy gives it. */
export interface SaysRow {
  /** Null: all tokens that have no row of their own. */
  readonly token: { readonly text: string; readonly isSaid: boolean; readonly isAllowed: boolean } | null;
  /** In the order of the policies. */
  readonly bars: readonly SaysBar[];
}

/** One policy's probabilities of a token. */
export interface SaysBar {
  /** Of the distribution that the run samples from. */
  readonly sampled: number;
  /** Of the other one, unmasked where the run samples under the mask; null where there is none. */
  readonly other: number | null;
}

/** Less than this for every policy is no row of its own, unless it was said. */
const LEAST = 0.002;

/** Rows of the answer: what was said or is likely by any policy, likeliest first by the first; what is left over comes last. */
export function saysRows({ tokens, policies, isMasked }: Distributions): SaysRow[] {
  const pick = (free: number, masked: number | null): SaysBar =>
    isMasked && masked !== null ? { sampled: masked, other: free } : { sampled: free, other: masked };
  const all = tokens.map((token, i) => ({
    token,
    bars: policies.map(({ free, masked }) => pick(free[i] ?? 0, masked === null ? null : (masked[i] ?? 0))),
  }));
  const shown = all.filter(({ token, bars }) => token.isSaid || bars.some(({ sampled, other }) => Math.max(sampled, other ?? 0) >= LEAST));
  const bars = policies.map((policy, p): SaysBar => {
    const left = all.filter((row) => !shown.includes(row)).map((row) => row.bars[p]!);
    const rest = pick(policy.rest[0], policy.masked === null ? null : (policy.rest[1] ?? 0));
    return {
      sampled: rest.sampled + left.reduce((sum, { sampled }) => sum + sampled, 0),
      other: rest.other === null ? null : rest.other + left.reduce((sum, { other }) => sum + (other ?? 0), 0),
    };
  });
  const isRest = bars.some(({ sampled, other }) => Math.max(sampled, other ?? 0) >= 0.0005);
  return [...shown, ...(isRest ? [{ token: null, bars }] : [])];
}

/** A probability with one decimal of a percent, and no more than it can bear. */
export function share(probability: number | null): string {
  if (probability === null) return '–';
  if (probability > 0 && probability < 0.0005) return '<0.1 %';
  return `${(100 * probability).toFixed(1)} %`;
}
