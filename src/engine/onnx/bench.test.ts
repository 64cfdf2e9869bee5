import { expect, it } from 'vitest';
import { benchEngine, stepFlops } from './bench';
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

it('the bench measures a step, a product and sampling', async () => {
  const result = await benchEngine({
    shape: SHAPE,
    adapter: LORA,
    batch: 2,
    time: 8,
    steps: 3,
    lanes: 2,
    sampleTokens: 5,
    options: { threads: 1, device: 'cpu', spinning: false },
  });
  expect(result.parameters).toBe(40 * 16 + 2 * (4 * 16 * 16 + 3 * 16 * 32 + 2 * 16) + 16);
  for (const value of [result.stepMilliseconds, result.gigaflops, result.matmulGigaflops, result.sampledTokensPerSecond])
    expect(value).toBeGreaterThan(0);
  expect(result.matmulShare).toBeCloseTo(result.gigaflops / result.matmulGigaflops, 6);
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
