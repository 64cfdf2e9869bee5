import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { FULL, LORA, LOSS, nameOf, play, SOME, trained, useTinyEngines } from '../../../test/engine/tinyEngine';
import type { Policy } from '../engine';
import type { OnnxEngine } from './engine';
import { openSafetensors } from './model/safetensors';
import { TINY_OPTIMIZER, type Transcript, trainSequence, writeTinyModel } from './tinyModel';

const tiny = useTinyEngines();

describe('checkpoints', () => {
  async function save(engine: OnnxEngine, learner: Policy, name: string): Promise<string> {
    const folder = join(tiny.folder(), name);
    await mkdir(folder);
    await engine.savePolicy(learner, folder);
    await engine.saveOptimizer(folder);
    return folder;
  }

  async function fingerprint(engine: OnnxEngine, learner: Policy): Promise<string> {
    const transcripts = await play(engine, learner, 'print');
    const sequences = transcripts.map((transcript) => trainSequence(transcript));
    const result = await engine.train(sequences, LOSS);
    const again = await play(engine, learner, 'again');
    const bits = (numbers: readonly number[]): string => Buffer.from(Float32Array.from(numbers).buffer).toString('hex');
    return [
      bits([result.loss, result.gradNorm]),
      ...[...transcripts, ...again].map(({ tokens, logProbs }) => `${tokens} ${bits(logProbs)}`),
    ].join('\n');
  }

  for (const adapter of [FULL, LORA, SOME]) {
    it(`restore a learner bit for bit (${nameOf(adapter)}), as training repeats bit for bit`, async () => {
      const [one, two, three] = [await tiny.open(), await tiny.open(), await tiny.open()];
      const learner = await trained(one, adapter);
      const folder = await save(one, learner, `exact ${nameOf(adapter)}`);
      const uninterrupted = await fingerprint(one, learner);
      const restored = await two.restoreLearner(folder, adapter, TINY_OPTIMIZER);
      expect(restored.steps).toBe(2);
      expect(await fingerprint(two, restored)).toBe(uninterrupted);
      expect(await fingerprint(three, await trained(three, adapter))).toBe(uninterrupted);
    });
  }

  it('hold the chosen linear layers and no others, and a run that trains others does not go on from them', async () => {
    const engine = await tiny.open();
    const learner = await trained(engine, SOME);
    const folder = await save(engine, learner, 'some layers');
    expect(learner.parameters).toBe(2 * 4 * (16 + 16 + 24 + 16));
    expect(JSON.parse(await readFile(join(folder, 'adapter_config.json'), 'utf8')).target_modules).toEqual(['v_proj', 'down_proj']);
    const { entries } = await openSafetensors(join(folder, 'adapter_model.safetensors'));
    expect([...entries.keys()].map((name) => /\w+_proj/.exec(name)![0])).toEqual(
      [0, 1].flatMap(() => ['v_proj', 'v_proj', 'down_proj', 'down_proj']),
    );
    const loaded = await engine.loadPolicy(folder, 'loaded');
    const text = (transcripts: Transcript[]): string => JSON.stringify(transcripts.map(({ tokens, logProbs }) => [tokens, logProbs]));
    expect(text(await play(engine, loaded, 's'))).toBe(text(await play(engine, learner, 's')));
    await expect(engine.restoreLearner(folder, LORA, TINY_OPTIMIZER)).rejects.toThrow(
      'holds LoRA of rank 4, alpha 8 on v_proj, down_proj, but the run trains LoRA of rank 4, alpha 8 on all linear layers',
    );
    await expect(engine.createLearner({ ...LORA, targets: [] }, TINY_OPTIMIZER)).rejects.toThrow('at least one linear layer');
  });

  it('load as policies that speak as they did, snapshots stay as they were', async () => {
    const engine = await tiny.open();
    const learner = await trained(engine, LORA);
    const snapshot = await engine.snapshot(learner, 'then');
    const folder = join(tiny.folder(), 'policy');
    await mkdir(folder);
    await engine.savePolicy(learner, folder);
    const loaded = await engine.loadPolicy(folder, 'loaded');
    const before = await play(engine, learner, 's');
    await engine.train(
      before.map((transcript) => trainSequence(transcript)),
      LOSS,
    );
    const text = (transcripts: Transcript[]): string => JSON.stringify(transcripts.map(({ tokens, logProbs }) => [tokens, logProbs]));
    expect(text(await play(engine, snapshot, 's'))).toBe(text(before));
    expect(text(await play(engine, loaded, 's'))).toBe(text(before));
    expect(text(await play(engine, learner, 's'))).not.toBe(text(before));
    engine.release(snapshot);
    expect(() => engine.open(snapshot, 1, 8)).toThrow('policy then was released');
    expect(() => engine.release(learner)).toThrow('learner is not a snapshot');
    const header = (await readFile(join(folder, 'adapter_model.safetensors'))).subarray(8).toString('latin1');
    expect(header).toContain('base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight');
    expect(JSON.parse(await readFile(join(folder, 'adapter_config.json'), 'utf8'))).toMatchObject({
      peft_type: 'LORA',
      r: 4,
      lora_alpha: 8,
    });
  });

  it('are refused when changed, cut, foreign or of other settings, naming the file', async () => {
    const engine = await tiny.open();
    const learner = await trained(engine, LORA, 1);
    const folder = await save(engine, learner, 'broken');
    const path = join(folder, 'adapter_model.safetensors');
    const bytes = await readFile(path);
    const changed = Buffer.from(bytes);
    changed[bytes.length - 5]! ^= 1;
    await writeFile(path, changed);
    await expect(engine.loadPolicy(folder, 'x')).rejects.toThrow(`${path} is corrupt`);
    await writeFile(path, bytes.subarray(0, bytes.length - 100));
    await expect(engine.loadPolicy(folder, 'x')).rejects.toThrow(`${path} is not a whole safetensors file`);
    await writeFile(path, bytes);
    await expect(engine.restoreLearner(folder, { ...LORA, rank: 8 }, TINY_OPTIMIZER)).rejects.toThrow(
      'holds LoRA of rank 4, alpha 8 on all linear layers, but the run trains LoRA of rank 8',
    );
    await expect(engine.restoreLearner(folder, FULL, TINY_OPTIMIZER)).rejects.toThrow('but the run trains all weights');
    const other = join(tiny.folder(), 'other model');
    await writeTinyModel(other, { seed: 2 });
    const stranger = await tiny.open({ model: other });
    await expect(stranger.loadPolicy(folder, 'x')).rejects.toThrow('trained from another base model');
    await expect(engine.loadPolicy(tiny.folder(), 'x')).rejects.toThrow(`${tiny.folder()} holds no policy`);
  });
});
