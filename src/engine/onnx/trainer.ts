import type { LossSettings, TokenScores, TrainResult, TrainSequence } from '../engine';
import type { Adam } from './adam';
import { FlatParameters } from './flatParameters';
import { gradientName, type LossShape, scoreGraph, type Trainable, trainGraph } from './graphs/trainGraph';
import { MaskTable } from './maskTable';
import { type MicroBatch, microBatches } from './microBatches';
import type { ModelConfig } from './model/config';
import type { OnnxPolicy, WeightFeeds } from './policies';
import { type Feeds, floats, int64View, type Sessions } from './sessions';

/** The learner with what moves it. */
export interface Trained {
  readonly policy: OnnxPolicy;
  readonly trainable: Trainable;
  readonly parameters: FlatParameters;
  readonly adam: Adam;
}

/** Per-token results in the making; every array is as long as the sequence has produced tokens. */
interface MutableScores {
  readonly logProbs: Float32Array;
  readonly ratios: Float32Array;
  readonly referenceLogProbs: Float32Array;
  readonly entropies: Float32Array;
}

/** Scores and trains on batches of sequences, in micro-batches whose gradients add up to the whole batch's. */
export class Trainer {
  private gradient: FlatParameters | null = null;
  private scratch: FlatParameters | null = null;

  constructor(
    private readonly sessions: Sessions,
    private readonly config: ModelConfig,
    private readonly weights: WeightFeeds,
    private readonly base: OnnxPolicy,
    /** About how many tokens one run should have. */
    private readonly tokensARun: number,
  ) {}

  /** log π, ratio to the sampling policy, log π_ref and entropy of every produced token under a policy. */
  async score(policy: OnnxPolicy, sequences: readonly TrainSequence[], loss: LossSettings): Promise<TokenScores[]> {
    const batch = this.prepare(sequences, loss);
    const scores = sequences.map((sequence) => emptyScores(sequence.positions.length));
    for (const micro of batch.microBatches) {
      const inputs = this.inputs(micro, batch);
      const now = await this.forward(policy, micro, batch, inputs);
      this.spread(micro, sequences, now.logProb, (i) => scores[i]!.logProbs);
      this.spread(micro, sequences, now.entropy, (i) => scores[i]!.entropies);
      const reference = policy === this.base ? now : loss.reference === false ? null : await this.forward(this.base, micro, batch, inputs);
      if (reference) this.spread(micro, sequences, reference.klLogProb, (i) => scores[i]!.referenceLogProbs);
    }
    for (const [i, sequence] of sequences.entries()) {
      const { ratios, logProbs } = scores[i]!;
      for (let j = 0; j < ratios.length; j++)
        ratios[j] = Math.exp(Math.min(40, Math.max(-40, logProbs[j]! - sequence.samplingLogProbs[j]!)));
    }
    return scores;
  }

  /** The loss's gradient over all sequences, without a step; norms by parameter name as well. */
  async gradients(
    trained: Trained,
    sequences: readonly TrainSequence[],
    loss: LossSettings,
  ): Promise<{ result: Omit<TrainResult, 'gradNorm'>; gradient: FlatParameters }> {
    const batch = this.prepare(sequences, loss);
    const { gradient, scratch } = this.buffers(trained);
    gradient.data.fill(0);
    const counted = sequences.reduce((n, sequence) => n + sequence.weights.reduce((sum, weight) => sum + weight, 0), 0);
    const scores = sequences.map((sequence) => emptyScores(sequence.positions.length));
    let total = 0;
    for (const [index, micro] of batch.microBatches.entries()) {
      const inputs = this.inputs(micro, batch);
      const reference = loss.reference === false ? null : (await this.forward(this.base, micro, batch, inputs)).klLogProb;
      const target = index === 0 ? gradient : scratch;
      const outputs = await this.runTraining(trained, micro, batch, inputs, reference, 1 / Math.max(1, counted), target);
      if (index > 0) addInto(gradient.data, scratch.data);
      total += floats(outputs, 'loss')[0]!;
      this.spread(micro, sequences, floats(outputs, 'logProb'), (i) => scores[i]!.logProbs);
      this.spread(micro, sequences, floats(outputs, 'ratio'), (i) => scores[i]!.ratios);
      this.spread(micro, sequences, floats(outputs, 'entropy'), (i) => scores[i]!.entropies);
      if (reference) this.spread(micro, sequences, reference, (i) => scores[i]!.referenceLogProbs);
    }
    return { result: { loss: total, tokens: scores }, gradient };
  }

  /** One optimizer step. */
  async train(trained: Trained, sequences: readonly TrainSequence[], loss: LossSettings, learningRate?: number): Promise<TrainResult> {
    const { result, gradient } = await this.gradients(trained, sequences, loss);
    const gradNorm = await trained.adam.step(gradient.data, learningRate);
    trained.policy.version++;
    return { ...result, gradNorm };
  }

  private buffers({ parameters }: Trained): { gradient: FlatParameters; scratch: FlatParameters } {
    if (this.gradient?.shapes !== parameters.shapes || !this.scratch) {
      this.gradient = new FlatParameters(parameters.shapes);
      this.scratch = new FlatParameters(parameters.shapes);
    }
    return { gradient: this.gradient, scratch: this.scratch };
  }

  private prepare(sequences: readonly TrainSequence[], loss: LossSettings): Batch {
    for (const [i, sequence] of sequences.entries()) checkSequence(sequence, i, this.config);
    if (!(loss.temperature > 0)) throw new RangeError(`temperature must be above 0, not ${loss.temperature}`);
    if (loss.reference === false && loss.klCoefficient !== 0)
      throw new RangeError('a KL coefficient other than 0 needs reference log-probabilities');
    const table = new MaskTable(this.config.vocabularySize);
    const maskRows = sequences.map((sequence) => sequence.masks.map((mask) => table.rowOf(mask)));
    return {
      sequences,
      loss,
      masked: table.rows > 1,
      maskRows,
      maskTable: table.data(),
      microBatches: microBatches(sequences, this.tokensARun),
    };
  }

  private inputs({ shape, members }: MicroBatch, batch: Batch): Feeds {
    const { sessions } = this;
    const [ids, rows, targets, maskRow] = [shape.batch * shape.time, shape.rows, shape.rows, shape.rows].map(
      (n) => new BigInt64Array(n),
    ) as [BigInt64Array, BigInt64Array, BigInt64Array, BigInt64Array];
    const [ids32, rows32, targets32, mask32] = [int64View(ids), int64View(rows), int64View(targets), int64View(maskRow)];
    let row = 0;
    for (const [b, i] of members.entries()) {
      const { tokens, positions } = batch.sequences[i]!;
      const start = b * shape.time;
      const count = Math.min(shape.time, tokens.length);
      for (let t = 0; t < count; t++) ids32[2 * (start + t)] = tokens[t]!;
      for (let j = 0; j < positions.length; j++, row++) {
        rows32[2 * row] = start + positions[j]! - 1;
        targets32[2 * row] = tokens[positions[j]!]!;
        mask32[2 * row] = batch.maskRows[i]![j]!;
      }
    }
    const feeds: Feeds = {
      ids: sessions.int64(ids, [shape.batch, shape.time, 1]),
      rows: sessions.int64(rows, [shape.rows, 1]),
      targets: sessions.int64(targets, [shape.rows, 1]),
      inverseTemperature: sessions.scalar(1 / batch.loss.temperature),
    };
    if (!batch.masked) return feeds;
    const { vocabularySize } = this.config;
    return {
      ...feeds,
      maskTable: sessions.float(batch.maskTable, [batch.maskTable.length / vocabularySize, vocabularySize]),
      maskRow: sessions.int64(maskRow, [shape.rows, 1]),
    };
  }

  private async forward(
    policy: OnnxPolicy,
    { shape }: MicroBatch,
    batch: Batch,
    inputs: Feeds,
  ): Promise<Record<'logProb' | 'klLogProb' | 'entropy', Float32Array>> {
    const { feeds, lora } = await this.weights.of(policy);
    const lossShape = lossShapeOf(batch);
    const key = `score ${JSON.stringify([shape, lossShape, lora])}`;
    const session = await this.sessions.get(key, () => scoreGraph(this.config, shape, lossShape, lora));
    const outputs = await session.run({ ...feeds, ...inputs });
    return { logProb: floats(outputs, 'logProb'), klLogProb: floats(outputs, 'klLogProb'), entropy: floats(outputs, 'entropy') };
  }

  private async runTraining(
    trained: Trained,
    { shape, members }: MicroBatch,
    batch: Batch,
    inputs: Feeds,
    reference: Float32Array | null,
    weight: number,
    gradient: FlatParameters,
  ): Promise<Feeds> {
    const { sessions } = this;
    const { loss } = batch;
    const column = (of: (sequence: TrainSequence) => Float32Array, factor = 1): Float32Array => {
      const data = new Float32Array(shape.rows);
      let row = 0;
      for (const i of members) for (const value of of(batch.sequences[i]!)) data[row++] = value * factor;
      return data;
    };
    const rowTensor = (data: Float32Array): Feeds[string] => sessions.float(data, [shape.rows, 1]);
    const lossShape = lossShapeOf(batch);
    const key = `train ${JSON.stringify([shape, lossShape, trained.trainable])}`;
    const session = await sessions.get(key, () => trainGraph(this.config, shape, lossShape, trained.trainable));
    const fetches: Record<string, Feeds[string] | null> = { loss: null, logProb: null, ratio: null, entropy: null };
    return session.run(
      {
        ...(trained.trainable.kind === 'lora' ? this.weights.base : {}),
        ...trained.parameters.tensors(sessions),
        ...inputs,
        credit: rowTensor(column((sequence) => sequence.credits)),
        samplingLogProb: rowTensor(column((sequence) => sequence.samplingLogProbs)),
        weight: rowTensor(column((sequence) => sequence.weights, weight)),
        referenceLogProb: rowTensor(reference ?? new Float32Array(shape.rows)),
        klCoefficient: sessions.scalar(loss.klCoefficient),
        entropyCoefficient: sessions.scalar(loss.entropyCoefficient),
        ratioCap: sessions.scalar(loss.ratioCap),
      },
      { ...fetches, ...gradient.tensors(sessions, gradientName) },
    ) as Promise<Feeds>;
  }

  private spread(
    { members }: MicroBatch,
    sequences: readonly TrainSequence[],
    rows: Float32Array,
    into: (sequence: number) => Float32Array,
  ): void {
    let from = 0;
    for (const i of members) {
      const count = sequences[i]!.positions.length;
      into(i).set(rows.subarray(from, from + count));
      from += count;
    }
  }
}

/** A batch, checked and split. */
interface Batch {
  readonly sequences: readonly TrainSequence[];
  readonly loss: LossSettings;
  readonly masked: boolean;
  /** `[sequence][produced token]`, rows of the table. */
  readonly maskRows: readonly (readonly number[])[];
  readonly maskTable: Float32Array;
  readonly microBatches: readonly MicroBatch[];
}

function lossShapeOf(batch: Batch): LossShape {
  return { masked: batch.masked, klOver: batch.masked ? batch.loss.klOver : 'full' };
}

function emptyScores(count: number): MutableScores {
  const make = (fill: number): Float32Array => new Float32Array(count).fill(fill);
  return { logProbs: make(0), ratios: make(1), referenceLogProbs: make(Number.NaN), entropies: make(0) };
}

function addInto(into: Float32Array, from: Float32Array): void {
  for (let i = 0; i < into.length; i++) into[i]! += from[i]!;
}

function checkSequence(sequence: TrainSequence, index: number, config: ModelConfig): void {
  const { tokens, positions } = sequence;
  for (const name of ['credits', 'samplingLogProbs', 'masks', 'weights'] as const) {
    if (sequence[name].length !== positions.length)
      throw new RangeError(`sequence ${index}: ${sequence[name].length} ${name} for ${positions.length} produced tokens`);
  }
  let before = 0;
  for (const position of positions) {
    if (position <= before) throw new RangeError(`sequence ${index}: positions must ascend from 1, found ${position} after ${before}`);
    if (position >= tokens.length) throw new RangeError(`sequence ${index}: position ${position} of ${tokens.length} tokens`);
    before = position;
  }
  if (before > config.maxPositions)
    throw new RangeError(`sequence ${index}: ${before} tokens are more than the model's ${config.maxPositions} positions`);
  for (const token of tokens)
    if (token < 0 || token >= config.vocabularySize)
      throw new RangeError(`sequence ${index}: token ${token} of a vocabulary of ${config.vocabularySize}`);
}
