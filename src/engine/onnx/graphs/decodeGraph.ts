import { add, geluTanh, multiply, silu } from '../graph/elementwise';
import { addedNorm, productWithTransposed, rotated } from '../graph/fused';
import { Graph } from '../graph/graph';
import { batchedMatmul } from '../graph/matmul';
import { concat, reshape } from '../graph/shape';
import { softmax } from '../graph/softmax';
import type { Value } from '../graph/value';
import type { ModelConfig } from '../model/config';
import { FINAL_NORM, type LinearLayer } from '../model/parameters';
import type { LoraShape } from './loraShape';
import { sampleToken } from './sampleToken';
import { cacheNames, lastPlaces } from './stepGraph';
import { dense, embed, logits, normed } from './transformer';
import { type HeldWeights, weightInputs } from './weightInputs';

/** Whether `decodeGraph` knows a model's shape: all layers see alike, and there are no norms behind each part, as Gemma has. */
export function decodes(config: ModelConfig): boolean {
  return !config.gemmaNorms && config.windows.every((window) => window === null);
}

/**
 * `stepGraph` where each row reads one token, on a CPU: since a step of few rows is mostly the cost of its many small nodes, some are
 * operators of onnxruntime's own, and with one column nothing has to be transposed.
 * Inputs besides the weights: `ids [B, 1, 1]`, `position [B, 1]`, the angles' `cos` and `sin` of `query` (times the attention scale) and `key`, `[P, size / 2]`, `pastKey/pastValue [B, groups, cap, size]` a
 * layer, `slots [1]` (cap), `lastSeen [b, 1, repeat, cap+1]`, and from `speaker` on `stepGraph`'s. Outputs: `stepGraph`'s.
 * @param held weights that are part of the graph: onnxruntime puts them into its own order once, when a session opens
 * @param free as `sampleToken`'s
 */
export function decodeGraph(
  config: ModelConfig,
  lora: LoraShape | null,
  truncated: boolean,
  held: HeldWeights | null,
  free: boolean,
): Graph {
  const graph = new Graph('decode');
  const { heads, keyValueHeads: groups, headSize: size, normEpsilon } = config;
  const weights = weightInputs(graph, config, lora, 'factored', undefined, held);
  const of = (layer: number, name: string): Value => weights.of(`model.layers.${layer}.${name}.weight`);
  const past = (name: string): Value => graph.input(name, 'float32', ['B', groups, 'cap', size]);
  const ids = graph.input('ids', 'int64', ['B', 1, 1]);
  const position = graph.input('position', 'int64', ['B', 1]);
  const angles = (name: string): Value => graph.input(name, 'float32', ['P', size / 2]);
  const rotations = {
    q_proj: { cos: angles('query.cos'), sin: angles('query.sin') },
    k_proj: { cos: angles('key.cos'), sin: angles('key.sin') },
  };
  const slots = graph.input('slots', 'int64', [1]);
  const mask = graph.input('lastSeen', 'float32', ['b', 1, heads / groups, 'S']);

  const attended = (layer: number, read: Value): Value => {
    const project = (linear: LinearLayer, from = read): Value => dense(graph, config, layer, linear, from, weights);
    const turned = (linear: 'q_proj' | 'k_proj', norm: 'q_norm' | 'k_norm', count: number): Value => {
      const y = reshape(project(linear), ['B', count, 1, size]);
      return rotated(config.queryKeyNorm ? normed(config, y, of(layer, `self_attn.${norm}`)) : y, position, rotations[linear]);
    };
    const names = cacheNames(layer);
    const q = reshape(turned('q_proj', 'q_norm', heads), ['B', groups, heads / groups, size]);
    const k = turned('k_proj', 'k_norm', groups);
    const v = reshape(project('v_proj'), ['B', groups, 1, size]);
    graph.output(names.newKey, k);
    graph.output(names.newValue, v);
    const against = (known: Value): Value => productWithTransposed(q, known);
    const scores = concat([against(past(names.pastKey)), against(k)], 3, 'S');
    const shares = softmax(graph.node('Add', [scores, mask], { shape: scores.shape }));
    const old = batchedMatmul(lastPlaces(graph, shares, 0, slots, 'cap'), past(names.pastValue));
    // The new token's own share times its value: one number a head, so that a product would be a detour.
    const own = lastPlaces(graph, shares, slots, Number.MAX_SAFE_INTEGER, 1);
    const fresh = graph.node('Mul', [own, v], { shape: old.shape });
    return project('o_proj', reshape(add(old, fresh), ['B', 1, heads * size]));
  };

  let x = graph.scope('embedding', () => embed(config, ids, weights));
  let read = graph.scope('layer 0', () => normed(config, x, of(0, 'input_layernorm')));
  for (let layer = 0; layer < config.layers; layer++) {
    graph.scope(`layer ${layer}`, () => {
      const project = (linear: LinearLayer, from: Value): Value => dense(graph, config, layer, linear, from, weights);
      const middle = addedNorm(x, attended(layer, read), of(layer, 'post_attention_layernorm'), normEpsilon);
      const gate = project('gate_proj', middle.normed);
      const gated = multiply(config.activation === 'silu' ? silu(gate) : geluTanh(gate), project('up_proj', middle.normed));
      const next = layer === config.layers - 1 ? weights.of(FINAL_NORM) : of(layer + 1, 'input_layernorm');
      ({ sum: x, normed: read } = addedNorm(middle.sum, project('down_proj', gated), next, normEpsilon));
    });
  }
  const spoken = graph.scope('head', () => logits(graph, config, reshape(read, ['B', config.hiddenSize]), weights));
  sampleToken(graph, config, spoken, truncated, true, free);
  return graph;
}
