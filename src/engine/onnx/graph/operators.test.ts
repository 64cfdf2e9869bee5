import { describe, expect, it } from 'vitest';
import { loadRuntime, openSession } from '../runtime';
import { attention, causalAttentionInParts } from './attention';
import { exp, negate } from './elementwise';
import { gatherElements, gatherRows, scatterAdd } from './gather';
import { checkGradient } from './gradientCheck';
import { Graph } from './graph';
import { batchedMatmul, factoredLora, gemm, linear, mergedLora, overRows } from './matmul';
import { rmsNorm } from './norm';
import { expand, maximumOver, mean, sum } from './reduce';
import { rope } from './rope';
import { concat, pad, reshape, slice, transpose } from './shape';
import { distribution, entropy, softmax, tokenLogProb, tokenLogProbThrough } from './softmax';
import { showShape, type Value } from './value';

const close = 2e-3;

function index(graph: Graph, shape: readonly number[], values: readonly number[]): Value {
  return graph.constant('int64', shape, BigInt64Array.from(values, BigInt));
}

describe('reductions', () => {
  it('sum over axes', async () => {
    const { value, operands, worst } = await checkGradient([{ shape: [2, 3, 4] }], ([x]) => sum(x!, [0, -1]));
    expect(value).toHaveLength(3);
    for (let j = 0; j < 3; j++) {
      let total = 0;
      for (let i = 0; i < 2; i++) for (let k = 0; k < 4; k++) total += operands[0]![(i * 3 + j) * 4 + k]!;
      expect(value[j]).toBeCloseTo(total, 5);
    }
    expect(worst).toBeLessThan(close);
  });

  it('mean over the last axis', async () => {
    const { value, operands, worst } = await checkGradient([{ shape: [3, 4] }], ([x]) => mean(x!, [-1]));
    expect(value[1]).toBeCloseTo(operands[0]!.slice(4, 8).reduce((a, b) => a + b) / 4, 5);
    expect(worst).toBeLessThan(close);
  });

  it('expand repeats and its gradient sums', async () => {
    const { worst, gradients } = await checkGradient([{ shape: [3, 1] }], ([x]) => expand(x!, [2, 3, 4]));
    expect(gradients[0]).toHaveLength(3);
    expect(worst).toBeLessThan(close);
  });

  it('the maximum is the maximum', async () => {
    const { value, operands } = await checkGradient([{ shape: [2, 5] }], ([x]) => concat([x!, maximumOver(x!, [-1])], -1));
    expect(value[5]).toBe(Math.max(...operands[0]!.slice(0, 5)));
  });
});

describe('shapes', () => {
  it('reshape, transpose, slice, pad and concat move numbers and gradients', async () => {
    const { value, operands, worst } = await checkGradient([{ shape: [2, 6] }, { shape: [2, 2, 3] }], ([a, b]) => {
      const both = concat([reshape(a!, [2, 2, 3]), b!], 1);
      return pad(slice(transpose(both, [0, 2, 1]), 1, 1, 3), 2, 1, 0);
    });
    // [batch 2, rows 1 … 2 of 3, one zero and then four columns]
    expect(value).toHaveLength(2 * 2 * 5);
    expect(value[0]).toBe(0);
    expect(value[1]).toBe(operands[0]![1]);
    expect(value[3]).toBe(operands[1]![1]);
    expect(worst).toBeLessThan(close);
  });

  it('refuses another number of elements, naming the node', () => {
    const graph = new Graph('wrong');
    const x = graph.input('x', 'float32', [2, 3]);
    expect(() => reshape(x, [4, 2])).toThrow(`node Reshape_0: ${showShape([2, 3])} to [4, 2]`);
    expect(() => transpose(x, [0, 0])).toThrow('node Transpose_0');
    expect(() => slice(x, 1, 2, 5)).toThrow('node Slice_0: 2 to 5 of an axis of 3');
    expect(() => concat([x, graph.input('y', 'float32', [3, 3])], 1)).toThrow('node Concat_0');
  });

  it('keeps one size open and infers another', () => {
    const graph = new Graph('open');
    const x = graph.input('x', 'float32', ['B', 'n', 12]);
    expect(reshape(x, ['B', 'n', 3, 4]).shape).toEqual(['B', 'n', 3, 4]);
    expect(() => reshape(x, ['n', 'B', 12])).toThrow('Reshape');
  });
});

describe('matrix products', () => {
  for (const transposeA of [false, true]) {
    for (const transposeB of [false, true]) {
      it(`gemm ${transposeA ? 'Aᵀ' : 'A'} ${transposeB ? 'Bᵀ' : 'B'}`, async () => {
        const { worst, value, operands } = await checkGradient(
          [{ shape: transposeA ? [3, 2] : [2, 3] }, { shape: transposeB ? [4, 3] : [3, 4] }],
          ([a, b]) => gemm(a!, b!, { transposeA, transposeB, alpha: 1.5 }),
        );
        let y = 0;
        for (let k = 0; k < 3; k++) y += operands[0]![transposeA ? k * 2 + 1 : 3 + k]! * operands[1]![transposeB ? 2 * 3 + k : k * 4 + 2]!;
        expect(value[1 * 4 + 2]).toBeCloseTo(1.5 * y, 5);
        expect(worst).toBeLessThan(close);
      });
    }
  }

  it.each([
    [130, 140],
    [140, 130],
    [130, 3],
  ])('of wide factors over their rows, %i and %i, are bit for bit what one node makes of them', async (width, others) => {
    const runtime = await loadRuntime();
    const graph = new Graph('over rows');
    const [a, b] = [graph.input('a', 'float32', [6, width]), graph.input('b', 'float32', [6, others])];
    graph.output('ours', overRows(a, b, 1.5));
    graph.output('plain', gemm(a, b, { transposeA: true, alpha: 1.5 }));
    expect(graph.operators().has('Transpose')).toBe(Math.min(width, others) >= 128);
    const session = await openSession(graph.encode(), { runtime, device: 'cpu', threads: 1, spinning: false });
    const tensor = (columns: number, of: (x: number) => number) =>
      new runtime.Tensor(
        'float32',
        Float32Array.from({ length: 6 * columns }, (_, i) => of(i)),
        [6, columns],
      );
    const { ours, plain } = await session.run({ a: tensor(width, Math.sin), b: tensor(others, Math.cos) });
    expect(ours!.dims).toEqual([width, others]);
    expect(ours!.data).toEqual(plain!.data);
    expect(new Set(ours!.data as Float32Array).size).toBeGreaterThan(100);
    await session.release();
  });

  it('linear over leading axes', async () => {
    expect((await checkGradient([{ shape: [2, 3, 4] }, { shape: [4, 5] }], ([x, w]) => linear(x!, w!))).worst).toBeLessThan(close);
  });

  it('batched product', async () => {
    const check = await checkGradient([{ shape: [2, 2, 3, 4] }, { shape: [2, 2, 4, 5] }], ([a, b]) => batchedMatmul(a!, b!));
    expect(check.worst).toBeLessThan(close);
  });

  it('a merged and a factored adapter are the same function with the same gradients', async () => {
    const operands = [{ shape: [2, 3, 4] }, { shape: [4, 2] }, { shape: [2, 5] }];
    const frozen = (x: Value): Value =>
      x.graph.constant(
        'float32',
        [4, 5],
        Float32Array.from({ length: 20 }, (_, i) => Math.sin(i)),
      );
    const merged = await checkGradient(operands, ([x, a, b]) => mergedLora(x!, frozen(x!), a!, b!, 2));
    const factored = await checkGradient(operands, ([x, a, b]) => factoredLora(x!, frozen(x!), a!, b!, 2));
    expect(merged.worst).toBeLessThan(close);
    expect(factored.worst).toBeLessThan(close);
    merged.gradients.forEach((gradient, i) => {
      gradient.forEach((g, j) => {
        expect(factored.gradients[i]![j]).toBeCloseTo(g, 4);
      });
    });
  });

  it('refuses factors that do not fit, naming the node', () => {
    const graph = new Graph('wrong');
    const x = graph.input('x', 'float32', [2, 7, 48]);
    const w = graph.input('w', 'float32', [64, 3]);
    expect(() => graph.scope('layer 1', () => graph.scope('q_proj', () => linear(x, w)))).toThrow(
      'node layer 1/q_proj/MatMul_0: [2, 7, 48] · [64, 3]',
    );
  });
});

describe('indexing', () => {
  it('rows that occur twice get both gradients', async () => {
    const check = await checkGradient([{ shape: [4, 3] }], ([table]) => gatherRows(table!, index(table!.graph, [2, 2, 1], [1, 3, 1, 0])));
    expect([...check.value.slice(0, 3)]).toEqual([...check.operands[0]!.slice(3, 6)]);
    expect(check.worst).toBeLessThan(close);
    expect([...check.gradients[0]!.slice(6, 9)]).toEqual([0, 0, 0]);
  });

  it('one element a row', async () => {
    const check = await checkGradient([{ shape: [3, 4] }], ([x]) => gatherElements(x!, index(x!.graph, [3, 1], [2, 0, 3])));
    expect(check.value[0]).toBe(check.operands[0]![2]);
    expect(check.worst).toBeLessThan(close);
  });

  it('adding into places', async () => {
    const check = await checkGradient([{ shape: [2, 3] }, { shape: [2, 1] }], ([x, u]) =>
      scatterAdd(x!, index(x!.graph, [2, 1], [2, 1]), u!),
    );
    expect(check.value[2]).toBeCloseTo(check.operands[0]![2]! + check.operands[1]![0]!, 6);
    expect(check.worst).toBeLessThan(close);
  });
});

describe('softmax and what is read off it', () => {
  const logits = { shape: [3, 5], from: -3, to: 3 };

  it('softmax sums to one', async () => {
    const { value, worst } = await checkGradient([logits], ([x]) => softmax(x!));
    expect(value.slice(0, 5).reduce((a, b) => a + b)).toBeCloseTo(1, 5);
    expect(worst).toBeLessThan(close);
  });

  it('log-probability of a token', async () => {
    const { value, operands, worst } = await checkGradient([logits], ([x]) =>
      tokenLogProb(distribution(x!), index(x!.graph, [3, 1], [4, 0, 2])),
    );
    const row = [...operands[0]!.slice(0, 5)];
    expect(value[0]).toBeCloseTo(row[4]! - Math.log(row.reduce((z, x) => z + Math.exp(x), 0)), 5);
    expect(worst).toBeLessThan(close);
  });

  it('log-probability of a token through the head, tokens that occur twice included', async () => {
    const { value, operands, worst } = await checkGradient([{ shape: [3, 4] }, { shape: [5, 4] }], ([x, w]) => {
      const product = gemm(x!, w!, { transposeB: true });
      return tokenLogProbThrough(product, distribution(product), index(x!.graph, [3, 1], [4, 0, 4]));
    });
    const [x, w] = operands.map((numbers) => [...numbers]);
    const row = Array.from({ length: 5 }, (_, v) => x!.slice(8, 12).reduce((total, each, i) => total + each * w![4 * v + i]!, 0));
    expect(value[2]).toBeCloseTo(row[4]! - Math.log(row.reduce((z, logit) => z + Math.exp(logit), 0)), 5);
    expect(worst).toBeLessThan(close);
  });

  it('entropy', async () => {
    const { value, operands, worst } = await checkGradient([logits], ([x]) => entropy(distribution(x!)));
    const row = [...operands[0]!.slice(5, 10)].map(Math.exp);
    const z = row.reduce((a, b) => a + b);
    expect(value[1]).toBeCloseTo(-row.reduce((h, p) => h + (p / z) * Math.log(p / z), 0), 5);
    expect(worst).toBeLessThan(close);
  });
});

describe('transformer pieces', () => {
  it('attention', async () => {
    const operands = [{ shape: [2, 3, 4] }, { shape: [2, 4, 3] }, { shape: [2, 3, 2] }];
    const check = await checkGradient(operands, ([q, k, v]) => {
      const mask = q!.graph.constant('float32', [1, 3, 3], Float32Array.of(0, -1e9, -1e9, 0, 0, -1e9, 0, 0, 0));
      return attention(q!, k!, v!, mask);
    });
    expect([...check.value.slice(0, 2)]).toEqual([...check.operands[2]!.slice(0, 2)]);
    expect(check.worst).toBeLessThan(close);
  });

  it('attention in parts is attention with the keys that come later masked', async () => {
    const time = 130;
    const mask = (graph: Graph, from: number, to: number): Value => {
      const rows = 2 * (to - from);
      const seen = (row: number, key: number): number => (key <= from + (row % (to - from)) ? 0 : -1e9);
      const data = Float32Array.from({ length: rows * to }, (_, i) => seen(Math.floor(i / to), i % to));
      return graph.constant('float32', [1, 1, rows, to], data);
    };
    const operands = [{ shape: [1, 1, 2, time, 2] }, { shape: [1, 1, 2, time] }, { shape: [1, 1, time, 2] }];
    const parts = await checkGradient(operands, ([q, k, v]) => causalAttentionInParts(q!, k!, v!, (from, to) => mask(q!.graph, from, to)));
    const whole = await checkGradient(operands, ([q, k, v]) =>
      reshape(attention(reshape(q!, [1, 1, 2 * time, 2]), k!, v!, mask(q!.graph, 0, time)), [1, 1, 2, time, 2]),
    );
    const difference = (a: Float32Array, b: Float32Array): number => a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0);
    expect(difference(parts.value, whole.value)).toBeLessThan(1e-5);
    for (const [i, gradient] of parts.gradients.entries()) expect(difference(gradient, whole.gradients[i]!)).toBeLessThan(1e-5);
    expect(parts.worst).toBeLessThan(close);
  });

  it('RMS norm', async () => {
    const { value, operands, worst } = await checkGradient([{ shape: [2, 3, 4] }, { shape: [4] }], ([x, w]) => rmsNorm(x!, w!, 1e-5), 5e-3);
    const [x, w] = operands;
    const rms = Math.sqrt((x![0]! ** 2 + x![1]! ** 2 + x![2]! ** 2 + x![3]! ** 2) / 4 + 1e-5);
    expect(value[2]).toBeCloseTo((x![2]! / rms) * w![2]!, 5);
    expect(worst).toBeLessThan(close);
  });

  it('rotary positions turn pairs of coordinates', async () => {
    const angle = 0.7;
    const { value, operands, worst } = await checkGradient([{ shape: [2, 3, 4] }], ([x]) => {
      const table = (f: (a: number) => number): Value => x!.graph.constant('float32', [4], Float32Array.from([angle, 2, angle, 2], f));
      return rope(x!, { cos: table(Math.cos), sin: table(Math.sin) });
    });
    const [a, , b] = operands[0]!;
    expect(value[0]).toBeCloseTo(a! * Math.cos(angle) - b! * Math.sin(angle), 5);
    expect(value[2]).toBeCloseTo(b! * Math.cos(angle) + a! * Math.sin(angle), 5);
    expect(worst).toBeLessThan(close);
  });
});

describe('a graph', () => {
  it('leaves out of its file what no output depends on', () => {
    const graph = new Graph('lean');
    const x = graph.input('x', 'float32', [2]);
    exp(x);
    graph.output('y', negate(x));
    const bytes = Buffer.from(graph.encode()).toString('latin1');
    expect(bytes).toContain('Neg');
    expect(bytes).not.toContain('Exp');
  });
});
