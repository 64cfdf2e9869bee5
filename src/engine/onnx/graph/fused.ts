import type { RopeTables } from './rope';
import { sameShape, showShape, type Value } from './value';

// Operators of onnxruntime's own that do what several standard ones do; its CPU provider has them. For forward graphs only.

/** x + y, and its root-mean-square norm over the last axis, multiplied by w. */
export function addedNorm(x: Value, y: Value, w: Value, epsilon: number): { readonly sum: Value; readonly normed: Value } {
  const op = 'SkipSimplifiedLayerNormalization';
  if (!sameShape(x.shape, y.shape)) x.graph.fail(op, `${showShape(y.shape)} added to ${showShape(x.shape)}`);
  const attributes = { epsilon: { kind: 'float', value: epsilon } } as const;
  const [normed, , , sum] = x.graph.nodeWith(op, [x, y, w], { own: true, shape: x.shape, attributes }, [null, null, x.shape]);
  return sum ? { sum, normed } : x.graph.fail(op, 'no sum');
}

/**
 * Rotary position embedding, as `rope`.
 * @param x `[B, heads, n, size]`
 * @param positions int64 `[B, n]`
 * @param tables by position, `[P, size / 2]`
 */
export function rotated(x: Value, positions: Value, tables: RopeTables): Value {
  return x.graph.node('RotaryEmbedding', [x, positions, tables.cos, tables.sin], { own: true, shape: x.shape });
}

/** a · bᵀ of the last two axes, the others being the same. A factor, which the operator could have, would keep single rows off its quick way. */
export function productWithTransposed(a: Value, b: Value): Value {
  const attributes = { transB: { kind: 'int', value: 1 } } as const;
  return a.graph.node('FusedMatMul', [a, b], { own: true, shape: [...a.shape.slice(0, -1), b.shape.at(-2)!], attributes });
}
