import { add, divide, minimum, multiply, reciprocal, squareRoot, subtract } from '../graph/elementwise';
import { Graph } from '../graph/graph';
import { sum } from '../graph/reduce';
import { reshape } from '../graph/shape';
import type { Value } from '../graph/value';

/** What torch's clip_grad_norm_ adds to the norm before it divides. */
const NORM_EPSILON = 1e-6;

/**
 * One AdamW step (Loshchilov & Hutter 2019) over a flat vector, after clipping the gradient's global norm.
 * Inputs `parameters`, `m`, `v`, `gradient` `[n]`, and the scalars `clipNorm`, `stepSize` (learning rate ÷ (1 − β₁ᵗ)), `correction`
 * (1 − β₂ᵗ), `beta1`, `beta2`, `epsilon`, `keep` (1 − learning rate · weight decay). Outputs `newParameters`, `newM`, `newV`, and `norm [1]` before clipping.
 */
export function adamGraph(size: number): Graph {
  const graph = new Graph('adam');
  const vector = (name: string): Value => graph.input(name, 'float32', [size]);
  const scalar = (name: string): Value => graph.input(name, 'float32', []);
  const one = graph.scalar(1);
  const raw = vector('gradient');
  const norm = squareRoot(sum(multiply(raw, raw), [0]));
  const shrink = minimum(multiply(scalar('clipNorm'), reciprocal(add(norm, graph.scalar(NORM_EPSILON)))), one);
  const g = multiply(raw, shrink);
  const beta1 = scalar('beta1');
  const beta2 = scalar('beta2');
  const m = add(multiply(vector('m'), beta1), multiply(g, subtract(one, beta1)));
  const v = add(multiply(vector('v'), beta2), multiply(multiply(g, g), subtract(one, beta2)));
  const spread = add(squareRoot(divide(v, scalar('correction'))), scalar('epsilon'));
  const moved = subtract(multiply(vector('parameters'), scalar('keep')), multiply(divide(m, spread), scalar('stepSize')));
  graph.output('newParameters', moved);
  graph.output('newM', m);
  graph.output('newV', v);
  graph.output('norm', reshape(norm, [1]));
  return graph;
}
