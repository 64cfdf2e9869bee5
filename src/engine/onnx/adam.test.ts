import { describe, expect, it } from 'vitest';
import { random } from '../../domain/random';
import { Adam } from './adam';
import { FlatParameters } from './flatParameters';

const SIZE = 11;
const SETTINGS = { learningRate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, weightDecay: 0.1, clipNorm: 1 };

function vector(seed: number, size: number): Float32Array {
  const draw = random(seed, 'adam');
  return Float32Array.from({ length: SIZE }, () => size * (2 * draw.uniform() - 1));
}

/** AdamW as torch.optim documents it, a number at a time, after torch's clip_grad_norm_. */
function literal(start: Float32Array, gradients: readonly Float32Array[]): number[] {
  const [p, m, v] = [[...start], new Array<number>(SIZE).fill(0), new Array<number>(SIZE).fill(0)];
  for (const [step, gradient] of gradients.entries()) {
    const norm = Math.hypot(...gradient);
    for (let i = 0; i < SIZE; i++) {
      const g = gradient[i]! * Math.min(1, SETTINGS.clipNorm / (norm + 1e-6));
      p[i]! -= SETTINGS.learningRate * SETTINGS.weightDecay * p[i]!;
      m[i] = SETTINGS.beta1 * m[i]! + (1 - SETTINGS.beta1) * g;
      v[i] = SETTINGS.beta2 * v[i]! + (1 - SETTINGS.beta2) * g ** 2;
      const unbiased = { m: m[i]! / (1 - SETTINGS.beta1 ** (step + 1)), v: v[i]! / (1 - SETTINGS.beta2 ** (step + 1)) };
      p[i]! -= (SETTINGS.learningRate * unbiased.m) / (Math.sqrt(unbiased.v) + SETTINGS.epsilon);
    }
  }
  return p;
}

describe('AdamW', () => {
  it('moves as written down, clipped where the gradient is long', () => {
    const start = vector(0, 1);
    const gradients = [vector(1, 10), vector(2, 0.1), vector(3, 1e-4), vector(4, 3)];
    const parameters = new FlatParameters([{ name: 'x', shape: [SIZE] }], start.slice());
    const adam = new Adam(SETTINGS, parameters);
    for (const [i, gradient] of gradients.entries()) {
      expect(adam.step(gradient)).toBeCloseTo(Math.hypot(...gradient), 10);
      expect(adam.steps).toBe(i + 1);
    }
    for (const [i, expected] of literal(start, gradients).entries()) expect(parameters.data[i]).toBeCloseTo(expected, 6);
  });

  it('takes nothing of a gradient that is not finite', () => {
    const parameters = new FlatParameters([{ name: 'x', shape: [SIZE] }], vector(0, 1));
    const adam = new Adam(SETTINGS, parameters);
    const gradient = vector(1, 1);
    gradient[9] = Number.NaN;
    expect(() => adam.step(gradient)).toThrow("the gradient's norm is NaN at optimizer step 1; the weights were left as they were");
    expect([adam.steps, ...adam.m, ...adam.v]).toEqual(new Array(1 + 2 * SIZE).fill(0));
    expect(parameters.data).toEqual(vector(0, 1));
  });

  it('keeps no denormal moments', () => {
    const adam = new Adam({ ...SETTINGS, clipNorm: 1e9 }, new FlatParameters([{ name: 'x', shape: [2] }]));
    adam.step(Float32Array.of(1e-18, -1e-37));
    expect(adam.v).toEqual(new Float32Array(2));
    for (let i = 0; i < 30; i++) adam.step(new Float32Array(2));
    expect(adam.m[1]).toBe(0);
    expect(adam.m[0]).toBeGreaterThan(0);
  });
});
