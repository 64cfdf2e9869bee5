import type { LossSettings, TokenScores, TrainSequence } from '../engine';

/** The importance ratio's exponent is held between ± this, as on other engines. */
const LOG_RATIO_BOUND = 40;

/** Mean |log ρ| from which a batch counts as off policy: servers that sample and train in other precisions stay well below. */
const OFF_POLICY = 0.1;

/** What is known of a sequence's tokens; the entropy is estimated by −log π of what was sampled. */
export function tokenScores({ samplingLogProbs }: TrainSequence, logProbs: Float32Array, reference: Float32Array | undefined): TokenScores {
  return {
    logProbs,
    ratios: logProbs.map((logProb, i) => Math.exp(Math.max(-LOG_RATIO_BOUND, Math.min(LOG_RATIO_BOUND, logProb - samplingLogProbs[i]!)))),
    referenceLogProbs: reference ?? new Float32Array(logProbs.length).fill(Number.NaN),
    entropies: logProbs.map((logProb) => -logProb),
  };
}

/** The run's loss from its tokens: the mean of −ρ̄·credit·log π + c_KL·ρ̄·k3 − c_H·H over counted tokens. */
export function lossOf(sequences: readonly TrainSequence[], scores: readonly TokenScores[], loss: LossSettings): number {
  let sum = 0;
  let counted = 0;
  for (const [s, { credits, weights }] of sequences.entries()) {
    const { logProbs, ratios, referenceLogProbs, entropies } = scores[s]!;
    for (const [i, weight] of weights.entries()) {
      if (weight === 0) continue;
      const ratio = Math.min(ratios[i]!, loss.ratioCap);
      const d = referenceLogProbs[i]! - logProbs[i]!;
      const kl = loss.klCoefficient === 0 ? 0 : loss.klCoefficient * ratio * (Math.expm1(d) - d);
      sum += weight * (-ratio * credits[i]! * logProbs[i]! + kl - loss.entropyCoefficient * entropies[i]!);
      counted += weight;
    }
  }
  return counted === 0 ? 0 : sum / counted;
}

/** Why a batch cannot be trained with its KL or entropy folded into advantages, which holds on policy alone; null where it can. */
export function offPolicy(sequences: readonly TrainSequence[], scores: readonly TokenScores[], loss: LossSettings): string | null {
  if (loss.klCoefficient === 0 && loss.entropyCoefficient === 0) return null;
  let sum = 0;
  let counted = 0;
  for (const [s, { weights }] of sequences.entries()) {
    for (const [i, weight] of weights.entries()) {
      sum += weight * Math.abs(Math.log(scores[s]!.ratios[i]!));
      counted += weight;
    }
  }
  const mean = counted === 0 ? 0 : sum / counted;
  if (!(mean > OFF_POLICY)) return null;
  return `the batch is off policy (mean |log ρ| ${mean.toFixed(2)}): the KL and entropy loss, which are folded into the advantages, hold on policy alone. Set klCoefficient=0 and entropyCoefficient=0`;
}
