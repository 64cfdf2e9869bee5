import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FULL, LORA, LOSS, largestDifference, play, trained, useTinyEngines } from '../../../test/engine/tinyEngine';
import { CROSS_ENTROPY, crossEntropySequence } from '../crossEntropy';
import type { TrainSequence } from '../engine';
import { TINY_OPTIMIZER, trainSequence, writeTinyModel } from './tinyModel';

const tiny = useTinyEngines();

describe('training', () => {
  it('in micro-batches gives the gradient of one batch', async () => {
    for (const adapter of [FULL, LORA]) {
      const [one, many] = [await tiny.open({ tokensARun: 4096 }), await tiny.open({ tokensARun: 48 })];
      const sequences = (await play(one, await trained(one, adapter))).map((transcript) => trainSequence(transcript));
      await trained(many, adapter);
      const whole = await one.gradients(sequences, LOSS);
      const parts = await many.gradients(sequences, LOSS);
      expect(parts.loss).toBeCloseTo(whole.loss, 5);
      const scale = Math.max(...[...whole.gradients.values()].flatMap((gradient) => [...gradient].map(Math.abs)));
      // The learners were trained in other batches too, so that they differ in the last bits.
      for (const [name, gradient] of whole.gradients)
        expect(largestDifference(parts.gradients.get(name)!, gradient)).toBeLessThan(2e-3 * scale);
    }
  });

  it('counts transcripts that are alike as often as they come', async () => {
    const engine = await tiny.open();
    const played = (await play(engine, await trained(engine, FULL))).map((transcript) => trainSequence(transcript));
    const [first, second] = played as [TrainSequence, TrainSequence];
    const again = {
      ...first,
      credits: first.credits.map((credit) => 1 - 3 * credit),
      weights: first.weights.map((weight, i) => (i > 0 ? weight : 0)),
    };
    const together = await engine.gradients([first, second, again], LOSS);
    const counted = (sequence: TrainSequence): number => sequence.weights.reduce((sum, weight) => sum + weight, 0);
    const total = counted(first) + counted(second) + counted(again);
    let loss = 0;
    const gradient = new Map<string, Float32Array>();
    for (const sequence of [first, second, again]) {
      const alone = await engine.gradients([sequence], LOSS);
      loss += (alone.loss * counted(sequence)) / total;
      for (const [name, values] of alone.gradients) {
        const sum = gradient.get(name) ?? new Float32Array(values.length);
        gradient.set(
          name,
          sum.map((value, i) => value + (values[i]! * counted(sequence)) / total),
        );
      }
    }
    expect(together.loss).toBeCloseTo(loss, 5);
    for (const [name, values] of gradient) expect(largestDifference(together.gradients.get(name)!, values)).toBeLessThan(1e-5);
    expect(together.tokens[2]).toBe(together.tokens[0]);
  });

  it('starts a LoRA learner as the base model', async () => {
    const engine = await tiny.open();
    const learner = await engine.createLearner(LORA, TINY_OPTIMIZER);
    const [result] = [
      await engine.train(
        (await play(engine, learner)).map((transcript) => trainSequence(transcript)),
        LOSS,
      ),
    ];
    for (const { logProbs, referenceLogProbs, ratios, entropies } of result.tokens) {
      expect(ratios.every((ratio) => Math.abs(ratio - 1) < 1e-4)).toBe(true);
      expect(entropies.every((entropy) => entropy > 0)).toBe(true);
      expect(logProbs.length).toBe(referenceLogProbs.length);
    }
    expect(learner.steps).toBe(1);
  });

  it('learns to imitate by cross-entropy', async () => {
    const engine = await tiny.open();
    await engine.createLearner(FULL, { ...TINY_OPTIMIZER, learningRate: 1e-2 });
    const tokens = Int32Array.from([
      ...engine.tokenizer.observe('r1 you A they B play', { first: true, kind: 'action' }),
      ...engine.tokenizer.observe('B', { first: true, kind: 'action' }),
    ]);
    const sequence = crossEntropySequence(
      tokens,
      Int32Array.from({ length: tokens.length - 1 }, (_, i) => i + 1),
    );
    const losses: number[] = [];
    for (let step = 0; step < 60; step++) losses.push((await engine.train([sequence], CROSS_ENTROPY)).loss);
    expect(losses[0]).toBeGreaterThan(2);
    expect(losses.at(-1)).toBeLessThan(0.1);
  });

  it('refuses sequences that do not add up', async () => {
    const engine = await tiny.open();
    await engine.createLearner(FULL, TINY_OPTIMIZER);
    const sequence = crossEntropySequence(Int32Array.of(2, 3, 4), Int32Array.of(1, 2));
    await expect(engine.train([{ ...sequence, credits: new Float32Array(1) }], CROSS_ENTROPY)).rejects.toThrow(
      'sequence 0: 1 credits for 2 produced tokens',
    );
    await expect(engine.train([{ ...sequence, positions: Int32Array.of(0, 2) }], CROSS_ENTROPY)).rejects.toThrow(
      'positions must ascend from 1',
    );
    await expect(engine.train([{ ...sequence, tokens: Int32Array.of(2, 3, 999) }], CROSS_ENTROPY)).rejects.toThrow(
      'token 999 of a vocabulary of 20',
    );
  });
});

describe('a model folder', () => {
  it('is refused by name when something is missing', async () => {
    const folder = join(tiny.folder(), 'incomplete');
    await writeTinyModel(folder, { layers: 1 });
    const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'));
    const write = (changes: object): Promise<void> => writeFile(join(folder, 'config.json'), JSON.stringify({ ...config, ...changes }));
    await write({ num_hidden_layers: 2 });
    await expect(tiny.open({ model: folder })).rejects.toThrow('tensor model.layers.1.input_layernorm.weight is missing');
    await write({ intermediate_size: 32 });
    await expect(tiny.open({ model: folder })).rejects.toThrow(
      'tensor model.layers.0.mlp.gate_proj.weight is [24,16], config.json makes it [32,16]',
    );
    await write({ architectures: ['MambaForCausalLM'] });
    await expect(tiny.open({ model: folder })).rejects.toThrow('architecture MambaForCausalLM is not supported');
    await write({ vocab_size: 'many' });
    await expect(tiny.open({ model: folder })).rejects.toThrow('vocab_size must be a whole number above 0, not "many"');
    await expect(tiny.open({ model: join(tiny.folder(), 'nowhere') })).rejects.toThrow('config.json is missing');
  });
});
