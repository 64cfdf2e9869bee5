import { add, divide, exp, log, multiply, subtract, toFloat } from '../graph/elementwise';
import { gatherElements, gatherRows } from '../graph/gather';
import { Graph } from '../graph/graph';
import { batchedMatmul } from '../graph/matmul';
import { sum } from '../graph/reduce';
import { remembered } from '../graph/remembered';
import { concat, reshape, slice, transpose } from '../graph/shape';
import { distribution, entropy, softmax } from '../graph/softmax';
import { type Dim, staticShape, type Value } from '../graph/value';
import type { ModelConfig } from '../model/config';
import { ropeCopies } from '../model/ropeTables';
import type { LoraShape } from './loraShape';
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
  const spoken = gatherRows(logits, graph.input('speaker', 'int64', ['L', 1]));
  graph.scope('sample', () => sample(graph, config, spoken, truncated));
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
      const old = batchedMatmul(part(graph, weights, 0, slots, 'cap'), past(names.pastValue));
      const fresh = batchedMatmul(part(graph, weights, slots, Number.MAX_SAFE_INTEGER, 'n'), newValue);
      const attended = reshape(add(old, fresh), ['B', heads, columns, size]);
      return reshape(transpose(attended, [0, 2, 1, 3]), ['B', columns, heads * size]);
    },
  };
}

/** Places `from` to `to` of the last axis, whose number is known only at run time. */
function part(graph: Graph, x: Value, from: number | Value, to: number | Value, size: string): Value {
  const bound = (at: number | Value): Value => (typeof at === 'number' ? graph.integers([at]) : at);
  return graph.node('Slice', [x, bound(from), bound(to), graph.integers([3])], { shape: [...x.shape.slice(0, -1), size] });
}

/** Which rotations and which mask a layer has. */
export function attentionKind(config: ModelConfig, layer: number): 'full' | 'sliding' {
  return config.windows[layer] == null ? 'full' : 'sliding';
}

function sample(graph: Graph, config: ModelConfig, logits: Value, truncated: boolean): void {
  const table = graph.input('maskTable', 'float32', ['K', config.vocabularySize]);
  const full = distribution(logits);
  const masked = distribution(add(logits, gatherRows(table, graph.input('maskRow', 'int64', ['L', 1]))));
  const kept = truncated ? truncate(graph, config, masked.weights) : masked.weights;
  const cumulated = cumulate(graph, kept);
  const total = slice(cumulated, 1, config.vocabularySize - 1, config.vocabularySize);
  const threshold = multiply(graph.input('uniform', 'float32', ['L', 1]), total);
  const below = toFloat(graph.node('LessOrEqual', [cumulated, threshold], { dtype: 'bool', shape: logits.shape }));
  const token = toInteger(graph, sum(below, [-1]));
  graph.output('token', token);
  const logTotal = truncated ? log(sum(kept, [-1])) : masked.logTotal;
  graph.output('logProb', subtract(gatherElements(masked.shifted, token), logTotal));
  const valid = gatherRows(table, graph.input('validRow', 'int64', ['L', 1]));
  const allowed = sum(multiply(full.weights, exp(valid)), [-1]);
  graph.output('validMass', divide(allowed, full.total));
  graph.output('entropy', entropy(full));
}

/** Weights with all but the likeliest set to 0: first top-k, then top-p of what is left (Holtzman et al. 2020). Ties are kept together. */
function truncate(graph: Graph, config: ModelConfig, weights: Value): Value {
  const { shape } = weights;
  const atLeast = (x: Value, least: Value): Value =>
    multiply(x, toFloat(graph.node('GreaterOrEqual', [x, least], { dtype: 'bool', shape })));
  const sorted = graph.node('TopK', [weights, graph.integers([config.vocabularySize])], {
    attributes: { axis: { kind: 'int', value: 1 } },
    shape,
    unread: 1,
  });
  const place = graph.input('lastPlace', 'int64', [1]);
  const kth = graph.node('Gather', [sorted, place], { attributes: { axis: { kind: 'int', value: 1 } }, shape: ['L', 1] });
  const left = atLeast(sorted, kth);
  // A token is kept while the mass before it is below topP, so that the one which crosses it is the last.
  const before = subtract(cumulate(graph, left), left);
  const wanted = multiply(sum(left, [-1]), graph.input('topP', 'float32', []));
  const counted = toFloat(graph.node('Less', [before, wanted], { dtype: 'bool', shape }));
  const last = toInteger(graph, subtract(sum(counted, [-1]), graph.scalar(1)));
  const least = graph.node('Max', [kth, gatherElements(sorted, last)], { shape: ['L', 1] });
  return atLeast(weights, least);
}

function cumulate(graph: Graph, x: Value): Value {
  return graph.node('CumSum', [x, graph.constant('int64', [], BigInt64Array.of(1n))], { shape: x.shape });
}

function toInteger(graph: Graph, x: Value): Value {
  return graph.node('Cast', [x], { attributes: { to: { kind: 'int', value: 7 } }, dtype: 'int64', shape: x.shape });
}
