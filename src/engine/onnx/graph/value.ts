import type { Graph } from './graph';

/** Element types that our graphs use. */
export type DType = 'float32' | 'int64' | 'int32' | 'bool';

/** The arrays that hold them. */
export type TensorData = Float32Array | BigInt64Array | Int32Array | Uint8Array;

/** A size, or the name of one that is known only when the graph runs (forward graphs only). */
export type Dim = number | string;

export type Shape = readonly Dim[];

/** For each input of a node, how to make the gradient of the loss with respect to it; null where there is none. */
export type InputGradients = readonly ((() => Value) | null)[];

/** Vector-Jacobian product: from the gradient of the loss by a value to those by the inputs it was made from. */
export type Vjp = (gradient: Value) => InputGradients;

/** A tensor in a graph under construction. */
export interface Value {
  readonly graph: Graph;
  readonly id: number;
  readonly dtype: DType;
  readonly shape: Shape;
  /** What it is differentiable in; the VJP answers in this order. */
  readonly inputs: readonly Value[];
  readonly vjp: Vjp | null;
}

/** The product of a shape whose sizes are all known. @throws Error when one is not. */
export function sizeOf(shape: Shape): number {
  return staticShape(shape).reduce((product, dim) => product * dim, 1);
}

/** A shape whose sizes are all known. @throws Error when one is not. */
export function staticShape(shape: Shape): readonly number[] {
  return shape.map((dim) => {
    if (typeof dim === 'string') throw new Error(`size ${dim} of ${showShape(shape)} is known only at run time, and this needs it now`);
    return dim;
  });
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((dim, i) => dim === b[i]);
}

/** `[2, T, 48]`. */
export function showShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** The shape that two broadcast to by NumPy's rule, or null when they do not. */
export function broadcastShape(a: Shape, b: Shape): Shape | null {
  const rank = Math.max(a.length, b.length);
  const shape: Dim[] = [];
  for (let i = 0; i < rank; i++) {
    const x = a[a.length - rank + i] ?? 1;
    const y = b[b.length - rank + i] ?? 1;
    if (x !== y && x !== 1 && y !== 1) return null;
    shape.push(x === 1 ? y : x);
  }
  return shape;
}

/** An axis counted from the front. */
export function axisOf(value: Value, axis: number): number {
  return axis < 0 ? axis + value.shape.length : axis;
}
