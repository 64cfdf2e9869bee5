import { add, divide, exp, log, multiply, negate, subtract } from './elementwise';
import { gatherElements, scatterAdd } from './gather';
import { maximumOver, sum } from './reduce';
import type { Value } from './value';

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

/** H = −Σ π log π of each row, `[rows, 1]`, nats. d/dlogits = −g · π · (log π + H), by hand. */
export function entropy(from: Distribution): Value {
  const meanShifted = divide(sum(multiply(from.weights, from.shifted), [-1]), from.total);
  const h = subtract(from.logTotal, meanShifted);
  return h.graph.differentiatedBy(h, [from.logits], (g) => [
    () => {
      const logPlusH = add(from.shifted, subtract(h, from.logTotal));
      return multiply(multiply(from.weights, negate(divide(g, from.total))), logPlusH);
    },
  ]);
}
