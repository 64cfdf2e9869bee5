import { add, multiply, subtract } from './elementwise';
import { batchedMatmul, swapLast } from './matmul';
import { sum } from './reduce';
import { softmax } from './softmax';
import type { Value } from './value';

/**
 * O = P · v, P = softmax(q · k + mask), for q `[…, m, size]`, k `[…, size, n]` and v `[…, n, size]`. The softmax's gradient is
 * P · (dP − Σ dO · O), by hand: the sum is over a head's size, not over all keys (Dao et al. 2022, "FlashAttention", appendix B.2).
 */
export function attention(q: Value, k: Value, v: Value, mask: Value): Value {
  const weights = softmax(add(batchedMatmul(q, k), mask));
  const seen = batchedMatmul(weights, v);
  return q.graph.differentiatedBy(seen, [q, k, v], (g) => {
    let known: Value | null = null;
    const byScores = (): Value => {
      known ??= multiply(weights, subtract(batchedMatmul(g, swapLast(v)), sum(multiply(g, seen), [-1])));
      return known;
    };
    return [
      () => batchedMatmul(byScores(), swapLast(k)),
      () => batchedMatmul(swapLast(q), byScores()),
      () => batchedMatmul(swapLast(weights), g),
    ];
  });
}
