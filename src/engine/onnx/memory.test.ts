import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { estimate, estimateMemory, type MemoryPlan, refuseIfTooLarge } from './memory';
import { parseModelConfig } from './model/config';

/** The shape that docs/benchmarks.md measures: d 256, 6 layers, vocabulary 4096. */
const MIDDLE = parseModelConfig(
  {
    architectures: ['LlamaForCausalLM'],
    vocab_size: 4096,
    hidden_size: 256,
    intermediate_size: 1024,
    num_hidden_layers: 6,
    num_attention_heads: 4,
    tie_word_embeddings: true,
    max_position_embeddings: 512,
  },
  'config.json',
);

const PLAN: MemoryPlan = {
  adapter: { kind: 'lora', rank: 16, alpha: 32, seed: 0 },
  transcriptTokens: 256,
  transcripts: 0,
  snapshots: 0,
  tokensARun: 2048,
  layerwise: false,
};

describe('the memory estimate', () => {
  // Largest resident sizes of processes that trained 8 × 256 tokens, in MB.
  const measured: [string, Partial<MemoryPlan>, number][] = [
    ['LoRA in one graph', {}, 1280],
    ['half the tokens a run', { tokensARun: 1024 }, 795],
    ['a quarter', { tokensARun: 512 }, 515],
    ['all weights', { adapter: { kind: 'full' } }, 1470],
    ['layer by layer', { layerwise: true }, 720],
  ];
  it.each(measured)('is within a quarter of what was measured: %s', (_, changes, megabytes) => {
    const { total } = estimate(MIDDLE, { ...PLAN, ...changes });
    expect(Math.abs(total / 1e6 / megabytes - 1)).toBeLessThan(0.25);
  });

  it('and for a model of 135 million parameters, 8 × 512 tokens', () => {
    const smol = parseModelConfig(
      {
        architectures: ['LlamaForCausalLM'],
        vocab_size: 49152,
        hidden_size: 576,
        intermediate_size: 1536,
        num_hidden_layers: 30,
        num_attention_heads: 9,
        num_key_value_heads: 3,
        tie_word_embeddings: true,
        max_position_embeddings: 2048,
      },
      'config.json',
    );
    const { layerwise: _, tokensARun: __, ...plan } = PLAN;
    // What docs/benchmarks.md has for the step and for sampling.
    const { total } = estimate(smol, { ...plan, transcriptTokens: 512 });
    expect(Math.abs(total / 1e6 / 2600 - 1)).toBeLessThan(0.25);
  });

  it('counts what grows with the run', () => {
    const small = estimate(MIDDLE, PLAN);
    const large = estimate(MIDDLE, { ...PLAN, snapshots: 30, transcripts: 128 });
    expect(large.cache).toBe(2 * 128 * 256 * 6 * 256 * 4);
    expect(large.policies - small.policies).toBeGreaterThan(0);
    expect(large.total).toBe(large.weights + large.training + large.policies + large.activations + large.cache + large.runtime);
  });

  it('reads nothing but config.json', async () => {
    const folder = join(__dirname, '../../../test/fixtures/hf/qwen2');
    expect((await estimateMemory(folder, PLAN)).weights).toBeGreaterThan(0);
    await expect(estimateMemory(join(folder, 'adapter'), PLAN)).rejects.toThrow('config.json is missing');
  });

  it('refuses with the numbers', () => {
    const needed = estimate(MIDDLE, PLAN);
    expect(() => refuseIfTooLarge(needed, 64e9)).not.toThrow();
    expect(() => refuseIfTooLarge(needed, 1e9)).toThrow(
      /^the run needs about 1\.\d\d GB: weights 0\.03, training .*, and this machine has 1\.00 GB; choose/,
    );
  });
});
