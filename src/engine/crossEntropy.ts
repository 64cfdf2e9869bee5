import type { LossSettings, TrainSequence } from './engine';

/**
 * Loss settings under which training is plain maximum likelihood, −(1/N) Σ log π: the importance ratio of a
 * `crossEntropySequence` always exceeds the cap of 1, so that every token counts fully.
 */
export const CROSS_ENTROPY: LossSettings = {
  klCoefficient: 0,
  klOver: 'full',
  entropyCoefficient: 0,
  temperature: 1,
  ratioCap: 1,
  reference: false,
};

/** Less likely than any token under any policy: makes ρ larger than 1, and so ρ̄ = 1 under a cap of 1. */
const NEVER_SAMPLED = -1e9;

/**
 * A transcript to imitate.
 * @param positions index of every token to learn to produce, ascending; never 0
 */
export function crossEntropySequence(tokens: Int32Array, positions: Int32Array): TrainSequence {
  const count = positions.length;
  return {
    tokens,
    positions,
    credits: new Float32Array(count).fill(1),
    samplingLogProbs: new Float32Array(count).fill(NEVER_SAMPLED),
    masks: new Array<null>(count).fill(null),
    weights: new Float32Array(count).fill(1),
  };
}
