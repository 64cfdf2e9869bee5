import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { random } from '../../../domain/random';
import type { Sample } from '../../engine';
import { writeRandomModel } from '../bench';
import { FlatParameters } from '../flatParameters';
import { parametersOf } from '../model/parameters';
import { type OpenedModel, openModel } from '../openModel';
import { OnnxPolicy, WeightFeeds } from '../policies';
import { Sampler } from '../sampler';
import { loraParameters, loraShape } from './loraShape';

const SHAPE = {
  vocab_size: 40,
  hidden_size: 16,
  // Odd, so that both ways of turning a result back are met.
  intermediate_size: 31,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  max_position_embeddings: 64,
  attention_bias: true,
  mlp_bias: true,
  tie_word_embeddings: true,
};

/** Two turns of three lanes, the second after a few tokens more: several columns, then one. */
async function talk({ sessions, model }: OpenedModel, weights: WeightFeeds, policy: OnnxPolicy): Promise<Sample[]> {
  const sampler = new Sampler(sessions, model.config, weights, -1);
  const lanes = sampler.open(policy, 3, 40);
  const draw = random(1, 'talk');
  const said: Sample[] = [];
  for (const read of [
    [1, 2, 3],
    [4, 5],
  ]) {
    const uniforms = lanes.map(() => Array.from({ length: 6 }, () => draw.uniform()));
    const turns = lanes.map((lane, i) => ({
      lane,
      read: [...read, i],
      constraint: null,
      validAgainst: null,
      maxTokens: 6,
      uniform: (n: number) => uniforms[i]![n]!,
    }));
    said.push(...(await sampler.sample(turns, { temperature: 1, topP: 1, topK: 0 })));
  }
  sampler.close(lanes);
  return said;
}

it('turned weights, and weights held by the graph, make the tokens and probabilities that the others make, adapter and biases and all', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'parley-turned-'));
  try {
    await writeRandomModel(folder, SHAPE);
    const opened = await openModel({ model: folder, threads: 1, device: 'cpu', spinning: false });
    const { sessions, model, base } = opened;
    const draw = random(0, 'turned');
    const noise = (data: Float32Array): void => data.set(data.map(() => 0.6 * (draw.uniform() - 0.5)));
    for (const { name } of parametersOf(model.config)) if (name.endsWith('.bias')) noise(model.weights.get(name)!);
    const shape = loraShape({ kind: 'lora', rank: 2, alpha: 4, seed: 0, targets: ['q_proj', 'o_proj', 'up_proj', 'down_proj'] });
    const parameters = new FlatParameters(loraParameters(model.config, shape));
    noise(parameters.data);
    const adapted = new OnnxPolicy('adapted', { kind: 'lora', shape, parameters });
    const plain = new WeightFeeds(sessions, model.config, opened.weights.base, false, false);
    const turned = new WeightFeeds(sessions, model.config, opened.weights.base, false, true);
    const held = new WeightFeeds(sessions, model.config, opened.weights.base, false, false, true);
    expect((await turned.toSample(adapted)).turned).toBe(true);
    expect((await held.toDecode(adapted)).held).not.toBeNull();
    expect((await plain.toDecode(adapted)).held).toBeNull();
    const logProbs = [];
    for (const policy of [base, adapted]) {
      const expected = await talk(opened, plain, policy);
      for (const weights of [turned, held]) {
        const got = await talk(opened, weights, policy);
        expect(got.map(({ tokens }) => [...tokens])).toEqual(expected.map(({ tokens }) => [...tokens]));
        for (const [i, { logProbs: each }] of expected.entries())
          for (const [j, logProb] of each.entries()) expect(got[i]!.logProbs[j]!).toBeCloseTo(logProb, 5);
      }
      logProbs.push(expected[0]!.logProbs[0]!);
    }
    // The adapter counts, or the comparison would say nothing of it.
    expect(Math.abs(logProbs[0]! - logProbs[1]!)).toBeGreaterThan(1e-3);
    await sessions.dispose();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
