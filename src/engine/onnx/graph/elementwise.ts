import type { Graph } from './graph';
import { unbroadcast } from './reduce';
import { broadcastShape, type Shape, showShape, sizeOf, type Value } from './value';

function broadcast(op: string, a: Value, b: Value): Shape {
  const shape = broadcastShape(a.shape, b.shape);
  if (a.dtype !== b.dtype) a.graph.fail(op, `element types ${a.dtype} and ${b.dtype} differ`);
  return shape ?? a.graph.fail(op, `shapes ${showShape(a.shape)} and ${showShape(b.shape)} do not broadcast`);
}

/** A constant filled with one number. */
export function fill(graph: Graph, shape: readonly number[], x: number): Value {
  return graph.constant('float32', shape, new Float32Array(sizeOf(shape)).fill(x));
}

/** a + b. */
export function add(a: Value, b: Value): Value {
  return a.graph.node('Add', [a, b], {
    dtype: a.dtype,
    shape: broadcast('Add', a, b),
    vjp: (g) => [() => unbroadcast(g, a.shape), () => unbroadcast(g, b.shape)],
  });
}

/** a − b. */
export function subtract(a: Value, b: Value): Value {
  return a.graph.node('Sub', [a, b], {
    dtype: a.dtype,
    shape: broadcast('Sub', a, b),
    vjp: (g) => [() => unbroadcast(g, a.shape), () => unbroadcast(negate(g), b.shape)],
  });
}

/** a · b, element by element. */
export function multiply(a: Value, b: Value): Value {
  return a.graph.node('Mul', [a, b], {
    dtype: a.dtype,
    shape: broadcast('Mul', a, b),
    vjp: (g) => [() => unbroadcast(multiply(g, b), a.shape), () => unbroadcast(multiply(g, a), b.shape)],
  });
}

/** x · k. */
export function scale(x: Value, k: number): Value {
  return k === 1 ? x : multiply(x, x.graph.scalar(k));
}

/** a / b. */
export function divide(a: Value, b: Value): Value {
  const y: Value = a.graph.node('Div', [a, b], {
    shape: broadcast('Div', a, b),
    vjp: (g) => [() => unbroadcast(divide(g, b), a.shape), () => unbroadcast(negate(divide(multiply(g, a), multiply(b, b))), b.shape)],
  });
  return y;
}

/** −x. */
export function negate(x: Value): Value {
  return x.graph.node('Neg', [x], { shape: x.shape, vjp: (g) => [() => negate(g)] });
}

/** eˣ. */
export function exp(x: Value): Value {
  const y: Value = x.graph.node('Exp', [x], { shape: x.shape, vjp: (g) => [() => multiply(g, y)] });
  return y;
}

/** ln x. */
export function log(x: Value): Value {
  return x.graph.node('Log', [x], { shape: x.shape, vjp: (g) => [() => divide(g, x)] });
}

/** √x. */
export function squareRoot(x: Value): Value {
  const y: Value = x.graph.node('Sqrt', [x], { shape: x.shape, vjp: (g) => [() => divide(scale(g, 0.5), y)] });
  return y;
}

/** 1/x. */
export function reciprocal(x: Value): Value {
  const y: Value = x.graph.node('Reciprocal', [x], { shape: x.shape, vjp: (g) => [() => negate(multiply(g, multiply(y, y)))] });
  return y;
}

/** The smaller of the two; on a tie the gradient goes to `a`. */
export function minimum(a: Value, b: Value): Value {
  const shape = broadcast('Min', a, b);
  const aWins = (): Value => toFloat(a.graph.node('LessOrEqual', [a, b], { dtype: 'bool', shape }));
  return a.graph.node('Min', [a, b], {
    shape,
    vjp: (g) => [
      () => unbroadcast(multiply(g, aWins()), a.shape),
      () => unbroadcast(multiply(g, subtract(a.graph.scalar(1), aWins())), b.shape),
    ],
  });
}

/** x held between two bounds; no gradient outside them. */
export function clip(x: Value, low: number, high: number): Value {
  const { graph, shape } = x;
  const bounds = [graph.scalar(low), graph.scalar(high)] as const;
  return graph.node('Clip', [x, ...bounds], {
    shape,
    of: [x],
    vjp: (g) => [
      () => {
        const above = graph.node('GreaterOrEqual', [x, bounds[0]], { dtype: 'bool', shape });
        const below = graph.node('LessOrEqual', [x, bounds[1]], { dtype: 'bool', shape });
        return multiply(g, toFloat(graph.node('And', [above, below], { dtype: 'bool', shape })));
      },
    ],
  });
}

/** 1/(1 + e⁻ˣ). */
export function sigmoid(x: Value): Value {
  const y: Value = x.graph.node('Sigmoid', [x], {
    shape: x.shape,
    vjp: (g) => [() => multiply(g, multiply(y, subtract(x.graph.scalar(1), y)))],
  });
  return y;
}

/** x · sigmoid(x), with d/dx = s · (1 + x · (1 − s)) by hand: one sigmoid serves both directions. */
export function silu(x: Value): Value {
  const s = sigmoid(x);
  const y = x.graph.node('Mul', [x, s], { shape: x.shape });
  const one = x.graph.scalar(1);
  return x.graph.differentiatedBy(y, [x], (g) => [() => multiply(g, multiply(s, add(one, subtract(x, y))))]);
}

/** tanh x. */
export function tanh(x: Value): Value {
  const y: Value = x.graph.node('Tanh', [x], {
    shape: x.shape,
    vjp: (g) => [() => multiply(g, subtract(x.graph.scalar(1), multiply(y, y)))],
  });
  return y;
}

/** GELU by its tanh approximation: x · ½ · (1 + tanh(√(2/π) · (x + 0.044715 x³))). */
export function geluTanh(x: Value): Value {
  const cubic = multiply(multiply(x, x), scale(x, 0.044715));
  const inner = tanh(scale(add(x, cubic), Math.sqrt(2 / Math.PI)));
  return multiply(scale(x, 0.5), add(inner, x.graph.scalar(1)));
}

/** 0 and 1 as floats; no gradient. */
export function toFloat(x: Value): Value {
  return x.graph.node('Cast', [x], { attributes: { to: { kind: 'int', value: 1 } }, shape: x.shape, of: [] });
}

/** The same value as far as the loss is concerned, but a constant to the gradient. */
export function detach(x: Value): Value {
  return x.graph.differentiatedBy(x, [], () => []);
}
