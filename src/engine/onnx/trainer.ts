import type { LossSettings, TokenScores, TrainResult, TrainSequence } from '../engine';
import type { Adam } from './adam';
import { type DistinctSequences, distinctSequences } from './distinctSequences';
import { FlatParameters } from './flatParameters';
import type { Trainable } from './graphs/trainGraph';
import { MaskTable } from './maskTable';
import { type MicroBatch, microBatches } from './microBatches';
import type { ModelConfig } from './model/config';
import type { Pass, PassInputs } from './pass';
import type { OnnxPolicy } from './policies';
import { type Feeds, int64View, type Sessions } from './sessions';

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
    private readonly pass: Pass,
    private readonly base: OnnxPolicy,
    /** About how many tokens one run should have. */
    private readonly tokensARun: number,
  ) {}

  /** log π, ratio to the sampling policy, log π_ref and entropy of every produced token under a policy. */
  async score(policy: OnnxPolicy, sequences: readonly TrainSequence[], loss: LossSettings): Promise<TokenScores[]> {
    const batch = this.prepare(sequences, loss);
    const scores = batch.sequences.map((sequence) => emptyScores(sequence.positions.length));
    for (const micro of batch.microBatches) {
      const inputs = this.inputs(micro, batch);
      const now = await this.pass.score(policy, inputs);
      this.spread(micro, batch, now.logProb, (i) => scores[i]!.logProbs);
      this.spread(micro, batch, now.entropy, (i) => scores[i]!.entropies);
      const reference = policy === this.base ? now : loss.reference === false ? null : await this.pass.score(this.base, inputs);
      if (reference) this.spread(micro, batch, reference.klLogProb, (i) => scores[i]!.referenceLogProbs);
    }
    for (const [i, sequence] of batch.sequences.entries()) {
      const { ratios, logProbs } = scores[i]!;
      for (let j = 0; j < ratios.length; j++)
        ratios[j] = Math.exp(Math.min(40, Math.max(-40, logProbs[j]! - sequence.samplingLogProbs[j]!)));
    }
    return batch.of.map((index) => scores[index]!);
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
    const scores = batch.sequences.map((sequence) => emptyScores(sequence.positions.length));
    let total = 0;
    for (const [index, micro] of batch.microBatches.entries()) {
      const inputs = this.inputs(micro, batch);
      const reference = loss.reference === false ? null : (await this.pass.score(this.base, inputs)).klLogProb;
      const target = index === 0 ? gradient : scratch;
      const {
        loss: part,
        logProb,
        ratio,
        entropy,
      } = await this.pass.train(trained, this.lossInputs(micro, batch, inputs, reference, 1 / Math.max(1, counted)), target);
      if (index > 0) addInto(gradient.data, scratch.data);
      total += part;
      this.spread(micro, batch, logProb, (i) => scores[i]!.logProbs);
      this.spread(micro, batch, ratio, (i) => scores[i]!.ratios);
      this.spread(micro, batch, entropy, (i) => scores[i]!.entropies);
      if (reference) this.spread(micro, batch, reference, (i) => scores[i]!.referenceLogProbs);
    }
    return { result: { loss: total, tokens: batch.of.map((index) => scores[index]!) }, gradient };
  }

  /** One optimizer step. */
  async train(trained: Trained, sequences: readonly TrainSequence[], loss: LossSettings, learningRate?: number): Promise<TrainResult> {
    const { result, gradient } = await this.gradients(trained, sequences, loss);
    const gradNorm = trained.adam.step(gradient.data, learningRate);
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

  private prepare(given: readonly TrainSequence[], loss: LossSettings): Batch {
    for (const [i, sequence] of given.entries()) checkSequence(sequence, i, this.config);
    if (!(loss.temperature > 0)) throw new RangeError(`temperature must be above 0, not ${loss.temperature}`);
    if (loss.reference === false && loss.klCoefficient !== 0)
      throw new RangeError('a KL coefficient other than 0 needs reference log-probabilities');
    const { sequences, of } = distinctSequences(given);
    const table = new MaskTable(this.config.vocabularySize);
    const maskRows = sequences.map((sequence) => sequence.masks.map((mask) => table.rowOf(mask)));
    return {
      sequences,
      of,
      loss,
      masked: table.rows > 1,
      maskRows,
      maskTable: table.data(),
      microBatches: microBatches(sequences, this.tokensARun),
    };
  }

  private inputs({ shape, members }: MicroBatch, batch: Batch): PassInputs {
    const { sessions, config } = this;
    const integers = (n: number): BigInt64Array => new BigInt64Array(n);
    const [ids, rows, targets, maskRow] = [
      integers(shape.batch * shape.time),
      integers(shape.rows),
      integers(shape.rows),
      integers(shape.rows),
    ];
    const [ids32, rows32, targets32, mask32] = [int64View(ids), int64View(rows), int64View(targets), int64View(maskRow)];
    const grid = shape.batch * (shape.places ?? 0);
    const places = { positions: integers(grid), flat: integers(grid), rows: integers(shape.rows) };
    const [positions32, flat32, placed32] = [int64View(places.positions), int64View(places.flat), int64View(places.rows)];
    let row = 0;
    for (const [b, i] of members.entries()) {
      const { tokens, positions } = batch.sequences[i]!;
      const start = b * shape.time;
      const count = Math.min(shape.time, tokens.length);
      for (let t = 0; t < count; t++) ids32[2 * (start + t)] = tokens[t]!;
      for (let j = 0; j < positions.length; j++, row++) {
        const before = positions[j]! - 1;
        rows32[2 * row] = start + before;
        targets32[2 * row] = tokens[positions[j]!]!;
        mask32[2 * row] = batch.maskRows[i]![j]!;
        if (shape.places === null) continue;
        const place = b * shape.places + j;
        positions32[2 * place] = before;
        flat32[2 * place] = start + before;
        placed32[2 * row] = place;
      }
    }
    const { klOver, temperature } = batch.loss;
    const shared: Feeds = { inverseTemperature: sessions.scalar(1 / temperature) };
    if (batch.masked)
      shared.maskTable = sessions.float(batch.maskTable, [batch.maskTable.length / config.vocabularySize, config.vocabularySize]);
    return {
      shape,
      lossShape: { masked: batch.masked, klOver: batch.masked ? klOver : 'full' },
      ids,
      rows,
      places: shape.places === null ? null : places,
      columns: { targets, ...(batch.masked && { maskRow }) },
      shared,
    };
  }

  /** A micro-batch's inputs with those of the loss. */
  private lossInputs(
    { shape, members }: MicroBatch,
    batch: Batch,
    inputs: PassInputs,
    reference: Float32Array | null,
    weight: number,
  ): PassInputs {
    const { sessions } = this;
    const { klCoefficient, entropyCoefficient, ratioCap } = batch.loss;
    const column = (of: (sequence: TrainSequence) => Float32Array, factor = 1): Float32Array => {
      const data = new Float32Array(shape.rows);
      let row = 0;
      for (const i of members) for (const value of of(batch.sequences[i]!)) data[row++] = value * factor;
      return data;
    };
    const [kl, entropy] = [klCoefficient !== 0, entropyCoefficient !== 0];
    return {
      ...inputs,
      lossShape: { ...inputs.lossShape, kl, entropy },
      columns: {
        ...inputs.columns,
        credit: column((sequence) => sequence.credits),
        samplingLogProb: column((sequence) => sequence.samplingLogProbs),
        weight: column((sequence) => sequence.weights, weight),
        ...(kl && { referenceLogProb: reference ?? new Float32Array(shape.rows) }),
      },
      shared: {
        ...inputs.shared,
        ...(kl && { klCoefficient: sessions.scalar(klCoefficient) }),
        ...(entropy && { entropyCoefficient: sessions.scalar(entropyCoefficient) }),
        ratioCap: sessions.scalar(ratioCap),
      },
    };
  }

  private spread({ members }: MicroBatch, { sequences }: Batch, rows: Float32Array, into: (sequence: number) => Float32Array): void {
    let from = 0;
    for (const i of members) {
      const count = sequences[i]!.positions.length;
      into(i).set(rows.subarray(from, from + count));
      from += count;
    }
  }
}

/** A batch, checked and split. */
interface Batch extends DistinctSequences {
  readonly loss: LossSettings;
  readonly masked: boolean;
  /** `[sequence][produced token]`, rows of the table. */
  readonly maskRows: readonly (readonly number[])[];
  readonly maskTable: Float32Array;
  readonly microBatches: readonly MicroBatch[];
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
