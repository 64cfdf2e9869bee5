import { gatherRows } from '../graph/gather';
import { gradients } from '../graph/gradient';
import { Graph } from '../graph/graph';
import { reshape } from '../graph/shape';
import type { Value } from '../graph/value';
import type { ModelConfig } from '../model/config';
import { parametersOf } from '../model/parameters';
import { causalAttention } from './causalAttention';
import { type LoraShape, loraParameters } from './loraShape';
import { type LossShape, outputScores, policyLoss, rowScores } from './loss';
import { transformer, type Weights } from './transformer';
import { weightInputs } from './weightInputs';

/** The sizes that a graph is built for. */
export interface BatchShape {
  /** Sequences. */
  readonly batch: number;
  /** Tokens a sequence. */
  readonly time: number;
  /** Produced tokens in all: only they go through the head. */
  readonly rows: number;
  /** Most produced tokens of a sequence, where they are few enough that the last block is computed for them alone; null computes it whole. */
  readonly places: number | null;
}

/** What a graph trains. */
export type Trainable = { readonly kind: 'full' } | { readonly kind: 'lora'; readonly shape: LoraShape };

/** Gradient output of a parameter. */
export function gradientName(parameter: string): string {
  return `gradient.${parameter}`;
}

/** Names and shapes of what is trained, in the order of the flat parameter vector. */
export function trainedParameters(
  config: ModelConfig,
  trainable: Trainable,
): { readonly name: string; readonly shape: readonly number[] }[] {
  return trainable.kind === 'full' ? parametersOf(config) : loraParameters(config, trainable.shape);
}

/**
 * log π of produced tokens, and entropies. Inputs besides the weights and `rowScores`': `ids [B, T, 1]` and `rows [R, 1]` (index into the
 * flattened B·T of the token before each produced one; with `causalAttention`'s places, into the flattened B·P). Outputs `logProb`, `klLogProb`, `entropy`, `[R, 1]`.
 */
export function scoreGraph(config: ModelConfig, shape: BatchShape, loss: LossShape, lora: LoraShape | null): Graph {
  const graph = new Graph('score');
  const weights = weightInputs(graph, config, lora, 'merged');
  outputScores(graph, rowScores(graph, config, producedRows(graph, config, shape, weights), loss, weights));
  return graph;
}

/**
 * The loss of one micro-batch and its gradients. The rows' weights are 1/N over the whole batch, so that the gradients of its
 * micro-batches add up. Inputs are `scoreGraph`'s and `policyLoss`', outputs `policyLoss`' and a gradient for each trained parameter.
 */
export function trainGraph(config: ModelConfig, shape: BatchShape, lossShape: LossShape, trainable: Trainable): Graph {
  const graph = new Graph('train');
  const lora = trainable.kind === 'lora' ? trainable : null;
  const weights = weightInputs(graph, config, lora?.shape ?? null, 'merged');
  const loss = policyLoss(graph, rowScores(graph, config, producedRows(graph, config, shape, weights), lossShape, weights), lossShape);
  const trained = trainable.kind === 'full' ? weights.base : weights.adapter;
  for (const [i, gradient] of gradients(
    loss,
    trained.map(({ value }) => value),
  ).entries())
    graph.output(gradientName(trained[i]!.name), gradient);
  return graph;
}

/** The last block's output where it predicts produced tokens, `[R, hidden]`. */
function producedRows(graph: Graph, config: ModelConfig, { batch, time, rows, places }: BatchShape, weights: Weights): Value {
  const ids = graph.input('ids', 'int64', [batch, time, 1]);
  const x = transformer(graph, config, ids, weights, causalAttention(graph, config, batch, time, places));
  const flat = reshape(x, [batch * (places ?? time), config.hiddenSize]);
  return gatherRows(flat, graph.input('rows', 'int64', [rows, 1]));
}
