import { add, divide, exp, log, minimum, multiply, subtract, toFloat } from '../graph/elementwise';
import { gatherElements, gatherRows } from '../graph/gather';
import type { Graph } from '../graph/graph';
import { sum } from '../graph/reduce';
import { pad, reshape, slice } from '../graph/shape';
import { distribution, entropy } from '../graph/softmax';
import { staticShape, type Value } from '../graph/value';
import type { ModelConfig } from '../model/config';

/** Next to 1 in float32. */
const BELOW_ONE = 1 - 2 ** -23;

/**
 * Samples from logits over temperature `[B, vocabulary]`: inputs, method and outputs are `stepGraph`'s, from `speaker` on.
 * @param inRuns looks for the token in two steps: quicker on a CPU, while WebGPU has not the operators
 * @param free nothing is masked, and valid mass is measured against nothing: there are neither the inputs nor the output for that
 */
export function sampleToken(graph: Graph, config: ModelConfig, logits: Value, truncated: boolean, inRuns: boolean, free = false): void {
  const spoken = gatherRows(logits, graph.input('speaker', 'int64', ['L', 1]));
  graph.scope('sample', () => sample(graph, config, spoken, truncated, inRuns, free));
}

function sample(graph: Graph, config: ModelConfig, logits: Value, truncated: boolean, inRuns: boolean, free: boolean): void {
  const table = free ? null : graph.input('maskTable', 'float32', ['K', config.vocabularySize]);
  const full = distribution(logits);
  const masked = table ? distribution(add(logits, gatherRows(table, graph.input('maskRow', 'int64', ['L', 1])))) : full;
  const kept = truncated ? truncate(graph, config, masked.weights) : masked.weights;
  const token = inverse(
    graph,
    kept,
    inRuns ? runLength(config.vocabularySize) : config.vocabularySize,
    graph.input('uniform', 'float32', ['L', 1]),
  );
  graph.output('token', token);
  const logTotal = truncated ? log(sum(kept, [-1])) : masked.logTotal;
  graph.output('logProb', subtract(gatherElements(masked.shifted, token), logTotal));
  graph.output('entropy', entropy(full));
  if (!table) return;
  const valid = gatherRows(table, graph.input('validRow', 'int64', ['L', 1]));
  const allowed = sum(multiply(full.weights, exp(valid)), [-1]);
  graph.output('validMass', divide(allowed, full.total));
}

/**
 * The token at which the weights' sum passes uniform · total, `[L, 1]`: first its run of `length` tokens, then its place there, since CumSum is
 * slow. Rounding never makes it one without weight: a threshold lies below the last of the sums that it is held against.
 */
function inverse(graph: Graph, weights: Value, length: number, uniform: Value): Value {
  const [size] = staticShape(weights.shape.slice(1)) as [number];
  const runs = size / length;
  if (runs === 1) {
    const sums = cumulate(graph, weights);
    return passing(graph, sums, multiply(uniform, slice(sums, 1, size - 1, size)));
  }
  const sums = cumulate(graph, reshape(sum(reshape(weights, ['L', runs, length]), [-1]), ['L', runs]));
  const threshold = multiply(uniform, slice(sums, 1, runs - 1, runs));
  const run = passing(graph, sums, threshold);
  // What the runs before it make together; nothing before the first.
  const before = gatherElements(pad(slice(sums, 1, 0, runs - 1), 1, 1, 0), run);
  const start = graph.node('Mul', [run, graph.integers([length])], { dtype: 'int64', shape: run.shape });
  const places = graph.constant(
    'int64',
    [1, length],
    BigInt64Array.from({ length }, (_, i) => BigInt(i)),
  );
  const tokens = graph.node('Add', [start, places], { dtype: 'int64', shape: ['L', length] });
  const attributes = { axis: { kind: 'int', value: 1 } } as const;
  const own = cumulate(graph, graph.node('GatherElements', [weights, tokens], { attributes, shape: ['L', length] }));
  const place = passing(graph, own, subtract(threshold, before));
  return graph.node('Add', [start, place], { dtype: 'int64', shape: ['L', 1] });
}

/** The first place of each row of growing `sums` that is above `threshold [L, 1]`; where none is, the first of the largest. */
function passing(graph: Graph, sums: Value, threshold: Value): Value {
  const size = staticShape(sums.shape.slice(1))[0]!;
  const most = multiply(slice(sums, 1, size - 1, size), graph.scalar(BELOW_ONE));
  const bounded = minimum(threshold, most);
  return toInteger(graph, sum(toFloat(graph.node('LessOrEqual', [sums, bounded], { dtype: 'bool', shape: sums.shape })), [-1]));
}

/** The smallest divisor of the vocabulary's size from its square root on; the size itself where that is prime. */
function runLength(size: number): number {
  let best = 1;
  for (let divisor = 2; divisor * divisor <= size; divisor++) if (size % divisor === 0) best = divisor;
  return size / best;
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
