import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CROSS_ENTROPY, crossEntropySequence } from '../crossEntropy';
import type { AdapterSettings } from '../engine';
import { Adam } from './adam';
import { FlatParameters } from './flatParameters';
import { Graph } from './graph/graph';
import { linear } from './graph/matmul';
import { loraShape } from './graphs/loraShape';
import { type Trainable, trainedParameters } from './graphs/trainGraph';
import { type ModelConfig, parseModelConfig } from './model/config';
import { freshWeights } from './model/initialise';
import { toDisk } from './model/modelFolder';
import { parameterCount, parametersOf } from './model/parameters';
import { writeSafetensors } from './model/safetensors';
import { type ModelOptions, type OpenedModel, openModel } from './openModel';
import { OnnxPolicy } from './policies';
import { Sampler } from './sampler';

/** What is measured. */
export interface BenchCase {
  /** As in `config.json`. */
  readonly shape: Readonly<Record<string, number | boolean>>;
  readonly adapter: AdapterSettings;
  /** Sequences and tokens of one training step; every token is trained. */
  readonly batch: number;
  readonly time: number;
  readonly steps: number;
  /** Lanes and tokens to sample; 0 tokens leaves sampling out. */
  readonly lanes: number;
  readonly sampleTokens: number;
  readonly options: Omit<ModelOptions, 'model'>;
}

/** What was found; times are medians, rates are of wall-clock time. */
export interface BenchResult {
  readonly device: string;
  readonly parameters: number;
  readonly stepMilliseconds: number;
  readonly trainedTokensPerSecond: number;
  /** Of the products that forward and backward need, recomputation not counted. */
  readonly gigaflops: number;
  /** A plain MatMul's on the same device, best of runs before and after. */
  readonly matmulGigaflops: number;
  readonly matmulShare: number;
  readonly sampledTokensPerSecond: number | null;
  /** Largest resident size of the process so far, bytes. */
  readonly peakMemory: number;
}

/** Measures one shape with random weights, in a temporary folder that is removed. */
export async function benchEngine(bench: BenchCase): Promise<BenchResult> {
  const root = await mkdtemp(join(tmpdir(), 'parley-bench-'));
  try {
    const folder = join(root, 'model');
    await writeRandomModel(folder, bench.shape);
    const opened = await openModel({ ...bench.options, model: folder });
    const { config } = opened.model;
    const before = await matmulRate(opened);
    const target = learner(opened, bench.adapter);
    const sequences = Array.from({ length: bench.batch }, (_, b) =>
      crossEntropySequence(
        Int32Array.from({ length: bench.time + 1 }, (_, i) => (31 * i + 7 * b) % config.vocabularySize),
        Int32Array.from({ length: bench.time }, (_, i) => i + 1),
      ),
    );
    const train = (): Promise<unknown> => opened.trainer.train(target, sequences, CROSS_ENTROPY);
    await train();
    const stepMilliseconds = await median(bench.steps, train);
    const sampledTokensPerSecond = bench.sampleTokens > 0 ? await samplingRate(opened, target.policy, bench) : null;
    const matmulGigaflops = Math.max(before, await matmulRate(opened));
    const gigaflops = stepFlops(config, bench.adapter, bench.batch, bench.time) / stepMilliseconds / 1e6;
    await opened.sessions.dispose();
    return {
      device: opened.sessions.settings.device,
      parameters: parameterCount(opened.model.parameters),
      stepMilliseconds,
      trainedTokensPerSecond: (1000 * bench.batch * bench.time) / stepMilliseconds,
      gigaflops,
      matmulGigaflops,
      matmulShare: gigaflops / matmulGigaflops,
      sampledTokensPerSecond,
      peakMemory: process.resourceUsage().maxRSS * 1024,
    };
  } finally {
    await rm(root, { recursive: true, force: true });
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

async function writeRandomModel(folder: string, shape: BenchCase['shape']): Promise<void> {
  await mkdir(folder, { recursive: true });
  const json = { architectures: ['LlamaForCausalLM'], ...shape };
  await writeFile(join(folder, 'config.json'), JSON.stringify(json));
  const config = parseModelConfig(json, join(folder, 'config.json'));
  const weights = freshWeights(config, 0);
  const tensors = parametersOf(config).map((parameter) => ({
    name: parameter.name,
    shape: parameter.linear ? [...parameter.shape].reverse() : parameter.shape,
    data: toDisk(parameter, weights.get(parameter.name)!),
  }));
  await writeSafetensors(join(folder, 'model.safetensors'), tensors, {});
}

function learner(opened: OpenedModel, adapter: AdapterSettings) {
  const trainable: Trainable = adapter.kind === 'full' ? { kind: 'full' } : { kind: 'lora', shape: loraShape(adapter) };
  const parameters = new FlatParameters(trainedParameters(opened.model.config, trainable));
  if (adapter.kind === 'full') for (const { name } of opened.model.parameters) parameters.view(name).set(opened.model.weights.get(name)!);
  const policy = new OnnxPolicy(
    'learner',
    adapter.kind === 'full' ? { kind: 'full', parameters } : { kind: 'lora', shape: loraShape(adapter), parameters },
  );
  const adam = new Adam(
    opened.sessions,
    { learningRate: 1e-4, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, clipNorm: 1 },
    parameters,
  );
  return { policy, trainable, parameters, adam };
}

/** Tokens a second when every lane samples freely from one token on. */
async function samplingRate(
  { sessions, model, weights }: OpenedModel,
  policy: OnnxPolicy,
  { lanes, sampleTokens }: BenchCase,
): Promise<number> {
  const sampler = new Sampler(sessions, model.config, weights, -1);
  const generate = async (tokens: number): Promise<void> => {
    const opened = sampler.open(policy, lanes, tokens + 1);
    const turns = opened.map((lane, b) => ({
      lane,
      read: [b % model.config.vocabularySize],
      constraint: null,
      validAgainst: null,
      maxTokens: tokens,
      uniform: (n: number) => (((37 * n + 11 * b) % 97) + 0.5) / 97,
    }));
    await sampler.sample(turns, { temperature: 1, topP: 1, topK: 0 });
    sampler.close(opened);
  };
  await generate(4);
  return (1000 * lanes * sampleTokens) / (await median(3, () => generate(sampleTokens)));
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

async function median(times: number, run: () => Promise<unknown>): Promise<number> {
  const taken: number[] = [];
  for (let i = 0; i < times; i++) {
    const start = performance.now();
    await run();
    taken.push(performance.now() - start);
  }
  return taken.sort((a, b) => a - b)[Math.floor(times / 2)]!;
}
