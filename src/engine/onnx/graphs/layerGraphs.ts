import { gradients } from '../graph/gradient';
import { Graph } from '../graph/graph';
import type { Value } from '../graph/value';
import type { ModelConfig } from '../model/config';
import { EMBEDDING, FINAL_NORM, HEAD, type LinearLayer, moduleName } from '../model/parameters';
import { causalAttention } from './causalAttention';
import type { LoraShape } from './loraShape';
import { type LossShape, outputScores, policyLoss, rowScores } from './loss';
import { type BatchShape, gradientName, type Trainable } from './trainGraph';
import { block, embed } from './transformer';
import { type FedWeights, weightInputs } from './weightInputs';

/** Weights of a block, under the names that they have in this layer. */
function ofLayer(layer: number): (name: string) => boolean {
  const prefix = `model.layers.${layer}.`;
  return (name) => name.startsWith(prefix);
}

/** The head's weights: the final norm, and the embedding where the two are tied. */
export function headWeights(config: ModelConfig): readonly string[] {
  return [FINAL_NORM, config.tiedHead ? EMBEDDING : HEAD];
}

/** `ids [B, T, 1]` to `y [B, T, hidden]`. */
export function embeddingGraph(config: ModelConfig, { batch, time }: BatchShape): Graph {
  const graph = new Graph('embedding');
  const weights = weightInputs(graph, config, null, 'merged', (name) => name === EMBEDDING);
  graph.output('y', embed(config, graph.input('ids', 'int64', [batch, time, 1]), weights));
  return graph;
}

/** The embedding's gradient from `dy [B, T, hidden]`. */
export function embeddingBackwardGraph(config: ModelConfig, { batch, time }: BatchShape): Graph {
  const graph = new Graph('embedding backward');
  const weights = weightInputs(graph, config, null, 'merged', (name) => name === EMBEDDING);
  const y = embed(config, graph.input('ids', 'int64', [batch, time, 1]), weights);
  const dy = graph.input('dy', 'float32', y.shape);
  for (const gradient of gradients(y, [weights.of(EMBEDDING)], dy)) graph.output(gradientName(EMBEDDING), gradient);
  return graph;
}

/** Linear layers whose products the way back needs; what `down_proj` gives is only added. */
export const KEPT_LAYERS = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj'] as const satisfies readonly LinearLayer[];

/** What a block's kept product, `[B, T, out]` and without bias, is called in its graphs. */
export function keptName(linear: (typeof KEPT_LAYERS)[number]): string {
  return `kept.${linear}`;
}

/**
 * One block, `x` to `y`, both `[B, T, hidden]`; its weights are inputs under the names of `layer`, which stands for all layers like it.
 * @param keep the products of `KEPT_LAYERS` are outputs, too
 */
export function blockGraph(config: ModelConfig, shape: BatchShape, layer: number, lora: LoraShape | null, keep: boolean): Graph {
  const graph = new Graph('block');
  const weights = weightInputs(graph, config, lora, 'merged', ofLayer(layer));
  const tell = (name: string, y: Value): Value => {
    graph.output(name, y);
    return y;
  };
  const told = keep ? { ...weights, project: keptProducts(layer, weights, tell) } : weights;
  const { y } = blockForward(graph, config, shape, layer, told);
  graph.output('y', y);
  return graph;
}

/**
 * A block's gradients: from `x` and `dy` to `dx` and those of what is trained in it. The forward pass is computed again.
 * @param kept the products of `KEPT_LAYERS` are inputs, and are not computed again
 */
export function blockBackwardGraph(config: ModelConfig, shape: BatchShape, layer: number, trainable: Trainable, kept: boolean): Graph {
  const graph = new Graph('block backward');
  const lora = trainable.kind === 'lora' ? trainable : null;
  const weights = weightInputs(graph, config, lora?.shape ?? null, 'merged', ofLayer(layer));
  // A kept product has the gradients of the one that it stands for; that one, which nobody reads, drops out of the graph.
  const given = (name: string, made: Value): Value =>
    graph.differentiatedBy(graph.input(name, 'float32', made.shape), [made], (g) => [() => g]);
  const told = kept ? { ...weights, project: keptProducts(layer, weights, given) } : weights;
  const { x, y } = blockForward(graph, config, shape, layer, told);
  const dy = graph.input('dy', 'float32', y.shape);
  const trained = lora ? weights.adapter : weights.base;
  const [dx, ...rest] = gradients(y, [x, ...trained.map(({ value }) => value)], dy);
  graph.output('dx', dx!);
  for (const [i, gradient] of rest.entries()) graph.output(gradientName(trained[i]!.name), gradient);
  return graph;
}

/** Products as `weights` makes them, those of `KEPT_LAYERS` passed through `keep` under their names. */
function keptProducts(layer: number, weights: FedWeights, keep: (name: string, y: Value) => Value): FedWeights['project'] {
  const names = new Map(KEPT_LAYERS.map((linear) => [moduleName(layer, linear), keptName(linear)]));
  return (x, module) => {
    const y = weights.project(x, module);
    const name = names.get(module);
    return name === undefined ? y : keep(name, y);
  };
}

function blockForward(graph: Graph, config: ModelConfig, shape: BatchShape, layer: number, weights: FedWeights): { x: Value; y: Value } {
  const x = graph.input('x', 'float32', [shape.batch, shape.time, config.hiddenSize]);
  const attention = causalAttention(graph, config, shape.batch, shape.time, null);
  return { x, y: graph.scope('block', () => block(graph, config, layer, x, weights, attention)) };
}

/** Scores of some of a batch's rows: `x [rows, hidden]` to `rowScores`' outputs. */
export function headGraph(config: ModelConfig, rows: number, loss: LossShape): Graph {
  const graph = new Graph('head');
  const names = headWeights(config);
  const weights = weightInputs(graph, config, null, 'merged', (name) => names.includes(name));
  outputScores(graph, rowScores(graph, config, graph.input('x', 'float32', [rows, config.hiddenSize]), loss, weights));
  return graph;
}

/** The loss of some of a batch's rows, and its gradients by `x [rows, hidden]` (as `dx`) and, in full training, by the head's weights. */
export function headBackwardGraph(config: ModelConfig, rows: number, loss: LossShape, full: boolean): Graph {
  const graph = new Graph('head backward');
  const names = headWeights(config);
  const weights = weightInputs(graph, config, null, 'merged', (name) => names.includes(name));
  const x = graph.input('x', 'float32', [rows, config.hiddenSize]);
  const total = policyLoss(graph, rowScores(graph, config, x, loss, weights), loss);
  const trained = full ? weights.base : [];
  const [dx, ...rest] = gradients(total, [x, ...trained.map(({ value }) => value)]);
  graph.output('dx', dx!);
  for (const [i, gradient] of rest.entries()) graph.output(gradientName(trained[i]!.name), gradient);
  return graph;
}
