import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openOnnxEngine } from '../../../src/engine/onnx/engine';
import type { PolicyCard } from '../../../src/protocol/policyCards';
import { mediaFolder } from '../../../src/runs/media';
import { cardWork, cosineWork } from '../../../src/trainer/inference/cardWork';
import type { Work } from '../../../src/trainer/inference/work';
import { writeHuggingFaceModel } from '../../runs/huggingFaceModel';
import { runToy, toyConfig, toyEnvironment, toyParams } from './toyRun';

/** The facts of a card's section by name. */
function facts(text: string, title: string): Record<string, string> {
  const section = text.split('\n\n').find((each) => each.startsWith(title));
  const lines = section?.trimEnd().split('\n').slice(1) ?? [];
  return Object.fromEntries(lines.map((line) => line.trim().split(/ {2,}(?=\S)/)).map(([name = '', value = '']) => [name, value]));
}

describe('Policy cards of a Hugging Face model', () => {
  let root: string;
  let folder: string;
  const open: Work['openEngine'] = (model) => openOnnxEngine({ model, threads: 1, device: 'cpu', spinning: false });
  const work = (): Work => ({
    settings: { threads: 1, device: 'cpu', apis: {}, keys: {} },
    media: mediaFolder(__dirname),
    signal: new AbortController().signal,
    openEngine: open,
    progress: () => undefined,
  });
  const card = (iteration: number | null): Promise<PolicyCard> => cardWork({ job: 0, checkpoint: { folder, iteration } }, work());

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'hf-cards-'));
    const model = join(root, 'qwen');
    await mkdir(model);
    writeHuggingFaceModel(model);
    folder = join(root, 'run');
    const small = { policy: model, iterations: 2, negotiations: 4, groupSize: 2, checkpointEvery: 1, learningRate: 0.002 };
    const config = toyConfig({ ...small, adapter: { kind: 'lora', rank: 2, alpha: 4 }, buffer: { enabled: false } });
    await runToy(toyParams(folder, config), { ...toyEnvironment(), openEngine: ({ policy }) => open(policy) });
  }, 60_000);
  afterAll(() => rm(root, { recursive: true }));

  it('say how base and checkpoint play, answer and differ, the same bytes each time', async () => {
    const [base, trained] = [await card(null), await card(2)];
    for (const { text, negotiations } of [base, trained]) {
      const onPolicy = facts(text, 'P(A) on-policy');
      expect(Object.keys(onPolicy)).toEqual(['start', 'CC', 'CD', 'DC', 'DD']);
      for (const [state, p] of Object.entries(onPolicy)) expect(Number(p), state).toBeGreaterThan(0);
      expect(facts(text, 'Answers to probe transcripts').start).toMatch(/^“[AB]”$/);
      expect(facts(text, 'Answers to probe transcripts')['CD: drawn']).toMatch(/^(“[AB]” ?){4}$/);
      expect(negotiations[0]?.text).toMatch(/Round 1\nAlice │ [AB]\nBob {3}│ [AB]\n/);
      expect(text).not.toContain(root);
    }
    expect(facts(base.text, 'Weights: Frobenius norm of the update').update).toBe('none: the base model');
    expect(Object.keys(facts(trained.text, 'Weights: Frobenius norm of ΔW by module'))).toContain('layers.2.self_attn.q_proj');
    expect(Number(facts(trained.text, 'Weights: Frobenius norm of the update').all)).toBeGreaterThan(0);
    expect(facts(trained.text, 'P(A) on-policy')).not.toEqual(facts(base.text, 'P(A) on-policy'));
    expect(await card(2)).toEqual(trained);
    const both = await cosineWork({ job: 0, left: { folder, iteration: 1 }, right: { folder, iteration: 2 } }, work());
    expect(Number(facts(both, 'Cosine').all)).toBeGreaterThan(0);
  }, 60_000);
});
