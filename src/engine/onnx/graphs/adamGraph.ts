import { add, divide, minimum, multiply, reciprocal, squareRoot, subtract } from '../graph/elementwise';
import { Graph } from '../graph/graph';
import { sum } from '../graph/reduce';
import type { Value } from '../graph/value';

/** What torch's clip_grad_norm_ adds to the norm before it divides. */
const NORM_EPSILON = 1e-6;

/** The norm of a `gradient [n]` (`norm [1]`) and what it is multiplied by so that it is at most `clipNorm` (`shrink [1]`). */
export function clipGraph(size: number): Graph {
  const graph = new Graph('clip');
  const gradient = graph.input('gradient', 'float32', [size]);
  const norm = squareRoot(sum(multiply(gradient, gradient), [0]));
  const ratio = multiply(graph.input('clipNorm', 'float32', []), reciprocal(add(norm, graph.scalar(NORM_EPSILON))));
  graph.output('norm', norm);
  graph.output('shrink', minimum(ratio, graph.scalar(1)));
  return graph;
}

/**
 * One AdamW step (Loshchilov & Hutter 2019) over a part of a flat vector, of any length.
 * Inputs `parameters`, `m`, `v`, `gradient` `[n]`, `shrink [1]`, and the scalars `stepSize` (learning rate ÷ (1 − β₁ᵗ)), `correction`
 * (1 − β₂ᵗ), `beta1`, `beta2`, `epsilon`, `keep` (1 − learning rate · weight decay). Outputs `newParameters`, `newM`, `newV`.
 */
export function adamGraph(): Graph {
  const graph = new Graph('adam');
  const vector = (name: string): Value => graph.input(name, 'float32', ['n']);
  const scalar = (name: string): Value => graph.input(name, 'float32', []);
  const one = graph.scalar(1);
  const g = multiply(vector('gradient'), graph.input('shrink', 'float32', [1]));
  const beta1 = scalar('beta1');
  const beta2 = scalar('beta2');
  const m = add(multiply(vector('m'), beta1), multiply(g, subtract(one, beta1)));
  const v = add(multiply(vector('v'), beta2), multiply(multiply(g, g), subtract(one, beta2)));
  const spread = add(squareRoot(divide(v, scalar('correction'))), scalar('epsilon'));
  const moved = subtract(multiply(vector('parameters'), scalar('keep')), multiply(divide(m, spread), scalar('stepSize')));
  graph.output('newParameters', moved);
  graph.output('newM', m);
  graph.output('newV', v);
  return graph;
}
