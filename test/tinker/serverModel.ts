import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { random } from '../../src/domain/random';
import type { Learner, LossSettings, Policy, TrainSequence } from '../../src/engine/engine';
import { type OnnxEngine, openOnnxEngine } from '../../src/engine/onnx/engine';
import type { DatumRequest, RequestOf } from './requests';

/** What the client did wrong, as an operation's failure tells it. */
export class OperationFailed extends Error {}

/** A policy and the engine that it lives on. */
export interface Sampled {
  readonly engine: OnnxEngine;
  readonly policy: Policy;
}

/** No truncation of ρ, no KL, no entropy: what `importance_sampling` is. */
const IMPORTANCE_SAMPLING: LossSettings = {
  klCoefficient: 0,
  klOver: 'full',
  entropyCoefficient: 0,
  temperature: 1,
  ratioCap: 1e30,
  reference: false,
};

/** Never clips. */
const ADAM = { learningRate: 1, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, clipNorm: 1e30 };

export function openEngine(model: string): Promise<OnnxEngine> {
  return openOnnxEngine({ model, threads: 1, device: 'cpu' });
}

/** One adapter over the base model, on an engine of its own, with the gradient that waits for a step. */
export class ServerModel {
  /** Requests that were made of it. */
  asked = 0;
  #pending: TrainSequence[] = [];

  private constructor(
    readonly engine: OnnxEngine,
    private learner: Learner,
    private readonly adapter: { readonly kind: 'lora'; readonly rank: number; readonly alpha: number; readonly seed: number },
  ) {}

  static async create(model: string, { rank, seed = 0 }: { rank: number; seed?: number | undefined }, alpha: number): Promise<ServerModel> {
    const engine = await openEngine(model);
    const adapter = { kind: 'lora', rank, alpha, seed } as const;
    return new ServerModel(engine, await engine.createLearner(adapter, ADAM), adapter);
  }

  get policy(): Policy {
    return this.learner;
  }

  /** Keeps the batch for the next step, and tells its log-probabilities. */
  async forwardBackward({ data, loss_fn }: RequestOf<'/forward_backward'>['forward_backward_input']): Promise<object> {
    const sequences = data.map((each, i) => sequenceOf(each, i, loss_fn === 'cross_entropy'));
    const scores = await this.engine.score(this.learner, sequences, IMPORTANCE_SAMPLING);
    this.#pending.push(...sequences);
    return {
      loss_fn_output_type: 'ArrayRecord',
      loss_fn_outputs: scores.map(({ logProbs, ratios }, i) => {
        const { credits, weights } = sequences[i]!;
        const losses = Array.from(ratios, (ratio, t) => -weights[t]! * ratio * credits[t]!);
        return { elementwise_loss: tensor(losses), logprobs: tensor([...logProbs]) };
      }),
      metrics: {},
    };
  }

  /**
   * Adam over what waits, without clipping. The engine's loss is (1/N) Σ w·(−ρ·credit·log π) over N = Σ w, so that a sum over tokens takes
   * N·A as credit, and the mean over D datums of the mean over a datum's W tokens N·A ÷ (D·W).
   */
  async optimStep({ adam_params: adam }: RequestOf<'/optim_step'>, normalisation: 'sum' | 'mean-of-means'): Promise<object> {
    if (adam.beta1 !== ADAM.beta1 || adam.beta2 !== ADAM.beta2 || adam.eps !== ADAM.epsilon || adam.weight_decay !== ADAM.weightDecay)
      throw new OperationFailed('this server knows one Adam');
    const pending = this.#pending;
    this.#pending = [];
    if (pending.length === 0) throw new OperationFailed('there is no gradient to step along');
    const weightOf = ({ weights }: TrainSequence): number => weights.reduce((sum, weight) => sum + weight, 0);
    const counted = pending.reduce((sum, sequence) => sum + weightOf(sequence), 0);
    const scaled = pending.map((sequence) => {
      const factor = normalisation === 'sum' ? counted : counted / (pending.length * Math.max(1, weightOf(sequence)));
      return { ...sequence, credits: sequence.credits.map((advantage) => advantage * factor) };
    });
    const { gradNorm } = await this.engine.train(scaled, IMPORTANCE_SAMPLING, adam.learning_rate);
    return { metrics: { 'skyrl.ai/grad_norm': gradNorm } };
  }

  async save(folder: string, optimizer: boolean): Promise<void> {
    await mkdir(folder, { recursive: true });
    await this.engine.savePolicy(this.learner, folder);
    if (optimizer) await this.engine.saveOptimizer(folder);
  }

  async load(folder: string): Promise<void> {
    if (this.asked > 1) throw new OperationFailed('load_weights must be the first request of a model');
    await access(folder).catch(() => {
      throw new OperationFailed('there are no such weights');
    });
    this.learner = await this.engine.restoreLearner(folder, this.adapter, ADAM);
  }

  /** A sampler of the weights as they are now. */
  async snapshot(): Promise<Sampled> {
    return { engine: this.engine, policy: await this.engine.snapshot(this.learner, 'sampler') };
  }
}

/** Samples, or scores, a batch of requests of one policy; results in their order. */
export async function answerSamples(
  { engine, policy }: Sampled,
  batch: readonly RequestOf<'/asample'>[],
  leadingNull: boolean,
): Promise<object[]> {
  const prompts = batch.map(({ prompt }) => prompt.chunks.flatMap(({ tokens }) => tokens));
  const longest = Math.max(...batch.map(({ sampling_params }, i) => prompts[i]!.length + sampling_params.max_tokens));
  const lanes = engine.open(policy, batch.length, longest);
  try {
    const { temperature, top_p, top_k } = batch[0]!.sampling_params;
    const samples = await engine.sample(
      batch.map(({ sampling_params: { max_tokens, seed = 0 } }, i) => ({
        lane: lanes[i]!,
        read: prompts[i]!,
        constraint: null,
        validAgainst: null,
        maxTokens: max_tokens,
        uniform: seededUniforms(seed),
      })),
      { temperature, topP: top_p, topK: Math.max(0, top_k) },
    );
    const scored = prompts.map((tokens, i) => (batch[i]!.prompt_logprobs === true ? wholeSequence(tokens) : null));
    const scores = await engine.score(
      policy,
      scored.filter((each) => each !== null),
      IMPORTANCE_SAMPLING,
    );
    let at = 0;
    return samples.map(({ tokens, logProbs }, i) => ({
      sequences: [
        { stop_reason: tokens.at(-1) === engine.tokenizer.stopToken ? 'stop' : 'length', tokens: [...tokens], logprobs: [...logProbs] },
      ],
      prompt_logprobs: scored[i] === null ? null : [...(leadingNull ? [null] : []), ...scores[at++]!.logProbs],
    }));
  } finally {
    engine.close(lanes);
  }
}

/** The uniforms that a seed stands for: what the server draws tokens by. */
export function seededUniforms(seed: number): (n: number) => number {
  const stream = random('seed', seed);
  const drawn: number[] = [];
  return (n) => {
    while (drawn.length <= n) drawn.push(stream.uniform());
    return drawn[n]!;
  };
}

/** Every target is a position; the engine tells apart what counts by its weights. */
function sequenceOf({ model_input, loss_fn_inputs }: DatumRequest, index: number, supervised: boolean): TrainSequence {
  const input = model_input.chunks.flatMap(({ tokens }) => tokens);
  const targets = loss_fn_inputs.target_tokens.data;
  const { length } = input;
  for (const [name, { data }] of Object.entries(loss_fn_inputs).filter(([, value]) => value !== undefined) as [
    string,
    { data: number[] },
  ][])
    if (data.length !== length) throw new OperationFailed(`datum ${index}: ${data.length} ${name} for ${length} tokens`);
  if (targets.some((target, t) => t + 1 < length && target !== input[t + 1]))
    throw new OperationFailed(`datum ${index}: targets are not the input moved by one`);
  const sequence = wholeSequence([...input, targets.at(-1)!]);
  const weights = Float32Array.from(loss_fn_inputs.weights?.data ?? new Array<number>(length).fill(1));
  if (supervised) return { ...sequence, weights, credits: new Float32Array(length).fill(1) };
  return {
    ...sequence,
    weights,
    credits: Float32Array.from(loss_fn_inputs.advantages.data),
    samplingLogProbs: Float32Array.from(loss_fn_inputs.logprobs.data),
  };
}

function wholeSequence(tokens: readonly number[]): TrainSequence {
  const length = tokens.length - 1;
  return {
    tokens: Int32Array.from(tokens),
    positions: Int32Array.from({ length }, (_, t) => t + 1),
    credits: new Float32Array(length),
    samplingLogProbs: new Float32Array(length),
    masks: new Array<null>(length).fill(null),
    weights: new Float32Array(length).fill(1),
  };
}

function tensor(data: readonly number[]): object {
  return { data, dtype: 'float32', shape: [data.length] };
}

/** Where weights lie under a server's folder. */
export function pathOf(root: string, path: string): string {
  return join(root, ...path.replace('tinker://', '').split('/'));
}
