import { add, multiply, negate } from './elementwise';
import { linear } from './matmul';
import { staticShape, type Value } from './value';

/** Rotation angles of positions, as tables that broadcast against queries and keys `[…, heads, size]`. */
export interface RopeTables {
  readonly cos: Value;
  readonly sin: Value;
}

/**
 * Rotary position embedding (Su et al. 2021, in Llama's half-split layout): x · cos + rotateHalf(x) · sin.
 * The gradient is the inverse rotation.
 */
export function rope(x: Value, tables: RopeTables): Value {
  const y = add(multiply(x, tables.cos), multiply(rotateHalf(x), tables.sin));
  return x.graph.differentiatedBy(y, [x], (g) => [() => rope(g, { cos: tables.cos, sin: negate(tables.sin) })]);
}

/** [x₁, x₂] to [−x₂, x₁], as a product with a constant matrix: one node where slices would take four. */
function rotateHalf(x: Value): Value {
  const size = staticShape([x.shape.at(-1) ?? 0])[0]!;
  if (size % 2 !== 0) x.graph.fail('RotaryEmbedding', `an odd head size, ${size}`);
  const half = size / 2;
  const matrix = new Float32Array(size * size);
  for (let i = 0; i < half; i++) {
    matrix[(i + half) * size + i] = -1;
    matrix[i * size + i + half] = 1;
  }
  return linear(x, x.graph.table(`rotateHalf${size}`, [size, size], matrix));
}
