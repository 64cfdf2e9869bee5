import { add, multiply, subtract } from './elementwise';
import { batchedMatmul, swapLast } from './matmul';
import { sum } from './reduce';
import { concat, pad, reshape, slice } from './shape';
import { softmax } from './softmax';
import { staticShape, type Value } from './value';

/** Positions that one part of a long sequence has. */
const PART = 128;

/** O = softmax(q · k + mask) · v, for q `[…, m, size]`, k `[…, size, n]` and v `[…, n, size]`. */
export function attention(q: Value, k: Value, v: Value, mask: Value): Value {
  const { seen, gradients } = attend(q, k, v, mask);
  return q.graph.differentiatedBy(seen, [q, k, v], (g) => {
    const by = gradients(g);
    return [by.q, by.k, by.v];
  });
}

/**
 * Attention where each of T positions sees at most itself and what came before, a part of the positions at a time: the keys after a part are left
 * out, which would have no weight. Long sequences cost little more than half of what they would.
 * @param q `[B, groups, repeat, T, size]`
 * @param k `[B, groups, size, T]`
 * @param v `[B, groups, T, size]`
 * @param mask of positions `from` to `to` by keys 0 to `to`, broadcast against `[B, groups, repeat · (to − from), to]`
 * @param part positions of a part, at most
 * @returns as q
 */
export function causalAttentionInParts(q: Value, k: Value, v: Value, mask: (from: number, to: number) => Value, part = PART): Value {
  const [batch, groups, repeat, time, size] = staticShape(q.shape) as [number, number, number, number, number];
  const count = Math.ceil(time / part);
  const length = Math.ceil(time / count);
  const whole = (x: Value, axis: number, from: number, to: number): Value => (count === 1 ? x : slice(x, axis, from, to));
  const parts = Array.from({ length: count }, (_, i) => {
    const [from, to] = [i * length, Math.min(time, (i + 1) * length)];
    const rows = (x: Value): Value => reshape(whole(x, 3, from, to), [batch, groups, repeat * (to - from), size]);
    const unrolled = (x: Value): Value => reshape(x, [batch, groups, repeat, to - from, size]);
    const { seen, gradients } = attend(rows(q), whole(k, 3, 0, to), whole(v, 2, 0, to), mask(from, to));
    return { to, rows, unrolled, seen, gradients };
  });
  const joined = (pieces: readonly Value[]): Value => (count === 1 ? pieces[0]! : concat(pieces, 3));
  return q.graph.differentiatedBy(joined(parts.map(({ seen, unrolled }) => unrolled(seen))), [q, k, v], (g) => {
    const by = parts.map(({ rows, gradients }) => gradients(rows(g)));
    const total = (of: 'k' | 'v', axis: number): Value =>
      parts.map(({ to }, i) => (to === time ? by[i]![of]() : pad(by[i]![of](), axis, 0, time - to))).reduce(add);
    return [() => joined(parts.map(({ unrolled }, i) => unrolled(by[i]!.q()))), () => total('k', 3), () => total('v', 2)];
  });
}

/**
 * Attention and its gradients. The softmax's is P · (dP − Σ dO · O), by hand: the sum is over a head's size, not over all keys
 * (Dao et al. 2022, "FlashAttention", appendix B.2).
 */
function attend(q: Value, k: Value, v: Value, mask: Value): { seen: Value; gradients: (g: Value) => Record<'q' | 'k' | 'v', () => Value> } {
  const weights = softmax(add(batchedMatmul(q, k), mask));
  const seen = batchedMatmul(weights, v);
  return {
    seen,
    gradients: (g) => {
      let known: Value | null = null;
      const byScores = (): Value => {
        known ??= multiply(weights, subtract(batchedMatmul(g, swapLast(v)), sum(multiply(g, seen), [-1])));
        return known;
      };
      return {
        q: () => batchedMatmul(byScores(), swapLast(k)),
        k: () => batchedMatmul(swapLast(q), byScores()),
        v: () => batchedMatmul(swapLast(weights), g),
      };
    },
  };
}
