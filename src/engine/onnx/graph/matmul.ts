import { scale } from './elementwise';
import { reshape, transpose } from './shape';
import { type Dim, sameShape, showShape, staticShape, type Value } from './value';

/** How `gemm` reads its factors. */
export interface GemmOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
  readonly alpha?: number;
  /** Added to the product, same shape. */
  readonly plus?: Value;
}

/** α · op(a) · op(b) + plus, of matrices. */
export function gemm(a: Value, b: Value, options: GemmOptions = {}): Value {
  const { transposeA = false, transposeB = false, alpha = 1, plus } = options;
  const wrong = (): never =>
    a.graph.fail('Gemm', `${showShape(a.shape)}${transposeA ? 'ᵀ' : ''} · ${showShape(b.shape)}${transposeB ? 'ᵀ' : ''}`);
  if (a.shape.length !== 2 || b.shape.length !== 2) return wrong();
  const [rows, innerA] = (transposeA ? [a.shape[1], a.shape[0]] : a.shape) as [Dim, Dim];
  const [innerB, columns] = (transposeB ? [b.shape[1], b.shape[0]] : b.shape) as [Dim, Dim];
  if (innerA !== innerB) return wrong();
  if (plus && !sameShape(plus.shape, [rows, columns]))
    a.graph.fail('Gemm', `${showShape(plus.shape)} added to ${showShape([rows, columns])}`);
  return a.graph.node('Gemm', plus ? [a, b, plus] : [a, b], {
    attributes: {
      ...(transposeA && { transA: { kind: 'int', value: 1 } as const }),
      ...(transposeB && { transB: { kind: 'int', value: 1 } as const }),
      ...(alpha !== 1 && { alpha: { kind: 'float', value: alpha } as const }),
    },
    shape: [rows, columns],
    vjp: (g) => [
      () => (transposeA ? gemm(b, g, { transposeA: transposeB, transposeB: true, alpha }) : gemm(g, b, { transposeB: !transposeB, alpha })),
      () => {
        if (!transposeA) return transposeB ? overRows(g, a, alpha) : overRows(a, g, alpha);
        return transposeB ? gemm(g, a, { transposeA: true, transposeB: true, alpha }) : gemm(a, g, { alpha });
      },
      () => g,
    ],
  });
}

/**
 * x · w for x `[…, in]` and a matrix w `[in, out]`. onnxruntime flattens the leading axes into one product;
 * the gradients are matrix products of the flattened rows.
 */
export function linear(x: Value, w: Value): Value {
  const inner = x.shape.at(-1);
  const [rows, columns] = w.shape;
  if (w.shape.length !== 2 || inner !== rows || columns === undefined)
    return x.graph.fail('MatMul', `${showShape(x.shape)} · ${showShape(w.shape)}`);
  return x.graph.node('MatMul', [x, w], {
    shape: [...x.shape.slice(0, -1), columns],
    vjp: (g) => [() => reshape(gemm(flatRows(g), w, { transposeB: true }), x.shape), () => overRows(flatRows(x), flatRows(g))],
  });
}

/** From this width on, a matrix is worth transposing before a product. */
const WIDE = 128;

/**
 * α · aᵀ · b, of matrices of as many rows: a weight's gradient. Wide factors are transposed first, the narrower of the two, since onnxruntime's
 * product with a transposed left factor takes a third longer; the numbers are the same, bit for bit.
 */
export function overRows(a: Value, b: Value, alpha = 1): Value {
  const [rows, width, others] = staticShape([...a.shape, b.shape[1]!]) as [number, number, number];
  if (Math.min(width, others) < WIDE || [rows, width, others].some((size) => size % 2 !== 0))
    return gemm(a, b, { transposeA: true, alpha });
  return width > others ? turned(gemm(turned(b), a, { alpha })) : gemm(turned(a), b, { alpha });
}

/** A matrix transposed, in two parts: onnxruntime would fuse a plain transpose with the product again. */
function turned(x: Value): Value {
  const [rows, columns] = staticShape(x.shape) as [number, number];
  return reshape(transpose(reshape(x, [2, rows / 2, columns]), [2, 0, 1]), [columns, rows]);
}

/** `[…, width]` as a matrix. */
function flatRows(x: Value): Value {
  const lead = staticShape(x.shape.slice(0, -1)).reduce((product, dim) => product * dim, 1);
  return reshape(x, [lead, x.shape.at(-1)!]);
}

/** a · b of the last two axes; the leading axes are equal (or absent from b's batch when it is of size 1 there). */
export function batchedMatmul(a: Value, b: Value): Value {
  const rank = a.shape.length;
  const [m, innerA] = a.shape.slice(-2);
  const [innerB, n] = b.shape.slice(-2);
  const lead = a.shape.slice(0, -2);
  if (rank < 3 || innerA !== innerB || m === undefined || n === undefined || !sameShape(lead, b.shape.slice(0, -2))) {
    return a.graph.fail('MatMul', `${showShape(a.shape)} · ${showShape(b.shape)}`);
  }
  return a.graph.node('MatMul', [a, b], {
    shape: [...lead, m, n],
    vjp: (g) => [() => batchedMatmul(g, swapLast(b)), () => batchedMatmul(swapLast(a), g)],
  });
}

/** The last two axes swapped. */
export function swapLast(x: Value): Value {
  const rank = x.shape.length;
  return transpose(x, [...Array.from({ length: rank - 2 }, (_, i) => i), rank - 1, rank - 2]);
}

/** W + s · A · B in one node: a weight with its LoRA adapter merged in. A `[in, r]`, B `[r, out]`. */
export function mergeLora(w: Value, a: Value, b: Value, s: number): Value {
  return gemm(a, b, { alpha: s, plus: w });
}

/**
 * x · (W + s · A · B) with W frozen. The product costs what it costs without an adapter; the gradients of A and B go through the adapter's few
 * columns, by hand: that of the whole matrix, which nobody wants, would cost as much again.
 */
export function mergedLora(x: Value, w: Value, a: Value, b: Value, s: number): Value {
  const merged = mergeLora(w, a, b, s);
  return x.graph.differentiatedBy(linear(x, merged), [x, a, b], (g) => [
    () => reshape(gemm(flatRows(g), merged, { transposeB: true }), x.shape),
    () => gemm(flatRows(x), gemm(flatRows(g), b, { transposeB: true, alpha: s }), { transposeA: true }),
    () => gemm(gemm(flatRows(x), a, { alpha: s }), flatRows(g), { transposeA: true }),
  ]);
}

/** x · W + s · (x · A) · B, the adapter kept apart. */
export function factoredLora(x: Value, w: Value, a: Value, b: Value, s: number): Value {
  const update = linear(scale(linear(x, a), s), b);
  return w.graph.node('Add', [linear(x, w), update], { shape: update.shape, vjp: (g) => [() => g, () => g] });
}
