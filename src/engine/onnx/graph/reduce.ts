import { scale } from './elementwise';
import { reshape } from './shape';
import { axisOf, type Dim, type Shape, sameShape, sizeOf, staticShape, type Value } from './value';

function reducedShape(op: string, x: Value, axes: readonly number[]): Shape {
  for (const axis of axes) if (axis < 0 || axis >= x.shape.length) x.graph.fail(op, `axis ${axis} of a value with ${x.shape.length} axes`);
  return x.shape.map((dim, i): Dim => (axes.includes(i) ? 1 : dim));
}

function reduce(op: 'ReduceSum' | 'ReduceMean' | 'ReduceMax', x: Value, axes: readonly number[], vjp?: (g: Value) => Value): Value {
  const from = axes.map((axis) => axisOf(x, axis));
  return x.graph.node(op, [x, x.graph.integers(from)], {
    attributes: { keepdims: { kind: 'int', value: 1 } },
    shape: reducedShape(op, x, from),
    of: vjp ? [x] : [],
    ...(vjp && { vjp: (g) => [() => vjp(g)] }),
  });
}

/** Σ over axes, which stay as size 1. */
export function sum(x: Value, axes: readonly number[]): Value {
  return reduce('ReduceSum', x, axes, (g) => expand(g, x.shape));
}

/** The mean over axes, which stay as size 1. */
export function mean(x: Value, axes: readonly number[]): Value {
  return reduce('ReduceMean', x, axes, (g) => {
    const shape = staticShape(x.shape);
    const count = axes.reduce((product, axis) => product * shape[axisOf(x, axis)]!, 1);
    return expand(scale(g, 1 / count), x.shape);
  });
}

/** The largest over axes, which stay as size 1. Has no gradient: it only shifts exponents. */
export function maximumOver(x: Value, axes: readonly number[]): Value {
  return reduce('ReduceMax', x, axes);
}

/** x repeated along its axes of size 1. */
export function expand(x: Value, shape: Shape): Value {
  if (sameShape(x.shape, shape)) return x;
  const target = staticShape(shape);
  return x.graph.node('Expand', [x, x.graph.integers(target)], {
    shape,
    of: [x],
    vjp: (g) => [() => unbroadcast(g, x.shape)],
  });
}

/** Sums a gradient over the axes along which its value was broadcast. */
export function unbroadcast(g: Value, shape: Shape): Value {
  if (sameShape(g.shape, shape)) return g;
  const lead = g.shape.length - shape.length;
  const axes = g.shape.flatMap((dim, i) => (i < lead || (shape[i - lead] === 1 && dim !== 1) ? [i] : []));
  const summed = axes.length > 0 ? sum(g, axes) : g;
  if (sameShape(summed.shape, shape)) return summed;
  if (sizeOf(summed.shape) !== sizeOf(shape)) g.graph.fail('Unbroadcast', `gradient [${g.shape}] for a value [${shape}]`);
  return reshape(summed, shape);
}
