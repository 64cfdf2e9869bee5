import { totalmem } from 'node:os';
import type { AdapterSettings } from '../engine';
import { loraParameters, loraShape } from './graphs/loraShape';
import { keptBytes } from './keptProducts';
import { headRows } from './layerwisePass';
import { type ModelConfig, readModelConfig } from './model/config';
import { parameterCount, parametersOf } from './model/parameters';
import { LAYERWISE_FROM, MERGED_BELOW, tokensARun, turnedToSample } from './openModel';

/** What a run will hold in memory at its widest. */
export interface MemoryPlan {
  readonly adapter: AdapterSettings;
  /** Longest transcript, tokens. */
  readonly transcriptTokens: number;
  /** Transcripts open at a time. */
  readonly transcripts: number;
  /** Frozen policies kept besides the learner and the base model. */
  readonly snapshots: number;
  /** As in `ModelOptions`. */
  readonly tokensARun?: number;
  readonly layerwise?: boolean;
}

/** Bytes by what they are for; the total is what a run needs at most. */
export interface MemoryEstimate {
  /** The base model, float32, and what sampling has a turned copy of. */
  readonly weights: number;
  /** What is trained, with its gradients and Adam's two moments. */
  readonly training: number;
  /** Snapshots and merged weights. */
  readonly policies: number;
  /** Activations of one micro-batch, forward and backward. */
  readonly activations: number;
  /** Keys and values of all open transcripts. */
  readonly cache: number;
  /** Node, onnxruntime and its compiled graphs. */
  readonly runtime: number;
  readonly total: number;
}

const FLOAT = 4;
const RUNTIME = 250e6;

/** Copies of what is trained: itself, its gradient and a further micro-batch's, two moments, and its gradient in the training graph. */
const TRAINED_COPIES = 6;

/** Estimates a run's memory from `config.json` alone, before any weight is read. */
export async function estimateMemory(folder: string, plan: MemoryPlan): Promise<MemoryEstimate> {
  return estimate(await readModelConfig(folder), plan);
}

/** The same from a configuration. */
export function estimate(config: ModelConfig, plan: MemoryPlan): MemoryEstimate {
  const parameters = parametersOf(config);
  const model = parameterCount(parameters);
  const { adapter } = plan;
  const trained = adapter.kind === 'full' ? model : parameterCount(loraParameters(config, loraShape(adapter)));
  const merged = adapter.kind === 'lora' && model < MERGED_BELOW ? adaptedSize(config, adapter) : 0;
  const layerwise = plan.layerwise ?? model >= LAYERWISE_FROM;
  const turned = turnedToSample(model) ? parameterCount(parameters.filter(({ linear }) => linear)) : 0;
  const parts = {
    weights: FLOAT * (model + turned),
    training: FLOAT * TRAINED_COPIES * trained,
    policies: FLOAT * (merged + plan.snapshots * (trained + merged)),
    activations: FLOAT * activations(config, plan, layerwise),
    cache: FLOAT * 2 * plan.transcripts * plan.transcriptTokens * config.layers * config.keyValueHeads * config.headSize,
    runtime: RUNTIME,
  };
  return { ...parts, total: Object.values(parts).reduce((sum, bytes) => sum + bytes, 0) };
}

/**
 * Refuses what cannot fit.
 * @param available bytes; by default the machine's memory
 * @throws Error with the numbers, and what would help.
 */
export function refuseIfTooLarge(needed: MemoryEstimate, available = totalmem()): void {
  if (needed.total <= available) return;
  throw new Error(
    `${describeMemory(needed)}, and this machine has ${gigabytes(available)}; choose a smaller model, LoRA of a lower rank, or fewer and shorter negotiations`,
  );
}

/** `needs about 3.1 GB: weights 0.5, training 0.1, …`. */
export function describeMemory(needed: MemoryEstimate): string {
  const { total, ...parts } = needed;
  const list = Object.entries(parts).map(([name, bytes]) => `${name} ${(bytes / 1e9).toFixed(2)}`);
  return `the run needs about ${gigabytes(total)}: ${list.join(', ')}`;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(2)} GB`;
}

/** Numbers in the weights that an adapter changes. */
function adaptedSize(config: ModelConfig, adapter: Extract<AdapterSettings, { kind: 'lora' }>): number {
  const modules = new Set(loraParameters(config, loraShape(adapter)).map(({ module }) => `${module}.weight`));
  return parameterCount(parametersOf(config).filter(({ name }) => modules.has(name)));
}

/** Floats alive in one micro-batch. The counts of tensors are those of our graphs; `memory.test.ts` holds them against the process. */
function activations(config: ModelConfig, plan: MemoryPlan, layerwise: boolean): number {
  const time = Math.min(plan.transcriptTokens, config.maxPositions);
  const tokens = Math.max(time, plan.tokensARun ?? tokensARun(layerwise));
  const heads = config.heads * config.headSize;
  const groups = config.keyValueHeads * config.headSize;
  const block = tokens * (10 * config.hiddenSize + 8 * heads + 8 * groups + 6 * config.intermediateSize + 4 * config.heads * time);
  const rows = layerwise ? Math.min(headRows(config.vocabularySize), tokens) : tokens;
  const logits = 8 * rows * config.vocabularySize;
  const products = keptBytes(config, tokens) / FLOAT;
  // A block whose products are kept has fewer of its own.
  const blocks = products > 0 ? 1.5 : 2.5;
  const kept = layerwise ? products + 2 * config.layers * tokens * config.hiddenSize + blocks * block : config.layers * block;
  return kept + logits;
}
