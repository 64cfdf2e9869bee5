import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeSampleRun } from '../../test/runs/sampleRun';
import type { InferenceProcess } from './inferenceProcess';
import { RunStore } from './runStore';
import { SentPrompts } from './sentPrompts';

describe('prompts as they were sent', () => {
  let root: string;
  let store: RunStore;
  let asked: unknown[];
  let answer: () => Promise<unknown>;
  const inference = {
    perform: (...call: unknown[]) => {
      asked.push(call);
      return answer();
    },
  } as unknown as Pick<InferenceProcess, 'perform'>;
  const sent = { before: '<|user|>', added: 'A or B?', tokens: 4 };
  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'sent-'));
    store = new RunStore();
    asked = [];
    answer = async () => sent;
    writeSampleRun(join(root, 'aa'), 2, {}, { id: 'aa' });
    await store.open(join(root, 'aa'));
  });
  afterEach(() => rmSync(root, { recursive: true }));
  const place = { run: 'aa', iteration: 2, group: 0, negotiation: 1, round: 0, turn: 1, token: 3 };

  it('are asked for once, by the run’s folder', async () => {
    const prompts = new SentPrompts(store, inference, () => true);
    expect(await Promise.all([prompts.of(place), prompts.of({ ...place, token: 0 })])).toEqual([
      { sent, problem: null },
      { sent, problem: null },
    ]);
    expect(asked).toEqual([['sentPrompt', { folder: store.get('aa')!.folder.path, iteration: 2, negotiation: 1, turn: 1 }]]);
    await prompts.of({ ...place, branch: 2 });
    expect(asked[1]).toMatchObject(['sentPrompt', { branch: 2 }]);
  });

  it('are refused in one line, and asked for again after a failure', async () => {
    const prompts = new SentPrompts(store, inference, () => true);
    answer = () => Promise.reject(new Error('the base model is gone'));
    expect(await prompts.of(place)).toEqual({ sent: null, problem: 'the base model is gone' });
    answer = async () => sent;
    expect(await prompts.of(place)).toEqual({ sent, problem: null });
    expect((await prompts.of({ ...place, iteration: 3 })).problem).toMatch(/under way/);
    expect((await prompts.of({ run: 'aa', iteration: 2 })).problem).toMatch(/No turn/);
    expect((await new SentPrompts(store, inference, () => false).of(place)).problem).toMatch(/trusted workspace/);
    expect(asked).toHaveLength(2);
  });
});
