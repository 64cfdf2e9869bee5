import { type BenchCase, benchEngine } from '../../src/engine/onnx/bench';
import type { Benchmark, BenchSettings, Measurement } from './benchmark';

/** A model between the embedded policy and a real one. */
const SHAPE = {
  hidden_size: 256,
  intermediate_size: 1024,
  num_hidden_layers: 6,
  num_attention_heads: 4,
  num_key_value_heads: 4,
  head_dim: 64,
  vocab_size: 4096,
  max_position_embeddings: 512,
  tie_word_embeddings: true,
};

const benchmark: Benchmark = {
  title: 'The engine on a model of width 256',
  method:
    'Random weights, 6 layers, 4 heads, SwiGLU 1024, vocabulary 4096. A step is forward, backward and AdamW on 8 × 256 tokens, every token trained; sampling is 32 transcripts of 128 tokens. No peer was installed where this ran, so there are no ratios to PyTorch or to Hugging Face generate.',
  seconds: 240,
  async run({ device, threads }: BenchSettings) {
    const bench = (adapter: BenchCase['adapter'], sampleTokens: number): BenchCase => ({
      shape: SHAPE,
      adapter,
      batch: 8,
      time: 256,
      steps: 5,
      lanes: 32,
      sampleTokens,
      options: { threads, device: device as BenchCase['options']['device'] },
    });
    const lora = await benchEngine(bench({ kind: 'lora', rank: 16, alpha: 32, seed: 0 }, 128));
    const full = await benchEngine(bench({ kind: 'full' }, 0));
    const rows: Measurement[] = [];
    for (const [name, result] of [
      ['LoRA r 16 step', lora],
      ['full step', full],
    ] as const) {
      rows.push({ measure: name, value: result.stepMilliseconds, unit: 'ms', note: `${threads} threads` });
      rows.push({ measure: `${name}, rate`, value: result.gigaflops, unit: 'GFLOP/s' });
      rows.push({ measure: `${name}, share`, value: 100 * result.matmulShare, unit: '% of a plain MatMul', target: '≥ 75' });
    }
    if (lora.sampledTokensPerSecond !== null)
      rows.push({ measure: 'sampling', value: lora.sampledTokensPerSecond, unit: 'tokens/s', note: '32 transcripts at once' });
    rows.push({ measure: 'peak memory', value: full.peakMemory / 1e6, unit: 'MB' });
    return rows;
  },
};

export default benchmark;
