import { beforeAll, describe, expect, it } from 'vitest';
import { random } from '../../../domain/random';
import { type ModelConfig, parseModelConfig } from '../model/config';
import { freshWeights, normals } from '../model/initialise';
import { LINEAR_LAYERS } from '../model/parameters';
import { loadRuntime, openSession, type Runtime } from '../runtime';
import { MASKED } from './causalAttention';
import type { LoraShape } from './loraShape';
import type { LossShape } from './loss';
import { stepGraph } from './stepGraph';
import { type BatchShape, gradientName, scoreGraph, type Trainable, trainedParameters, trainGraph } from './trainGraph';

const SHAPE = { batch: 2, time: 5, rows: 4, places: null };
/** The same rows, by the places of their sequences; the third place of each is filled up. */
const PLACED = { ...SHAPE, places: 3 };
const VOCABULARY = 11;
const LORA: LoraShape = { rank: 2, alpha: 4, targets: LINEAR_LAYERS };
const SOME: LoraShape = { rank: 2, alpha: 4, targets: ['k_proj', 'down_proj'] };

function configOf(changes: object = {}): ModelConfig {
  return parseModelConfig(
    {
      architectures: ['LlamaForCausalLM'],
      vocab_size: VOCABULARY,
      hidden_size: 8,
      intermediate_size: 12,
      num_hidden_layers: 2,
      num_attention_heads: 2,
      num_key_value_heads: 1,
      head_dim: 4,
      ...changes,
    },
    'config.json',
  );
}

let runtime: Runtime;
beforeAll(async () => {
  runtime = await loadRuntime();
});

/** The loss and everything else of one training graph, as functions of the weights. */
async function train(
  config: ModelConfig,
  lossShape: LossShape,
  trainable: Trainable,
  scalars: Record<string, number>,
  shape: BatchShape = SHAPE,
) {
  const graph = trainGraph(config, shape, lossShape, trainable);
  const session = await openSession(graph.encode(), { runtime, device: 'cpu', threads: 1, spinning: false });
  const draw = random('train graph');
  const weights = freshWeights(config, 3);
  const trained = trainedParameters(config, trainable);
  for (const { name, shape } of trained) {
    if (!weights.has(name))
      weights.set(
        name,
        normals(
          shape.reduce((a, b) => a * b, 1),
          0.2,
          draw,
        ),
      );
  }
  const column = (make: () => number): Float32Array => Float32Array.from({ length: SHAPE.rows }, make);
  const data = {
    credit: column(() => 2 * draw.uniform() - 1),
    samplingLogProb: column(() => -2 - draw.uniform()),
    referenceLogProb: column(() => -2 - draw.uniform()),
    weight: column(() => draw.uniform()),
  };
  const maskTable = new Float32Array(2 * VOCABULARY);
  for (let token = 0; token < VOCABULARY; token++) if (![1, 4, 7].includes(token)) maskTable[VOCABULARY + token] = MASKED;
  const integers = (values: number[]): BigInt64Array => BigInt64Array.from(values, BigInt);
  const ids = Array.from({ length: SHAPE.batch * SHAPE.time }, () => draw.integer(VOCABULARY));
  const run = async (): Promise<Record<string, Float32Array>> => {
    const float = (values: Float32Array, shape: readonly number[]) => new runtime.Tensor('float32', values, shape);
    const fixed = {
      ids: new runtime.Tensor('int64', integers(ids), [SHAPE.batch, SHAPE.time, 1]),
      ...(shape.places === null
        ? { rows: new runtime.Tensor('int64', integers([1, 3, 6, 8]), [SHAPE.rows, 1]) }
        : {
            rows: new runtime.Tensor('int64', integers([0, 1, 3, 4]), [SHAPE.rows, 1]),
            places: new runtime.Tensor('int64', integers([1, 3, 0, 1, 3, 0]), [2, 3, 1]),
            flatPlaces: new runtime.Tensor('int64', integers([1, 3, 0, 6, 8, 0]), [2, 3, 1]),
          }),
      targets: new runtime.Tensor('int64', integers([4, 1, 7, 4]), [SHAPE.rows, 1]),
      inverseTemperature: float(Float32Array.of(1 / 0.8), []),
      ...Object.fromEntries(Object.entries(data).map(([name, values]) => [name, float(values, [SHAPE.rows, 1])])),
      ...Object.fromEntries(Object.entries(scalars).map(([name, value]) => [name, float(Float32Array.of(value), [])])),
    };
    const masks = {
      maskTable: float(maskTable, [2, VOCABULARY]),
      maskRow: new runtime.Tensor('int64', integers([1, 1, 0, 1]), [SHAPE.rows, 1]),
    };
    const shapes = new Map([...trainedParameters(config, { kind: 'full' }), ...trained].map(({ name, shape }) => [name, shape]));
    const fed = Object.fromEntries([...weights].map(([name, values]) => [name, float(values, shapes.get(name)!)]));
    const wanted = Object.entries({ ...fixed, ...masks, ...fed }).filter(([name]) => session.inputNames.includes(name));
    const outputs = await session.run(Object.fromEntries(wanted));
    return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, tensor.data as Float32Array]));
  };
  return { run, weights, trained, data };
}

/** Largest difference, relative to a gradient's norm, between it and central differences along it and along a random direction. */
async function worstDirection(made: Awaited<ReturnType<typeof train>>): Promise<number> {
  const gradients = await made.run();
  let worst = 0;
  for (const { name } of made.trained) {
    const values = made.weights.get(name)!;
    const gradient = gradients[gradientName(name)]!.slice();
    const size = Math.hypot(...gradient);
    for (const direction of [gradient, normals(values.length, 1, random('direction', name))]) {
      const length = Math.hypot(...direction);
      if (length === 0) continue;
      const saved = values.slice();
      const step = 8e-3;
      const at = async (sign: number): Promise<number> => {
        for (let i = 0; i < values.length; i++) values[i] = saved[i]! + (sign * step * direction[i]!) / length;
        return (await made.run()).loss![0]!;
      };
      // Four points: the loss bends too much for two.
      const difference = (8 * ((await at(1)) - (await at(-1))) - ((await at(2)) - (await at(-2)))) / (12 * step);
      values.set(saved);
      const expected = gradient.reduce((sum, g, i) => sum + (g * direction[i]!) / length, 0);
      worst = Math.max(worst, Math.abs(difference - expected) / (size + 1e-3));
    }
  }
  return worst;
}

describe('the gradient of the loss agrees with finite differences', () => {
  // ρ̄ carries no gradient: the differences are taken where the cap makes it constant.
  const scalars = { klCoefficient: 0.3, entropyCoefficient: 0.2, ratioCap: 1e-3 };
  const full: Trainable = { kind: 'full' };
  const cases: [string, object, LossShape, Trainable][] = [
    ['all weights, masked rows', {}, { masked: true, klOver: 'full' }, full],
    ['all weights, KL over the masked policy', {}, { masked: true, klOver: 'masked' }, full],
    [
      'all weights, a tied head, biases, q/k norms',
      { architectures: ['Qwen3ForCausalLM'], tie_word_embeddings: true, attention_bias: true },
      { masked: false, klOver: 'full' },
      full,
    ],
    [
      'all weights, Gemma',
      { architectures: ['Gemma3ForCausalLM'], sliding_window: 2, sliding_window_pattern: 2 },
      { masked: false, klOver: 'full' },
      full,
    ],
    ['all weights, credits alone', {}, { masked: true, klOver: 'full', kl: false, entropy: false }, full],
    ['all weights, credits and KL', {}, { masked: true, klOver: 'masked', entropy: false }, full],
    [
      'an adapter and a tied head, credits alone',
      { tie_word_embeddings: true },
      { masked: false, klOver: 'full', kl: false, entropy: false },
      { kind: 'lora', shape: LORA },
    ],
    ['an adapter', {}, { masked: true, klOver: 'full' }, { kind: 'lora', shape: LORA }],
    ['an adapter of some layers', {}, { masked: false, klOver: 'full' }, { kind: 'lora', shape: SOME }],
  ];
  it('an adapter of some layers has no other matrices', () => {
    const names = trainedParameters(configOf(), { kind: 'lora', shape: SOME }).map(({ name }) => name);
    expect(names).toEqual(
      [0, 1].flatMap((layer) =>
        ['self_attn.k_proj', 'mlp.down_proj'].flatMap((module) =>
          ['A', 'B'].map((matrix) => `model.layers.${layer}.${module}.lora_${matrix}.weight`),
        ),
      ),
    );
  });

  it.each(cases)('%s', async (_, changes, lossShape, trainable) => {
    const made = await train(configOf(changes), lossShape, trainable, { ...scalars, ratioCap: 1 });
    made.data.samplingLogProb.fill(-30);
    expect(await worstDirection(made)).toBeLessThan(1e-2);
  });
});

describe('long sequences', () => {
  it('attend in parts, but where a model says that it attends in one piece', () => {
    const operators = (time: number, changes: object) =>
      trainGraph(configOf(changes), { ...SHAPE, time }, { masked: false, klOver: 'full' }, { kind: 'full' }).operators();
    expect(operators(300, {}).has('Slice')).toBe(true);
    expect(operators(100, {}).has('Slice')).toBe(false);
    expect(operators(300, { parley: { attendsWhole: true, games: [] } }).has('Slice')).toBe(false);
  });
});

describe('a last block that is computed only where it is wanted', () => {
  const scalars = { klCoefficient: 0.3, entropyCoefficient: 0.2, ratioCap: 2 };
  it.each([
    ['all weights', {}, { kind: 'full' }],
    ['an adapter, a sliding window', { architectures: ['Gemma3ForCausalLM'], sliding_window: 2 }, { kind: 'lora', shape: LORA }],
  ] as [string, object, Trainable][])('gives what the whole one gives: %s', async (_, changes, trainable) => {
    const config = configOf(changes);
    const lossShape: LossShape = { masked: true, klOver: 'full' };
    const whole = await (await train(config, lossShape, trainable, scalars)).run();
    const placed = await (await train(config, lossShape, trainable, scalars, PLACED)).run();
    for (const [name, values] of Object.entries(whole))
      values.forEach((value, i) => {
        expect(placed[name]![i], name).toBeCloseTo(value, 5);
      });
  });
});

describe('the loss', () => {
  it('is what its parts make it', async () => {
    const scalars = { klCoefficient: 0.3, entropyCoefficient: 0.2, ratioCap: 1.5 };
    const { run, data } = await train(configOf(), { masked: true, klOver: 'masked' }, { kind: 'full' }, scalars);
    const out = await run();
    let loss = 0;
    let capped = 0;
    for (let i = 0; i < SHAPE.rows; i++) {
      const ratio = Math.exp(out.logProb![i]! - data.samplingLogProb[i]!);
      expect(out.ratio![i]).toBeCloseTo(ratio, 4);
      if (ratio > 1.5) capped++;
      const rho = Math.min(ratio, 1.5);
      const d = data.referenceLogProb[i]! - out.logProb![i]!;
      loss += data.weight[i]! * (-rho * data.credit[i]! * out.logProb![i]! + 0.3 * rho * (Math.exp(d) - d - 1) - 0.2 * out.entropy![i]!);
    }
    expect(capped).toBeGreaterThan(0);
    expect(out.loss![0]).toBeCloseTo(loss, 4);
  });

  it('leaves out a term as its coefficient 0 would', async () => {
    const scalars = { klCoefficient: 0, entropyCoefficient: 0, ratioCap: 1.5 };
    const whole = await (await train(configOf(), { masked: true, klOver: 'full' }, { kind: 'full' }, scalars)).run();
    const without = await (
      await train(configOf(), { masked: true, klOver: 'full', kl: false, entropy: false }, { kind: 'full' }, scalars)
    ).run();
    // Alone, log-probabilities are differentiated through the head, whose sums are in another order.
    for (const [name, values] of Object.entries(whole)) {
      expect(without[name], name).toHaveLength(values.length);
      for (const [i, value] of values.entries()) expect(without[name]![i], name).toBeCloseTo(value, 6);
    }
  });

  it('holds forbidden logits by the KL over the full policy only', async () => {
    // The head's rows of forbidden tokens raise only forbidden logits; mask row 0 allows all, so that row has no part here.
    const forbidden = [0, 2, 3, 5, 6, 8, 9, 10];
    for (const klOver of ['full', 'masked'] as const) {
      const made = await train(
        configOf(),
        { masked: true, klOver },
        { kind: 'full' },
        { klCoefficient: 1, entropyCoefficient: 0, ratioCap: 2 },
      );
      made.data.weight[2] = 0;
      const gradient = (await made.run())[gradientName('lm_head.weight')]!;
      const size = Math.hypot(...forbidden.flatMap((token) => [...gradient.subarray(token * 8, token * 8 + 8)]));
      if (klOver === 'full') expect(size).toBeGreaterThan(1e-3);
      else expect(size).toBe(0);
    }
  });

  it('does not blow up when log-probabilities are far apart', async () => {
    const made = await train(
      configOf(),
      { masked: true, klOver: 'full' },
      { kind: 'full' },
      { klCoefficient: 0, entropyCoefficient: 0, ratioCap: 2 },
    );
    made.data.samplingLogProb.set([-1e9, 1e9, -1000, 0]);
    const out = await made.run();
    expect(Number.isFinite(out.loss![0]!)).toBe(true);
    expect(out.ratio![0]! / Math.exp(40)).toBeCloseTo(1, 4);
    expect(out.ratio![1]).toBeLessThan(1e-17);
  });
});

describe('operators', () => {
  // WebGPU has no kernel for LogSoftmax, Sum and FusedMatMul, and runs them on the CPU without a word.
  const allowed = new Set(
    'Add And Cast Clip Concat CumSum Div Exp Expand Gather GatherElements Gemm GreaterOrEqual Identity LessOrEqual Log MatMul Min Mul Neg Reciprocal ReduceMax ReduceMean ReduceSum Reshape ScatterElements ScatterND Sigmoid Slice Softmax Sqrt Sub Tanh Transpose'.split(
      ' ',
    ),
  );
  const gemma = { architectures: ['Gemma3ForCausalLM'], sliding_window: 2 };
  it.each([
    ['training', () => trainGraph(configOf(), PLACED, { masked: true, klOver: 'full' }, { kind: 'full' })],
    ['training Gemma', () => trainGraph(configOf(gemma), SHAPE, { masked: false, klOver: 'full' }, { kind: 'lora', shape: LORA })],
    ['scoring', () => scoreGraph(configOf(), SHAPE, { masked: true, klOver: 'masked' }, LORA)],
    ['sampling', () => stepGraph(configOf(gemma), LORA)],
  ])('of %s are standard ones', (_, build) => {
    const used = build().operators();
    expect([...used].filter((op) => !allowed.has(op))).toEqual([]);
    expect(used.size).toBeGreaterThan(4);
  });
});

describe('shapes', () => {
  it('that do not fit are found while the graph is built, and the node is named', () => {
    const config = configOf();
    expect(() => trainGraph({ ...config, headSize: 3 }, SHAPE, { masked: false, klOver: 'full' }, { kind: 'full' })).toThrow(
      /node layer 0\/attention\/RotaryEmbedding_\d+: an odd head size, 3/,
    );
  });
});
