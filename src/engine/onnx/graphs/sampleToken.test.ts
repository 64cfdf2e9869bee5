import { describe, expect, it } from 'vitest';
import { random } from '../../../domain/random';
import { Graph } from '../graph/graph';
import { parseModelConfig } from '../model/config';
import { loadRuntime, openSession } from '../runtime';
import { MASKED } from './causalAttention';
import { sampleToken } from './sampleToken';

const ROWS = 64;

/** The vocabularies' sizes have a divisor near their square root, only a small one, or none. */
describe.each([96, 62, 61])('of a vocabulary of %i', (size) => {
  const json = {
    architectures: ['LlamaForCausalLM'],
    vocab_size: size,
    hidden_size: 32,
    intermediate_size: 8,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    num_key_value_heads: 2,
    max_position_embeddings: 8,
  };

  it.each([
    [true, false],
    [false, false],
    [true, true],
  ])('the token is where the cumulated weight passes the uniform; in runs: %s, free: %s', async (inRuns, free) => {
    const draw = random(0, 'sampleToken');
    const graph = new Graph('sample');
    const logits = graph.input('logits', 'float32', ['B', size]);
    sampleToken(graph, parseModelConfig(json, 'config.json'), logits, false, inRuns, free);
    const runtime = await loadRuntime();
    const session = await openSession(graph.encode(), { runtime, device: 'cpu', threads: 1, spinning: false });
    const floats = (data: Float32Array, shape: number[]) => new runtime.Tensor('float32', data, shape);
    const integers = (list: number[]) => new runtime.Tensor('int64', BigInt64Array.from(list, BigInt), [list.length, 1]);
    const rows = Array.from({ length: ROWS }, (_, row) => row);
    const values = Float32Array.from({ length: ROWS * size }, () => 6 * draw.uniform());
    // Every other row may be any of a few tokens, so that most runs weigh nothing.
    const few = [3, Math.floor(size / 2), size - 2];
    const mask = Float32Array.from({ length: 2 * size }, (_, i) => (i < size || few.includes(i - size) ? 0 : MASKED));
    // The last ones are next to 1, and must still fall on a token that has weight.
    const uniform = Float32Array.from(rows, (row) => (row < ROWS - 8 ? draw.uniform() : 1 - 2 ** -24));
    const outputs = await session.run({
      logits: floats(values, [ROWS, size]),
      speaker: integers(rows),
      uniform: floats(uniform, [ROWS, 1]),
      maskTable: floats(mask, [2, size]),
      maskRow: integers(rows.map((row) => row % 2)),
      validRow: integers(rows.map((row) => row % 2)),
    });
    const tokens = [...(outputs.token!.data as BigInt64Array)].map(Number);
    const logProbs = outputs.logProb!.data as Float32Array;
    for (const row of rows) {
      const allowed = free || row % 2 === 0 ? Array.from({ length: size }, (_, token) => token) : few;
      const weights = Array.from({ length: size }, (_, token) => (allowed.includes(token) ? Math.exp(values[row * size + token]!) : 0));
      const total = weights.reduce((sum, weight) => sum + weight, 0);
      const token = tokens[row]!;
      expect(weights[token]).toBeGreaterThan(0);
      const before = weights.slice(0, token).reduce((sum, weight) => sum + weight, 0) / total;
      expect(uniform[row]!).toBeGreaterThan(before - 1e-5);
      expect(uniform[row]!).toBeLessThan(before + weights[token]! / total + 1e-5);
      expect(logProbs[row]!).toBeCloseTo(Math.log(weights[token]! / total), 5);
    }
    await session.release();
  });
});
