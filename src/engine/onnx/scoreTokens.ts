import { CROSS_ENTROPY, crossEntropySequence } from '../crossEntropy';
import type { TrainSequence } from '../engine';
import { Adam } from './adam';
import { FlatParameters } from './flatParameters';
import { type Trainable, trainedParameters } from './graphs/trainGraph';
import { type ModelOptions, openModel } from './openModel';
import { OnnxPolicy, type PolicyWeights } from './policies';
import { loadPolicyFiles } from './policyFiles';

/** What to score: token ids, and for a loss also advantages and a mask, one a predicted token (all but each row's first). */
export interface ScoreInput {
  readonly inputIds: readonly (readonly number[])[];
  readonly advantages?: readonly (readonly number[])[];
  /** 1 where a token counts. */
  readonly mask?: readonly (readonly number[])[];
}

/** The answer, in the layout of the reference files that transformers and PEFT made. */
export interface ScoreOutput {
  /** log π of every token but each row's first, nats, `[row][token]`. */
  readonly logProbs: readonly (readonly number[])[];
  /** −Σ advantage · mask · log π ÷ Σ mask. */
  readonly loss?: number;
  /** Of the loss's gradient over all that is trained: the adapter's matrices, or all weights without an adapter. */
  readonly gradNorm?: number;
  readonly gradNorms?: Readonly<Record<string, number>>;
}

/** Never steps: only the gradient is wanted. */
const NO_STEP = { learningRate: 0, beta1: 0, beta2: 0, epsilon: 1, weightDecay: 0, clipNorm: 1 };

/**
 * Scores token ids by a model folder, with an adapter if one is named, through the very graphs that the trainer runs.
 * @throws RangeError naming the field of the input that is wrong; Error naming the file that is.
 */
export async function scoreTokens(options: ModelOptions & { readonly adapter?: string }, input: ScoreInput): Promise<ScoreOutput> {
  const opened = await openModel(options);
  try {
    const sequences = readInput(input, opened.model.config.vocabularySize);
    const loaded = options.adapter === undefined ? null : await loadPolicyFiles(options.adapter, opened.model);
    const policy = loaded ? new OnnxPolicy('scored', loaded) : opened.base;
    if (!input.advantages) {
      const scores = await opened.trainer.score(policy, sequences, CROSS_ENTROPY);
      return { logProbs: scores.map(({ logProbs }) => [...logProbs]) };
    }
    const weights = loaded ?? baseAsFull(opened.model);
    const trainable: Trainable = weights.kind === 'lora' ? { kind: 'lora', shape: weights.shape } : { kind: 'full' };
    const parameters = new FlatParameters(trainedParameters(opened.model.config, trainable), weights.parameters.data);
    const adam = new Adam(NO_STEP, parameters);
    const { result, gradient } = await opened.trainer.gradients({ policy, trainable, parameters, adam }, sequences, CROSS_ENTROPY);
    const gradNorms = Object.fromEntries(gradient.shapes.map(({ name }) => [name, norm(gradient.view(name))]));
    return { logProbs: result.tokens.map(({ logProbs }) => [...logProbs]), loss: result.loss, gradNorm: norm(gradient.data), gradNorms };
  } finally {
    await opened.sessions.dispose();
  }
}

function baseAsFull(model: {
  readonly parameters: ConstructorParameters<typeof FlatParameters>[0];
  readonly weights: ReadonlyMap<string, Float32Array>;
}): Exclude<PolicyWeights, { kind: 'base' }> {
  const parameters = new FlatParameters(model.parameters);
  for (const { name } of model.parameters) parameters.view(name).set(model.weights.get(name)!);
  return { kind: 'full', parameters };
}

function readInput({ inputIds, advantages, mask }: ScoreInput, vocabularySize: number): TrainSequence[] {
  if (!Array.isArray(inputIds) || inputIds.length === 0) throw new RangeError('inputIds must be a list of rows of token ids');
  if (mask && !advantages) throw new RangeError('mask without advantages: a loss needs both, log-probabilities neither');
  return inputIds.map((row, i) => {
    if (!Array.isArray(row) || row.length < 2) throw new RangeError(`inputIds[${i}] must have at least 2 token ids`);
    for (const id of row)
      if (!Number.isSafeInteger(id) || id < 0 || id >= vocabularySize)
        throw new RangeError(`inputIds[${i}] holds ${id}; the vocabulary has ${vocabularySize} tokens`);
    const sequence = crossEntropySequence(
      Int32Array.from(row),
      Int32Array.from({ length: row.length - 1 }, (_, j) => j + 1),
    );
    if (!advantages) return sequence;
    const column = (name: string, values: readonly number[] | undefined): Float32Array => {
      if (values?.length !== row.length - 1)
        throw new RangeError(`${name}[${i}] must have ${row.length - 1} numbers, one for each token but the first`);
      return Float32Array.from(values);
    };
    return { ...sequence, credits: column('advantages', advantages[i]), weights: mask ? column('mask', mask[i]) : sequence.weights };
  });
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}
