import { axisOf, type Dim, type Shape, sameShape, showShape, staticShape, type Value } from './value';

/**
 * The same numbers in another shape. A size known only at run time may stay where it is (ONNX's 0), and one
 * more may be inferred (ONNX's −1).
 */
export function reshape(x: Value, shape: Shape): Value {
  if (sameShape(x.shape, shape)) return x;
  const target = reshapeTarget(x, shape);
  return x.graph.node('Reshape', [x, x.graph.integers(target)], {
    dtype: x.dtype,
    shape,
    of: [x],
    vjp: (g) => [() => reshape(g, x.shape)],
  });
}

function reshapeTarget(x: Value, shape: Shape): number[] {
  const known = (dims: Shape): number => dims.reduce<number>((product, dim) => (typeof dim === 'number' ? product * dim : product), 1);
  const unknown = (dims: Shape): Dim[] => dims.filter((dim) => typeof dim === 'string');
  const impossible = (): never => x.graph.fail('Reshape', `${showShape(x.shape)} to ${showShape(shape)}`);
  if (unknown(x.shape).length === 0 && unknown(shape).length === 0 && known(x.shape) !== known(shape)) return impossible();
  const target = shape.map((dim, i) => (typeof dim === 'number' ? dim : x.shape[i] === dim ? 0 : -1));
  if (target.filter((dim) => dim === -1).length > 1) return impossible();
  return target;
}

/** Axes reordered: axis i of the result is axis `order[i]` of x. */
export function transpose(x: Value, order: readonly number[]): Value {
  const sorted = [...order].sort((a, b) => a - b);
  if (sorted.length !== x.shape.length || sorted.some((axis, i) => axis !== i)) {
    x.graph.fail('Transpose', `order [${order}] of a value ${showShape(x.shape)}`);
  }
  const inverse = order.map((_, i) => order.indexOf(i));
  return x.graph.node('Transpose', [x], {
    attributes: { perm: { kind: 'ints', value: order } },
    dtype: x.dtype,
    shape: order.map((axis) => x.shape[axis]!),
    vjp: (g) => [() => transpose(g, inverse)],
  });
}

/** Elements `start` to `end` (excluded) along an axis. */
export function slice(x: Value, axis: number, start: number, end: number): Value {
  const at = axisOf(x, axis);
  const size = staticShape([x.shape[at] ?? x.graph.fail('Slice', `axis ${axis} of ${showShape(x.shape)}`)])[0]!;
  if (start < 0 || end > size || start >= end) x.graph.fail('Slice', `${start} to ${end} of an axis of ${size}`);
  const { graph } = x;
  return graph.node('Slice', [x, graph.integers([start]), graph.integers([end]), graph.integers([at])], {
    dtype: x.dtype,
    shape: x.shape.map((dim, i) => (i === at ? end - start : dim)),
    of: [x],
    vjp: (g) => [() => pad(g, at, start, size - end)],
  });
}

/** Zeros before and after along an axis. */
export function pad(x: Value, axis: number, before: number, after: number): Value {
  const at = axisOf(x, axis);
  const size = staticShape([x.shape[at] ?? x.graph.fail('Pad', `axis ${axis} of ${showShape(x.shape)}`)])[0]!;
  const rank = x.shape.length;
  const pads = new Array<number>(2 * rank).fill(0);
  pads[at] = before;
  pads[at + rank] = after;
  return x.graph.node('Pad', [x, x.graph.integers(pads)], {
    shape: x.shape.map((dim, i) => (i === at ? before + size + after : dim)),
    of: [x],
    vjp: (g) => [() => slice(g, at, before, before + size)],
  });
}

/**
 * Values one after another along an axis.
 * @param size the joint size along the axis, where it is known only at run time.
 */
export function concat(parts: readonly Value[], axis: number, size?: string): Value {
  const first = parts[0];
  if (!first) throw new Error('concat of no values');
  const at = axisOf(first, axis);
  let total = 0;
  for (const part of parts) {
    if (part.shape.length !== first.shape.length || part.shape.some((dim, i) => i !== at && dim !== first.shape[i])) {
      first.graph.fail('Concat', `${parts.map((each) => showShape(each.shape)).join(', ')} along axis ${axis}`);
    }
    if (size === undefined) total += staticShape([part.shape[at]!])[0]!;
  }
  return first.graph.node('Concat', parts, {
    attributes: { axis: { kind: 'int', value: at } },
    dtype: first.dtype,
    shape: first.shape.map((dim, i) => (i === at ? (size ?? total) : dim)),
    vjp: (g) => {
      let from = 0;
      return parts.map((part) => {
        const start = from;
        from += staticShape([part.shape[at]!])[0]!;
        const end = from;
        return () => slice(g, at, start, end);
      });
    },
  });
}
