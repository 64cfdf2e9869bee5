import { add, geluTanh, multiply, scale, silu } from '../graph/elementwise';
import { gatherRows } from '../graph/gather';
import type { Graph } from '../graph/graph';
import { gemm, linear } from '../graph/matmul';
import { rmsNorm } from '../graph/norm';
import { type RopeTables, rope } from '../graph/rope';
import { reshape } from '../graph/shape';
import type { Dim, Value } from '../graph/value';
import type { ModelConfig } from '../model/config';
import { EMBEDDING, FINAL_NORM, HEAD, hasBias, type LinearLayer, moduleName } from '../model/parameters';

/** Where a forward pass finds its weights. */
export interface Weights {
  /** A weight by Hugging Face's name. */
  of(name: string): Value;
  /** x · W of a linear layer, adapter and all, bias left out. */
  project(x: Value, module: string): Value;
  /** Where given, feed-forward layers run on columns. */
  readonly columns?: ColumnWeights;
}

/** Products on columns, one a token: `[in, N]` to `[out, N]`. */
export interface ColumnWeights {
  /** Rows `[…, in]` as columns. */
  enter(x: Value): Value;
  project(x: Value, module: string): Value;
  /** Columns as rows, with the leading axes of `like`. */
  leave(y: Value, like: Value): Value;
}

/** Rotations of queries (which also carry the attention scale) and of keys. */
export interface Rotations {
  readonly query: RopeTables;
  readonly key: RopeTables;
}

/** What differs between training and sampling. */
export interface AttentionInputs {
  rotations(layer: number): Rotations;
  /**
   * Attention itself.
   * @param q `[B, T, heads, size]`, rotated and scaled
   * @param k `[B, T, keyValueHeads, size]`, rotated
   * @param v as k
   * @returns `[B, T, heads · size]`
   */
  attend(layer: number, q: Value, k: Value, v: Value): Value;
  /**
   * Where the last block's output is wanted, `[B, T, hidden]` to `[B, P, hidden]`: elsewhere it has keys and values only, and its q has
   * P places instead of T. Left out, it is wanted everywhere.
   */
  pick?(x: Value): Value;
}

/** Token ids `[B, T, 1]` to the last block's output `[B, T, hidden]` (or `[B, P, hidden]`, where it is picked), before the final norm. */
export function transformer(graph: Graph, config: ModelConfig, ids: Value, weights: Weights, inputs: AttentionInputs): Value {
  let x = graph.scope('embedding', () => embed(config, ids, weights));
  for (let layer = 0; layer < config.layers; layer++)
    x = graph.scope(`layer ${layer}`, () => block(graph, config, layer, x, weights, inputs));
  return x;
}

/** Token ids to embeddings, scaled where the model does. */
export function embed(config: ModelConfig, ids: Value, weights: Weights): Value {
  const x = gatherRows(weights.of(EMBEDDING), ids);
  return config.gemmaNorms ? scale(x, Math.sqrt(config.hiddenSize)) : x;
}

/** One block: attention and feed-forward, each added to what it read. */
export function block(graph: Graph, config: ModelConfig, layer: number, x: Value, weights: Weights, inputs: AttentionInputs): Value {
  const name = (norm: string): string => `model.layers.${layer}.${norm}.weight`;
  const after = (norm: string, y: Value): Value => (config.gemmaNorms ? normed(config, y, weights.of(name(norm))) : y);
  const pick = (y: Value): Value => (layer === config.layers - 1 && inputs.pick ? inputs.pick(y) : y);
  const attended = graph.scope('attention', () => {
    const a = normed(config, x, weights.of(name('input_layernorm')));
    return after('post_attention_layernorm', attention(graph, config, layer, pick(a), a, weights, inputs));
  });
  const middle = add(pick(x), attended);
  const fed = graph.scope('mlp', () => {
    const m = normed(config, middle, weights.of(name(config.gemmaNorms ? 'pre_feedforward_layernorm' : 'post_attention_layernorm')));
    const { columns } = weights;
    const read = columns ? columns.enter(m) : m;
    const gate = dense(graph, config, layer, 'gate_proj', read, weights, columns);
    const up = dense(graph, config, layer, 'up_proj', read, weights, columns);
    const gated = multiply(config.activation === 'silu' ? silu(gate) : geluTanh(gate), up);
    const down = dense(graph, config, layer, 'down_proj', gated, weights, columns);
    return after('post_feedforward_layernorm', columns ? columns.leave(down, m) : down);
  });
  return add(middle, fed);
}

function attention(
  graph: Graph,
  config: ModelConfig,
  layer: number,
  wanted: Value,
  x: Value,
  weights: Weights,
  inputs: AttentionInputs,
): Value {
  const heads = (linear: 'q_proj' | 'k_proj' | 'v_proj', count: number): Value => {
    const y = dense(graph, config, layer, linear, linear === 'q_proj' ? wanted : x, weights);
    const [batch, time] = y.shape as readonly [Dim, Dim];
    return reshape(y, [batch, time, count, config.headSize]);
  };
  const unit = (y: Value, norm: 'q_norm' | 'k_norm'): Value =>
    config.queryKeyNorm ? normed(config, y, weights.of(`model.layers.${layer}.self_attn.${norm}.weight`)) : y;
  const { query, key } = inputs.rotations(layer);
  const q = rope(unit(heads('q_proj', config.heads), 'q_norm'), query);
  const k = rope(unit(heads('k_proj', config.keyValueHeads), 'k_norm'), key);
  const v = heads('v_proj', config.keyValueHeads);
  return dense(graph, config, layer, 'o_proj', inputs.attend(layer, q, k, v), weights);
}

/** x · W + b of a linear layer, adapter and all. @param columns where x is columns */
export function dense(
  graph: Graph,
  config: ModelConfig,
  layer: number,
  linear: LinearLayer,
  x: Value,
  weights: Weights,
  columns?: ColumnWeights,
): Value {
  return graph.scope(linear, () => {
    const module = moduleName(layer, linear);
    const y = (columns ?? weights).project(x, module);
    if (!hasBias(config, linear)) return y;
    const bias = weights.of(`${module}.bias`);
    return add(y, columns ? reshape(bias, [...bias.shape, 1]) : bias);
  });
}

/** RMS norm with a stored weight; Gemma's multiplies by 1 + w. */
export function normed(config: ModelConfig, x: Value, w: Value): Value {
  return rmsNorm(x, config.gemmaNorms ? add(w, w.graph.scalar(1)) : w, config.normEpsilon);
}

/** Rows `[R, hidden]` of the last block's output to logits over temperature, `[R, vocabulary]`. Declares the input `inverseTemperature []`. */
export function head(graph: Graph, config: ModelConfig, rows: Value, weights: Weights): Value {
  return graph.scope('head', () => logits(graph, config, normed(config, rows, weights.of(FINAL_NORM)), weights));
}

/** The same of rows that have been normed. */
export function logits(graph: Graph, config: ModelConfig, rows: Value, weights: Pick<Weights, 'of'>): Value {
  // Before the product, where there are fewer numbers than behind it.
  const x = multiply(rows, graph.input('inverseTemperature', 'float32', []));
  return gemm(x, weights.of(config.tiedHead ? EMBEDDING : HEAD), { transposeB: true });
}

/** Weights that are fed as they are, with no adapter. */
export function plainWeights(of: (name: string) => Value): Weights {
  return { of, project: (x, module) => linear(x, of(`${module}.weight`)) };
}
