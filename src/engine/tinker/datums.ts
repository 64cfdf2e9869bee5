import type { TinkerEngineSettings } from '../../protocol/trainingServer';
import type { LossSettings, TrainSequence } from '../engine';
import { roundUp } from '../onnx/microBatches';
import type { Datum } from './wire';

/** A datum, and which sequence it is of. */
export interface BatchedDatum {
  readonly sequence: number;
  readonly datum: Datum;
}

/** What decides how sequences become datums. */
export interface DatumSettings {
  readonly normalisation: TinkerEngineSettings['normalisation'];
  readonly loss: LossSettings;
  /** Stands behind a transcript that is shorter than its bucket; weighs nothing. */
  readonly padding: number;
  /** Most tokens that the server reads; null where it does not tell. */
  readonly mostTokens: number | null;
}

/** About how many tokens one request carries. */
const TOKENS_A_REQUEST = 32_768;

/** log (π_ref ÷ π) is cut off here: its exponential multiplies a token's gradient. */
const MOST_NATS = 80;

/**
 * Sequences as datums, bucketed by shape: each is padded to the next of few lengths, those of one length go together, since a server compiles
 * anew for every shape. Advantages are scaled so that the server's loss is ours, one mean over all counted tokens of the batch.
 * @param reference log π_ref, `[sequence][produced token]`; unused where the KL coefficient is 0.
 */
export function datumBatches(
  sequences: readonly TrainSequence[],
  reference: readonly Float32Array[],
  settings: DatumSettings,
): BatchedDatum[][] {
  const trained = [...sequences.keys()].filter((i) => sequences[i]!.positions.length > 0);
  const weightOf = (i: number): number => sequences[i]!.weights.reduce((sum, weight) => sum + weight, 0);
  const counted = trained.reduce((sum, i) => sum + weightOf(i), 0);
  const buckets = new Map<number, BatchedDatum[]>();
  for (const i of trained) {
    const sequence = sequences[i]!;
    const length = bucketLength(sequence.positions.at(-1)!, settings.mostTokens);
    const scale = advantageScale(settings.normalisation, trained.length, weightOf(i), counted);
    const datum = makeDatum(sequence, foldedAdvantages(sequence, reference[i], settings.loss), {
      length,
      scale,
      padding: settings.padding,
    });
    buckets.set(length, [...(buckets.get(length) ?? []), { sequence: i, datum }]);
  }
  return [...buckets.keys()]
    .sort((a, b) => b - a)
    .flatMap((length) => {
      const bucket = buckets.get(length)!;
      const most = Math.max(1, Math.floor(TOKENS_A_REQUEST / length));
      return Array.from({ length: Math.ceil(bucket.length / most) }, (_, k) => bucket.slice(k * most, (k + 1) * most));
    });
}

/**
 * What advantages are multiplied by, so that the server's loss is the mean over all counted tokens N. A sum over tokens: 1/N. A mean over D
 * datums of the mean over a datum's W tokens: D·W/N.
 */
export function advantageScale(
  normalisation: TinkerEngineSettings['normalisation'],
  datums: number,
  datumTokens: number,
  countedTokens: number,
): number {
  if (countedTokens === 0) return 0;
  return normalisation === 'sum' ? 1 / countedTokens : (datums * datumTokens) / countedTokens;
}

/**
 * Advantages whose policy gradient is that of the whole loss, on policy: credit + c_KL·(π_ref/π − 1) − c_H·(1 + log π). The gradient of
 * k3 with respect to log π is 1 − π_ref/π; that of the entropy is estimated from the sampled token.
 */
export function foldedAdvantages(
  { credits, samplingLogProbs }: TrainSequence,
  reference: Float32Array | undefined,
  { klCoefficient, entropyCoefficient }: Pick<LossSettings, 'klCoefficient' | 'entropyCoefficient'>,
): Float64Array {
  return Float64Array.from(credits, (credit, i) => {
    const logProb = samplingLogProbs[i]!;
    const kl = klCoefficient === 0 ? 0 : klCoefficient * Math.expm1(Math.min(MOST_NATS, reference![i]! - logProb));
    const entropy = entropyCoefficient === 0 ? 0 : entropyCoefficient * (1 + logProb);
    return credit + kl - entropy;
  });
}

function makeDatum(
  { tokens, positions, samplingLogProbs, weights }: TrainSequence,
  advantages: Float64Array,
  { length, scale, padding }: { readonly length: number; readonly scale: number; readonly padding: number },
): Datum {
  const last = positions.at(-1)!;
  const zeros = (): number[] => new Array<number>(length).fill(0);
  const datum = { tokens: zeros(), targets: zeros(), weights: zeros(), logProbs: zeros(), advantages: zeros() };
  for (let t = 0; t < length; t++) {
    datum.tokens[t] = t <= last ? tokens[t]! : padding;
    datum.targets[t] = t < last ? tokens[t + 1]! : padding;
  }
  for (const [i, position] of positions.entries()) {
    // Targets are the tokens one place on.
    datum.weights[position - 1] = weights[i]!;
    datum.logProbs[position - 1] = samplingLogProbs[i]!;
    datum.advantages[position - 1] = weights[i] === 0 ? 0 : advantages[i]! * scale;
  }
  return datum;
}

/** The length that a transcript is padded to: in steps of an eighth of the power of two below. */
function bucketLength(length: number, most: number | null): number {
  const padded = roundUp(Math.max(16, length), 8);
  return most !== null && padded > most ? length : padded;
}
