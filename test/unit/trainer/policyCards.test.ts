import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GameId } from '../../../src/domain/games/game';
import { openOnnxEngine } from '../../../src/engine/onnx/engine';
import { type CheckpointAddress, type PolicyCard, policyCard } from '../../../src/protocol/policyCards';
import { mediaFolder } from '../../../src/runs/media';
import { runEnvironment } from '../../../src/trainer/environment';
import { cardWork, cosineWork } from '../../../src/trainer/inference/cardWork';
import type { Work } from '../../../src/trainer/inference/work';
import { runToy, toyConfig, toyParams } from './toyRun';

const media = mediaFolder(__dirname);

/** The facts of a card's section by name. */
function facts({ text }: Pick<PolicyCard, 'text'>, title: string): Record<string, string> {
  const section = text.split('\n\n').find((each) => each.startsWith(title));
  const lines = section?.trimEnd().split('\n').slice(1) ?? [];
  return Object.fromEntries(lines.map((line) => line.trim().split(/ {2,}(?=\S)/)).map(([name = '', value = '']) => [name, value]));
}

describe('policy cards of the embedded policy', () => {
  let root: string;
  const said: string[] = [];
  const work = (signal = new AbortController().signal): Work => ({
    settings: { threads: 1, device: 'cpu', apis: {}, keys: {} },
    media,
    signal,
    openEngine: (model) => openOnnxEngine({ model, threads: 1, device: 'cpu', spinning: false }),
    progress: (done, of, line) => said.push(`${done}/${of} ${line}`),
  });
  const train = async (name: string, game: GameId, adapter: object): Promise<string> => {
    const folder = join(root, name);
    const settings = { iterations: 2, checkpointEvery: 1, adapter, learningRate: 0.002 };
    const params = toyParams(folder, toyConfig(settings, { game }));
    await runToy(params, runEnvironment(media, new AbortController().signal));
    return folder;
  };
  const card = (folder: string, iteration: number | null) => cardWork({ job: 0, checkpoint: { folder, iteration } }, work());
  const cosine = (left: CheckpointAddress, right: CheckpointAddress) => cosineWork({ job: 0, left, right }, work());
  let ipd: string;
  let full: string;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'cards-'));
    ipd = await train('ipd', 'ipd', { kind: 'lora', rank: 4, alpha: 8 });
    full = await train('full', 'ipd', { kind: 'full' });
  }, 60_000);
  afterAll(() => rm(root, { recursive: true }));

  it('are the same text, byte for byte, of the same checkpoint wherever it lies', async () => {
    const first = await card(ipd, 2);
    await cp(ipd, join(root, 'copy'), { recursive: true });
    expect(await card(join(root, 'copy'), 2)).toEqual(first);
    expect(policyCard.parse(first)).toEqual(first);
    expect(first.text).not.toContain(root);
    expect(said.at(-1)).toBe('4/4 iteration 2: done');
  }, 60_000);

  it('say how the policy plays, and every part of a card says the same', async () => {
    const { text, negotiations } = await card(ipd, 2);
    const onPolicy = facts({ text }, 'P(A) on-policy');
    expect(Object.keys(onPolicy)).toEqual(['start', 'CC', 'CD', 'DC', 'DD']);
    const answers = facts({ text }, 'Answers to probe transcripts');
    const likeliest = Number(onPolicy.start) > 0.5 ? 'A' : 'B';
    expect(answers.start).toBe(`“${likeliest}”`);
    expect(answers['start: drawn']).toMatch(/^(“[AB]” ?){4}$/);
    expect(negotiations[0]!.text).toContain(`Round 1\nAlice │ ${likeliest}\nBob   │ ${likeliest}\n`);
    // Against a player that does the same whatever happens, the likeliest answers are those to its history.
    const against = negotiations.find(({ name }) => name === 'against always-defect')!.text;
    const [first, second] = [...against.matchAll(/^Alice │ ([AB])$/gm)].map(([, choice]) => choice);
    expect(first).toBe(likeliest);
    expect(answers[first === 'A' ? 'CD' : 'DD']).toBe(`“${second}”`);
    expect(against.match(/^Bob {3}│ B$/gm)).toHaveLength(3);
  }, 60_000);

  it('differ between checkpoints where the policy does, and only the trained have an update', async () => {
    const cards = [await card(ipd, null), await card(ipd, 0), await card(ipd, 2)];
    const [base, start, end] = cards.map(({ text }) => text.split('\n'));
    // LoRA begins as the base model: all that the two do is the same.
    const doings = (lines: readonly string[] | undefined): string =>
      lines!.join('\n').replace(/^[\s\S]*?(?=P\(A\) on-policy)|Weights: [\s\S]*$/g, '');
    expect(doings(start)).toBe(doings(base));
    expect(doings(end)).not.toBe(doings(base));
    expect(facts(cards[1]!, 'Weights: Frobenius norm of the update').all).toBe('0.000000');
    expect(Number(facts(cards[2]!, 'Weights: Frobenius norm of the update').all)).toBeGreaterThan(0.01);
    expect(facts(cards[0]!, 'Weights: Frobenius norm of the update').update).toBe('none: the base model');
    expect(facts(cards[0]!, 'Against itself').kl).toBe('0.0000');
    expect(facts(cards[2]!, 'Training measures').meanReward).toMatch(/^\d\.\d{4} \d\.\d{4}$/);
  }, 60_000);

  it('compare two updates, also an adapter with all weights', async () => {
    const [left, right] = [
      { folder: ipd, iteration: 2 },
      { folder: full, iteration: 2 },
    ];
    const both = await cosine(left, right);
    expect(both).toBe(await cosine(right, left));
    const { all, ...modules } = facts({ text: both }, 'Cosine');
    expect(Math.abs(Number(all))).toBeLessThan(1);
    expect(Number(modules['layers.0.self_attn.q_proj'])).toBeGreaterThan(0);
    // Only one of the two trains the embedding.
    expect(modules.embed_tokens).toBe('none');
    expect(facts({ text: await cosine(left, left) }, 'Cosine').all).toBe('1.0000');
    expect(await cosine(left, { folder: ipd, iteration: null })).toContain('none: the base model has no update');
    expect(Number(facts(await card(full, 2), 'Weights: Frobenius norm of ΔW by module').lm_head)).toBeGreaterThan(0);
  }, 60_000);

  it('tell in one line what is gone, and stop when they are called off', async () => {
    const copy = join(root, 'gone');
    await cp(ipd, copy, { recursive: true });
    await rm(join(copy, 'checkpoints/000001/adapter_model.safetensors'));
    await expect(card(copy, 1)).rejects.toThrow(/checkpoints\/000001\/adapter_model\.safetensors is missing: restore it/);
    await expect(card(copy, 9)).rejects.toThrow('no checkpoint of iteration 9');
    await expect(card(join(root, 'nowhere'), 1)).rejects.toThrow('run.json is missing');
    await rm(join(copy, 'run.json'));
    const other = JSON.parse(await readFile(join(ipd, 'run.json'), 'utf8')) as { config: { policy: string }; model: { sha256: string } };
    await writeFile(join(copy, 'run.json'), JSON.stringify({ ...other, config: { ...other.config, policy: '/models/none' } }));
    await expect(card(copy, 2)).rejects.toThrow('the base model /models/none of the run in');
    await writeFile(join(copy, 'run.json'), JSON.stringify({ ...other, model: { ...other.model, sha256: 'a'.repeat(64) } }));
    await expect(card(copy, null)).rejects.toThrow('is not the model that the run in');
    expect(await cosine({ folder: copy, iteration: 2 }, { folder: ipd, iteration: 2 })).toContain(
      'none: the two have different base models',
    );
    const stop = new AbortController();
    stop.abort(new Error('enough'));
    await expect(cardWork({ job: 0, checkpoint: { folder: ipd, iteration: 2 } }, work(stop.signal))).rejects.toThrow('enough');
  }, 60_000);

  it('say in a sharing game what is kept, by how the other kept, and what is said', async () => {
    const folder = await train('split', 'trust-and-split', { kind: 'full' });
    const made = await card(folder, 2);
    const kept = facts(made, 'Kept of ten');
    for (const values of ['less', 'more']) {
      for (const after of ['generous', 'fair', 'greedy']) {
        const what = `${values}, after ${after}`;
        expect(Number(kept[`${what}: mean`])).toBeGreaterThan(0);
        const shares = ['0 to 2', '3 to 5', '6 to 8', '9 to 10'].map((range) => Number(kept[`${what}: ${range}`]));
        expect(shares.reduce((a, b) => a + b)).toBeCloseTo(1, 3);
      }
    }
    const answers = facts(made, 'Answers to probe transcripts');
    expect(Object.keys(answers).filter((name) => name.endsWith(': says'))).toHaveLength(6);
    expect(made.negotiations.map(({ name }) => name)).toContain('against reciprocal');
    expect(made.negotiations[0]!.text).toMatch(/^dealt {3}10 on the table; Alice (rock|paper|scissors), worth 10?; Bob/m);
  }, 120_000);
});
