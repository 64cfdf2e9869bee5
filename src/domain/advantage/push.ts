/** Importance ratios are cut here, without gradient (truncated importance sampling). */
export const RATIO_CAP = 2;

/**
 * What a credit does to one token: min(ρ, 2) · credit · (1 − π), the policy gradient's ascent direction on the
 * token's own logit before 1/N and temperature, without KL, entropy, clipping and Adam.
 * @param logProb log π of the token that training used (masked in masked mode), nats.
 * @param ratio ρ that training used.
 */
export function push(credit: number, logProb: number, ratio: number): number {
  return Math.min(ratio, RATIO_CAP) * credit * -Math.expm1(logProb);
}
