import { describe, expect, it } from 'vitest';
import * as op from './elementwise';
import { checkGradient, type Operand } from './gradientCheck';
import { Graph } from './graph';
import type { Value } from './value';

const wide: Operand = { shape: [2, 3, 4] };
const row: Operand = { shape: [3, 1] };
const positive: Operand = { shape: [2, 3, 4], from: 0.5, to: 2 };

const cases: Record<string, [Operand[], (values: Value[]) => Value, (...x: number[]) => number]> = {
  add: [[wide, row], ([a, b]) => op.add(a!, b!), (a, b) => a! + b!],
  subtract: [[row, wide], ([a, b]) => op.subtract(a!, b!), (a, b) => a! - b!],
  multiply: [[wide, row], ([a, b]) => op.multiply(a!, b!), (a, b) => a! * b!],
  divide: [[wide, { ...row, from: 0.5, to: 2 }], ([a, b]) => op.divide(a!, b!), (a, b) => a! / b!],
  scale: [[wide], ([x]) => op.scale(x!, -2.5), (x) => x! * -2.5],
  negate: [[wide], ([x]) => op.negate(x!), (x) => -x!],
  exp: [[wide], ([x]) => op.exp(x!), Math.exp],
  log: [[positive], ([x]) => op.log(x!), Math.log],
  squareRoot: [[positive], ([x]) => op.squareRoot(x!), Math.sqrt],
  reciprocal: [[positive], ([x]) => op.reciprocal(x!), (x) => 1 / x!],
  sigmoid: [[wide], ([x]) => op.sigmoid(x!), (x) => 1 / (1 + Math.exp(-x!))],
  silu: [[wide], ([x]) => op.silu(x!), (x) => x! / (1 + Math.exp(-x!))],
  tanh: [[wide], ([x]) => op.tanh(x!), Math.tanh],
  geluTanh: [[wide], ([x]) => op.geluTanh(x!), (x) => 0.5 * x! * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x! + 0.044715 * x! ** 3)))],
  minimum: [[wide, { ...row, from: 0.1, to: 0.3 }], ([a, b]) => op.minimum(a!, b!), (a, b) => Math.min(a!, b!)],
  clip: [[wide], ([x]) => op.clip(op.scale(x!, 10), -4, 6), (x) => Math.min(6, Math.max(-4, 10 * x!))],
};

describe('elementwise operators', () => {
  for (const [name, [operands, build, twin]] of Object.entries(cases)) {
    it(`${name} computes and differentiates`, async () => {
      const check = await checkGradient(operands, build, 5e-3);
      const [, rows, columns] = [2, 3, 4];
      check.value.forEach((y, i) => {
        const element = check.operands.map((values) => (values.length === rows ? values[Math.floor(i / columns!) % rows!]! : values[i]!));
        expect(y).toBeCloseTo(twin(...element), 4);
      });
      expect(check.worst).toBeLessThan(2e-3);
    });
  }

  it('detach stops the gradient', async () => {
    const check = await checkGradient([wide], ([x]) => op.multiply(op.detach(op.exp(x!)), x!));
    check.gradients[0]!.forEach((g, i) => {
      expect(Math.abs(g)).toBeLessThanOrEqual(Math.exp(check.operands[0]![i]!) + 1e-6);
    });
    expect(check.worst).toBeGreaterThan(0.05); // The finite difference sees the factor that the gradient does not.
  });

  it('names the node whose shapes do not fit', () => {
    const graph = new Graph('wrong');
    const a = graph.input('a', 'float32', [2, 3]);
    const b = graph.input('b', 'float32', [2, 4]);
    expect(() => graph.scope('layer 0', () => op.add(a, b))).toThrow('node layer 0/Add_0: shapes [2, 3] and [2, 4] do not broadcast');
  });
});
