import { add, divide, exp, log, multiply, negate, subtract } from './elementwise';
import { addRows, gatherElements, gatherRows, scatterAdd } from './gather';
import { batchedMatmul, gemm, overRows, swapLast } from './matmul';
import { maximumOver, sum } from './reduce';
import { reshape } from './shape';
import type { Dim, Value } from './value';

/** Softmax over the last axis. */
export function softmax(x: Value): Value {
  const y: Value = x.graph.node('Softmax', [x], {
    attributes: { axis: { kind: 'int', value: -1 } },
    shape: x.shape,
    vjp: (g) => [
      () => {
        const gy = multiply(g, y);
        return subtract(gy, multiply(y, sum(gy, [-1])));
      },
    ],
  });
  return y;
}

/** A distribution over the last axis of logits `[rows, vocabulary]`, with what its statistics share. */
export interface Distribution {
  readonly logits: Value;
  /** Logits less their maximum. */
  readonly shifted: Value;
  /** e^shifted. */
  readonly weights: Value;
  /** Σ weights, `[rows, 1]`. */
  readonly total: Value;
  /** ln total, `[rows, 1]`. */
  readonly logTotal: Value;
}

/** Prepares logits; built from ReduceMax, Sub, Exp and ReduceSum, since LogSoftmax has no WebGPU kernel. */
export function distribution(logits: Value): Distribution {
  const shifted = subtract(logits, maximumOver(logits, [-1]));
  const weights = exp(shifted);
  const total = sum(weights, [-1]);
  return { logits, shifted, weights, total, logTotal: log(total) };
}

/** log π of one token a row, `[rows, 1]`, nats. d/dlogits = g · (onehot − π), by hand. */
export function tokenLogProb(from: Distribution, token: Value): Value {
  const logProb = subtract(gatherElements(from.shifted, token), from.logTotal);
  return logProb.graph.differentiatedBy(logProb, [from.logits], (g) => [
    () => scatterAdd(multiply(from.weights, negate(divide(g, from.total))), token, g),
  ]);
}

/**
 * The same, differentiated through the head, logits = x · wᵀ (and a mask): where nothing else in a loss goes back through the logits, their gradient
 * is never made. With E the rows of w: dx = g · (E[token] − Σ π E), dw = −πᵀ · (g · x) and g · x at the tokens.
 * @param product x · wᵀ, by `gemm`
 */
export function tokenLogProbThrough(product: Value, from: Distribution, token: Value): Value {
  const [x, w] = product.inputs;
  const logProb = subtract(gatherElements(from.shifted, token), from.logTotal);
  if (!x || !w || x.shape[1] !== w.shape[1]) return product.graph.fail('TokenLogProb', 'the logits are no product x · wᵀ');
  return logProb.graph.differentiatedBy(logProb, [x, w], (g) => [
    () => multiply(g, subtract(gatherRows(w, token), divide(gemm(from.weights, w), from.total))),
    () => addRows(overRows(from.weights, multiply(x, negate(divide(g, from.total)))), token, multiply(x, g)),
  ]);
}

/** Σ a · b of each row, `[rows, 1]`: as products of vectors, so that what lies between, as large as both, is never made. */
function rowProducts(a: Value, b: Value): Value {
  const [rows, width] = a.shape as [Dim, Dim];
  const vectors = (x: Value): Value => reshape(x, [rows, 1, width]);
  return reshape(batchedMatmul(vectors(a), swapLast(vectors(b))), [rows, 1]);
}

/** H = −Σ π log π of each row, `[rows, 1]`, nats. d/dlogits = −g · π · (log π + H), by hand. */
export function entropy(from: Distribution): Value {
  const meanShifted = divide(rowProducts(from.weights, from.shifted), from.total);
  const h = subtract(from.logTotal, meanShifted);
  return h.graph.differentiatedBy(h, [from.logits], (g) => [
    () => {
      const logPlusH = add(from.shifted, subtract(h, from.logTotal));
      return multiply(multiply(from.weights, negate(divide(g, from.total))), logPlusH);
    },
  ]);
}
