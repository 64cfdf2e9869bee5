import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BenchModel, stepFlops, writeRandomModel } from './bench';
import { parseModelConfig } from './model/config';

const SHAPE = {
  vocab_size: 40,
  hidden_size: 16,
  intermediate_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  tie_word_embeddings: true,
};
const LORA = { kind: 'lora', rank: 2, alpha: 4, seed: 0 } as const;
const OPTIONS = { threads: 1, device: 'cpu', spinning: false } as const;

describe('a model to measure', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'parley-bench-'));
    await writeRandomModel(folder, SHAPE);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('learns what it is measured on: all weights', async () => {
    const model = await BenchModel.open(folder, { kind: 'full' }, 2, 8, OPTIONS);
    expect(model.trained).toBe(40 * 16 + 2 * (4 * 16 * 16 + 3 * 16 * 32 + 2 * 16) + 16);
    const first = await model.train();
    for (let i = 0; i < 20; i++) await model.train();
    const last = await model.train();
    expect(last.loss).toBeLessThan(first.loss);
    expect(last.gradientSeconds).toBeGreaterThan(0);
    expect(last.seconds).toBeGreaterThan(last.gradientSeconds);
    await model.dispose();
  });

  it('learns through an adapter, and samples and multiplies', async () => {
    const model = await BenchModel.open(folder, LORA, 2, 8, OPTIONS);
    expect(model.trained).toBe(2 * 2 * (4 * (16 + 16) + 3 * (16 + 32)));
    const first = await model.train();
    for (let i = 0; i < 20; i++) await model.train();
    expect((await model.train()).loss).toBeLessThan(first.loss);
    expect(await model.sample(2, 5, 0.9)).toBeGreaterThan(0);
    expect(await model.matmulRate()).toBeGreaterThan(0);
    await model.dispose();
  });
});

it('counts the products of a step', () => {
  const config = parseModelConfig({ architectures: ['LlamaForCausalLM'], ...SHAPE }, 'config.json');
  const weights = 2 * (4 * 16 * 16 + 3 * 16 * 32);
  const frozen = 2 * 16 * (weights + 16 * 40);
  const attention = 2 * (4 * 2 * 16 * 8 * 8);
  expect(stepFlops(config, { kind: 'full' }, 2, 8)).toBe(3 * (frozen + attention));
  const adapter = 2 * 16 * 2 * 2 * (4 * (16 + 16) + 3 * (16 + 32));
  expect(stepFlops(config, LORA, 2, 8)).toBe(2 * frozen + 3 * (attention + adapter));
});
