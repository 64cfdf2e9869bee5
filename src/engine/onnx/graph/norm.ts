import { add, multiply, reciprocal, squareRoot, subtract } from './elementwise';
import { mean, unbroadcast } from './reduce';
import { showShape, type Value } from './value';

/**
 * Root-mean-square norm over the last axis: x̂ · w, x̂ = x / √(mean x² + ε).
 * With r = 1/√(…): dx = r · (gw − x̂ · mean(gw · x̂)), by hand.
 * @param w `[size of the last axis]`
 */
export function rmsNorm(x: Value, w: Value, epsilon: number): Value {
  const { graph } = x;
  if (w.shape.length !== 1 || w.shape[0] !== x.shape.at(-1))
    graph.fail('RMSNorm', `weight ${showShape(w.shape)} for ${showShape(x.shape)}`);
  const r = reciprocal(squareRoot(add(mean(multiply(x, x), [-1]), graph.scalar(epsilon))));
  const unit = multiply(x, r);
  return graph.differentiatedBy(multiply(unit, w), [x, w], (g) => [
    () => {
      const gw = multiply(g, w);
      return multiply(r, subtract(gw, multiply(unit, mean(multiply(gw, unit), [-1]))));
    },
    () => unbroadcast(multiply(g, unit), w.shape),
  ]);
}
