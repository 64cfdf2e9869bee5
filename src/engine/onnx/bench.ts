import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { random } from '../../domain/random';
import { CROSS_ENTROPY, crossEntropySequence } from '../crossEntropy';
import type { AdapterSettings, TrainSequence } from '../engine';
import { Adam } from './adam';
import { FlatParameters } from './flatParameters';
import { Graph } from './graph/graph';
import { linear } from './graph/matmul';
import { loraParameters, loraShape } from './graphs/loraShape';
import { type Trainable, trainedParameters } from './graphs/trainGraph';
import { type ModelConfig, parseModelConfig } from './model/config';
import { freshWeights } from './model/initialise';
import { toDisk } from './model/modelFolder';
import { parameterCount, parametersOf } from './model/parameters';
import { writeSafetensors } from './model/safetensors';
import { type ModelOptions, type OpenedModel, openModel } from './openModel';
import { OnnxPolicy } from './policies';
import { Sampler } from './sampler';
import type { Trained } from './trainer';

/** One training step; the gradient's time, forward and backward, is part of the whole. */
export interface BenchStep {
  readonly seconds: number;
  readonly gradientSeconds: number;
  readonly loss: number;
}

/** A model with a learner over it, whose training and sampling are timed through the trainer's own graphs. */
export class BenchModel {
  private readonly sequences: readonly TrainSequence[];

  private constructor(
    private readonly opened: OpenedModel,
    private readonly learner: Trained,
    batch: number,
    time: number,
  ) {
    const { vocabularySize } = opened.model.config;
    this.sequences = Array.from({ length: batch }, (_, b) =>
      crossEntropySequence(
        Int32Array.from({ length: time + 1 }, (_, i) => (31 * i + 7 * b) % vocabularySize),
        Int32Array.from({ length: time }, (_, i) => i + 1),
      ),
    );
  }

  /** @param time tokens of each of `batch` sequences, all of which are trained */
  static async open(
    folder: string,
    adapter: AdapterSettings,
    batch: number,
    time: number,
    options: Omit<ModelOptions, 'model'>,
  ): Promise<BenchModel> {
    const opened = await openModel({ ...options, model: folder });
    return new BenchModel(opened, freshLearner(opened, adapter), batch, time);
  }

  /** How many numbers are trained. */
  get trained(): number {
    return this.learner.parameters.data.length;
  }

  /** Forward, backward, clipping and AdamW. */
  async train(): Promise<BenchStep> {
    const { learner, opened } = this;
    const started = performance.now();
    const { result, gradient } = await opened.trainer.gradients(learner, this.sequences, CROSS_ENTROPY);
    const gradients = performance.now();
    learner.adam.step(gradient.data);
    learner.policy.version++;
    const ended = performance.now();
    return { seconds: (ended - started) / 1000, gradientSeconds: (gradients - started) / 1000, loss: result.loss };
  }

  /** Seconds in which every lane of the base model samples freely from one token on. */
  async sample(lanes: number, tokens: number, temperature: number): Promise<number> {
    const { sessions, model, weights, base } = this.opened;
    const sampler = new Sampler(sessions, model.config, weights, -1);
    const started = performance.now();
    const opened = sampler.open(base, lanes, tokens + 1);
    const turns = opened.map((lane, b) => ({
      lane,
      read: [b % model.config.vocabularySize],
      constraint: null,
      validAgainst: null,
      maxTokens: tokens,
      uniform: (n: number) => (((37 * n + 11 * b) % 97) + 0.5) / 97,
    }));
    await sampler.sample(turns, { temperature, topP: 1, topK: 0 });
    sampler.close(opened);
    return (performance.now() - started) / 1000;
  }

  /** GFLOP/s of a plain product of two square matrices; the best of several, since that is what the machine can do. */
  matmulRate(): Promise<number> {
    return matmulRate(this.opened);
  }

  async dispose(): Promise<void> {
    await this.opened.sessions.dispose();
  }
}

/**
 * Multiplications and additions of one step. Each product of the forward pass has two in the backward pass, but the one
 * by frozen weights is not needed under LoRA; the adapter's own products are counted thrice.
 */
export function stepFlops(config: ModelConfig, adapter: AdapterSettings, batch: number, time: number): number {
  const tokens = batch * time;
  const weights = parameterCount(parametersOf(config).filter((parameter) => parameter.linear));
  const frozen = 2 * tokens * (weights + config.hiddenSize * config.vocabularySize);
  const attention = 4 * batch * config.layers * config.heads * config.headSize * time * time;
  if (adapter.kind === 'full') return 3 * (frozen + attention);
  const adapters = trainedParameters(config, { kind: 'lora', shape: loraShape(adapter) });
  const own = 2 * tokens * adapters.reduce((total, { shape }) => total + shape[0]! * shape[1]!, 0);
  return 2 * frozen + 3 * (attention + own);
}

/**
 * Writes a Llama with random weights as a Hugging Face folder.
 * @param shape as in `config.json`
 */
export async function writeRandomModel(folder: string, shape: Readonly<Record<string, number | boolean>>): Promise<void> {
  await mkdir(folder, { recursive: true });
  const json = { architectures: ['LlamaForCausalLM'], model_type: 'llama', ...shape };
  await writeFile(join(folder, 'config.json'), JSON.stringify(json));
  const config = parseModelConfig(json, join(folder, 'config.json'));
  const weights = freshWeights(config, 0);
  const tensors = parametersOf(config).map((parameter) => ({
    name: parameter.name,
    shape: parameter.linear ? [...parameter.shape].reverse() : parameter.shape,
    data: toDisk(parameter, weights.get(parameter.name)!),
  }));
  await writeSafetensors(join(folder, 'model.safetensors'), tensors, { format: 'pt' });
}

/** A learner as a run starts it: all weights, or an adapter that changes nothing yet. */
function freshLearner({ model }: OpenedModel, adapter: AdapterSettings): Trained {
  const trainable: Trainable = adapter.kind === 'full' ? { kind: 'full' } : { kind: 'lora', shape: loraShape(adapter) };
  const parameters = new FlatParameters(trainedParameters(model.config, trainable));
  if (adapter.kind === 'full') {
    for (const { name } of model.parameters) parameters.view(name).set(model.weights.get(name)!);
  } else {
    for (const { name, matrix, shape } of loraParameters(model.config, loraShape(adapter))) {
      const draw = random(adapter.seed, 'lora', name);
      const bound = 1 / Math.sqrt(shape[0]);
      if (matrix === 'A')
        parameters.view(name).set(Float32Array.from({ length: shape[0] * shape[1] }, () => (2 * draw.uniform() - 1) * bound));
    }
  }
  const policy = new OnnxPolicy(
    'learner',
    trainable.kind === 'full' ? { kind: 'full', parameters } : { kind: 'lora', shape: trainable.shape, parameters },
  );
  const settings = { learningRate: 1e-4, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, clipNorm: 1 };
  return { policy, trainable, parameters, adam: new Adam(settings, parameters) };
}

const MATMUL_SIZE = 1024;

/** GFLOP/s of a plain product of two square matrices; the best of several, since that is what the machine can do. */
async function matmulRate({ sessions }: OpenedModel): Promise<number> {
  const shape = [MATMUL_SIZE, MATMUL_SIZE];
  const session = await sessions.get('bench matmul', () => {
    const graph = new Graph('matmul');
    graph.output('y', linear(graph.input('a', 'float32', shape), graph.input('b', 'float32', shape)));
    return graph;
  });
  const data = (): Float32Array => new Float32Array(MATMUL_SIZE ** 2).fill(0.5);
  const feeds = { a: sessions.float(data(), shape), b: sessions.float(data(), shape) };
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 12; i++) {
    const start = performance.now();
    await session.run(feeds);
    best = Math.min(best, performance.now() - start);
  }
  return (2 * MATMUL_SIZE ** 3) / best / 1e6;
}
