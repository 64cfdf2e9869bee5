import { add } from '../graph/elementwise';
import { gatherRows } from '../graph/gather';
import { Graph } from '../graph/graph';
import { batchedMatmul } from '../graph/matmul';
import { remembered } from '../graph/remembered';
import { concat, reshape, transpose } from '../graph/shape';
import { softmax } from '../graph/softmax';
import { type Dim, staticShape, type Value } from '../graph/value';
import type { ModelConfig } from '../model/config';
import { ropeCopies } from '../model/ropeTables';
import type { LoraShape } from './loraShape';
import { sampleToken } from './sampleToken';
import { type AttentionInputs, head, transformer } from './transformer';
import { turnedWeightInputs } from './turnedWeights';
import { weightInputs } from './weightInputs';

/** Names of a layer's cache inputs and of the new entries that the graph returns. */
export function cacheNames(layer: number): { pastKey: string; pastValue: string; newKey: string; newValue: string } {
  return { pastKey: `pastKey.${layer}`, pastValue: `pastValue.${layer}`, newKey: `newKey.${layer}`, newValue: `newValue.${layer}` };
}

/**
 * Reads n new tokens on each of B rows and samples the next one of L transcripts. All sizes are open: B rows, n columns, a cache of `cap` slots.
 * Inputs besides the weights: `ids [B, n, 1]`, `positions [B, n, 1]`, rotation tables `[P, copies·size]`, `pastKey/pastValue [B, groups, cap, size]`
 * a layer, `slots [1]` (cap), `full.seen` and `sliding.seen` `[b, 1, repeat·n, cap+n]` (0 or −1e9; b is B or 1), of each row's last real token, for which alone the last block is
 * computed, `last [B, 1, 1]` (index into B·n), `lastPosition [B, 1, 1]` and `lastSeen [b, 1, repeat, cap+n]`, then
 * `speaker [L, 1]` (the row of each transcript), `uniform [L, 1]`, `maskTable [K, V]` with the rows `maskRow [L, 1]` (what may be sampled) and
 * `validRow [L, 1]` (what valid mass is measured against), `inverseTemperature []`.
 * The token is the inverse of the cumulated distribution at `uniform`: the number of tokens whose cumulated weight is at most uniform · total.
 * With `truncated`, only the likeliest tokens count, places 0 to `lastPlace [1]`, and of them the likeliest that together make `topP []` of the rest.
 * With `turned`, the weights of linear layers are `[out, in]`.
 * Outputs: `token [L, 1]`, `logProb`, `validMass`, `entropy` `[L, 1]`, and the new cache entries `[B, groups, n, size]`.
 */
export function stepGraph(config: ModelConfig, lora: LoraShape | null, truncated = false, turned = false): Graph {
  const graph = new Graph('step');
  const weights = turned ? turnedWeightInputs(graph, config, lora) : weightInputs(graph, config, lora, 'factored');
  const ids = graph.input('ids', 'int64', ['B', 'n', 1]);
  const x = transformer(graph, config, ids, weights, cachedAttention(graph, config));
  const logits = head(graph, config, reshape(x, ['B', config.hiddenSize]), weights);
  sampleToken(graph, config, logits, truncated, false);
  return graph;
}

function cachedAttention(graph: Graph, config: ModelConfig): AttentionInputs {
  const { heads, keyValueHeads: groups, headSize: size } = config;
  const index = (name: string, columns: Dim): Value => graph.input(name, 'int64', ['B', columns, 1]);
  const [positions, last, lastPosition] = [index('positions', 'n'), index('last', 1), index('lastPosition', 1)];
  const isLast = (layer: number): boolean => layer === config.layers - 1;
  const seen = remembered((name: string) => graph.input(name, 'float32', [`${name} rows`, 1, `${name} columns`, 'S']));
  const queryTable = remembered((name: string) => graph.input(name, 'float32', ['P', ropeCopies(heads, size) * size]));
  const keyTable = remembered((name: string) => graph.input(name, 'float32', ['P', ropeCopies(groups, size) * size]));
  const turned = (table: Value, at: Value): Value => {
    const [rows, columns] = at.shape as [Dim, Dim];
    return reshape(gatherRows(table, at), [rows, columns, staticShape(table.shape.slice(1))[0]! / size, size]);
  };
  const queries = remembered((name: string) => turned(queryTable(name), positions));
  const keys = remembered((name: string) => turned(keyTable(name), positions));
  const lastQueries = (name: string): Value => turned(queryTable(name), lastPosition);
  const slots = graph.input('slots', 'int64', [1]);
  return {
    rotations: (layer) => {
      const kind = attentionKind(config, layer);
      const query = isLast(layer) ? lastQueries : queries;
      return {
        query: { cos: query(`${kind}.query.cos`), sin: query(`${kind}.query.sin`) },
        key: { cos: keys(`${kind}.key.cos`), sin: keys(`${kind}.key.sin`) },
      };
    },
    pick: (x) => gatherRows(reshape(x, ['N', config.hiddenSize]), last),
    attend: (layer, q, k, v) => {
      const columns = q.shape[1]!;
      const names = cacheNames(layer);
      const newKey = transpose(k, [0, 2, 1, 3]);
      const newValue = transpose(v, [0, 2, 1, 3]);
      graph.output(names.newKey, newKey);
      graph.output(names.newValue, newValue);
      const past = (name: string): Value => graph.input(name, 'float32', ['B', groups, 'cap', size]);
      const each = typeof columns === 'number' ? (columns * heads) / groups : heads === groups ? columns : 'm';
      const asking = reshape(transpose(q, [0, 2, 1, 3]), ['B', groups, each, size]);
      const against = (known: Value): Value => batchedMatmul(asking, transpose(known, [0, 1, 3, 2]));
      // Scores and results of old and new slots are put together, not the slots themselves: the cache is never copied.
      const scores = concat([against(past(names.pastKey)), against(newKey)], 3, 'S');
      const mask = seen(isLast(layer) ? 'lastSeen' : `${attentionKind(config, layer)}.seen`);
      const weights = softmax(graph.node('Add', [scores, mask], { shape: scores.shape }));
      const old = batchedMatmul(lastPlaces(graph, weights, 0, slots, 'cap'), past(names.pastValue));
      const fresh = batchedMatmul(lastPlaces(graph, weights, slots, Number.MAX_SAFE_INTEGER, 'n'), newValue);
      const attended = reshape(add(old, fresh), ['B', heads, columns, size]);
      return reshape(transpose(attended, [0, 2, 1, 3]), ['B', columns, heads * size]);
    },
  };
}

/** Places `from` to `to` of the last axis, whose number is known only at run time. */
export function lastPlaces(graph: Graph, x: Value, from: number | Value, to: number | Value, size: Dim): Value {
  const bound = (at: number | Value): Value => (typeof at === 'number' ? graph.integers([at]) : at);
  return graph.node('Slice', [x, bound(from), bound(to), graph.integers([3])], { shape: [...x.shape.slice(0, -1), size] });
}

/** Which rotations and which mask a layer has. */
export function attentionKind(config: ModelConfig, layer: number): 'full' | 'sliding' {
  return config.windows[layer] == null ? 'full' : 'sliding';
}
