import { appendFile, cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appendLine, sampleLine, writeSampleRun } from '../../test/runs/sampleRun';
import type { InferenceRequests } from '../protocol/inference';
import { CARD_FORMAT, type PolicyCard } from '../protocol/policyCards';
import type { WorkName } from './inferenceProcess';
import { checkpointsOf, NeedsTrust, NoCheckpoint, nameOf, PolicyCards, type PolicyCardsOptions } from './policyCards';
import { RunStore } from './runStore';

describe('PolicyCards', () => {
  let root: string;
  let store: RunStore;
  let asked: string[];
  let trusted: boolean;
  let failing: boolean;

  /** Answers at once with what it was asked, and counts. */
  async function perform<K extends WorkName>(name: K, params: Omit<InferenceRequests[K][0], 'job'>): Promise<InferenceRequests[K][1]> {
    asked.push(`${name} ${JSON.stringify(params).replaceAll(root, '')}`);
    await new Promise(setImmediate);
    if (failing) throw new Error('the model is gone');
    const text = `answer ${asked.length}\n`;
    const card: PolicyCard = { format: CARD_FORMAT, text, negotiations: [{ name: 'self, greedy', text }] };
    return (name === 'policyCard' ? card : text) as InferenceRequests[K][1];
  }
  const cards = (change: Partial<PolicyCardsOptions> = {}): PolicyCards =>
    new PolicyCards({
      folder: join(root, 'cards'),
      inference: { perform },
      mayCompute: () => trusted,
      device: () => 'cpu',
      log: () => undefined,
      ...change,
    });
  const open = async (name: string, sum: string) => {
    const folder = join(root, name);
    const config = writeSampleRun(folder, 1, {}, { id: name, name });
    const line = sampleLine(config, 2, { rows: 1, bytes: 1 });
    appendLine(folder, { ...line, checkpoint: { folder: 'checkpoints/000002', files: { 'adapter_model.safetensors': sum.repeat(64) } } });
    return store.open(folder);
  };

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'cards-'));
    store = new RunStore();
    asked = [];
    trusted = true;
    failing = false;
  });
  afterEach(() => rm(root, { recursive: true }));

  it('are computed once for the same content, wherever it lies and whoever asks', async () => {
    const run = await open('one', 'a');
    expect(checkpointsOf(run)).toEqual([2]);
    const [first, second] = await Promise.all([cards().card({ run, iteration: 2 }), cards().card({ run, iteration: null })]);
    expect(asked).toEqual([
      'policyCard {"checkpoint":{"folder":"/one","iteration":2}}',
      'policyCard {"checkpoint":{"folder":"/one","iteration":null}}',
    ]);
    await cp(join(root, 'one'), join(root, 'copy'), { recursive: true });
    const copy = await store.open(join(root, 'copy'));
    expect(await cards().card({ run: copy, iteration: 2 })).toEqual(first);
    expect(await cards().card({ run: copy, iteration: null })).toEqual(second);
    expect(asked).toHaveLength(2);
    await cards().card({ run: await open('other', 'b'), iteration: 2 });
    await cards({ device: () => 'webgpu' }).card({ run, iteration: 2 });
    expect(asked).toHaveLength(4);
  });

  it('are computed once where two ask at the same time, and again after a failure', async () => {
    const run = await open('one', 'a');
    const shared = cards();
    failing = true;
    await expect(shared.card({ run, iteration: 2 })).rejects.toThrow('the model is gone');
    failing = false;
    const both = await Promise.all([shared.card({ run, iteration: 2 }), shared.card({ run, iteration: 2 })]);
    expect(both[0]).toEqual(both[1]);
    expect(asked).toHaveLength(2);
  });

  it('without trust are shown where they are kept, and else say why not', async () => {
    const run = await open('one', 'a');
    const kept = await cards().card({ run, iteration: 2 });
    trusted = false;
    expect(await cards().card({ run, iteration: 2 })).toEqual(kept);
    const refused = cards().card({ run, iteration: null });
    await expect(refused).rejects.toThrow(NeedsTrust);
    await expect(refused).rejects.toThrow(
      'The card of the base model of one was not computed before, and computing it needs a trusted workspace',
    );
    expect(await cards().comparison({ run, iteration: 2 }, { run, iteration: null })).toMatch(
      /^Cosine .*\n {2}none: .* needs a trusted workspace/,
    );
    expect(asked).toHaveLength(1);
  });

  it('tell of the cosine between two, whichever is named first', async () => {
    const [one, other] = [
      { run: await open('one', 'a'), iteration: 2 },
      { run: await open('other', 'b'), iteration: 2 },
    ];
    expect(await cards().cosine(one, other)).toBe(await cards().cosine(other, one));
    expect(asked).toHaveLength(1);
  });

  it('that are damaged or of another format are computed anew', async () => {
    const run = await open('one', 'a');
    await cards().card({ run, iteration: 2 });
    const [name = ''] = await readdir(join(root, 'cards'));
    await appendFile(join(root, 'cards', name), 'x');
    await cards().card({ run, iteration: 2 });
    await writeFile(join(root, 'cards', name), JSON.stringify({ format: CARD_FORMAT + 1, text: '', negotiations: [] }));
    await cards().card({ run, iteration: 2 });
    expect(asked).toHaveLength(3);
    expect(await readdir(join(root, 'cards'))).toEqual([name]);
  });

  it('are shown even where they cannot be kept', async () => {
    const lines: string[] = [];
    await writeFile(join(root, 'cards'), 'a file where the folder should be');
    const run = await open('one', 'a');
    expect((await cards({ log: (line) => lines.push(line) }).card({ run, iteration: 2 })).text).toBe('answer 1\n');
    expect(lines).toEqual([expect.stringContaining('a policy card could not be kept')]);
  });

  it('say which checkpoints there are where one is not', async () => {
    const run = await open('one', 'a');
    const gone = cards().card({ run, iteration: 1 });
    await expect(gone).rejects.toThrow(NoCheckpoint);
    await expect(gone).rejects.toThrow('one has no checkpoint of iteration 1: there are 2');
    expect([nameOf({ run, iteration: 2 }), nameOf({ run, iteration: null })]).toEqual(['one @2', 'the base model of one']);
    await writeFile(join(root, 'one/run.json'), 'no JSON');
    const broken = await new RunStore().open(join(root, 'one'));
    await expect(cards().card({ run: broken, iteration: 2 })).rejects.toThrow('run.json is not whole JSON');
  });
});
