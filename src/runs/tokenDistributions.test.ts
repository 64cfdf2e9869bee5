import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeSampleBranches } from '../../test/runs/sampleBranch';
import { appendLine, rolloutBytes, sampleLine, sampleRows, writeSampleRun } from '../../test/runs/sampleRun';
import type { Distributions } from '../protocol/branches';
import type { InferenceProcess } from './inferenceProcess';
import { RunStore } from './runStore';
import { TokenDistributions } from './tokenDistributions';

const SAID: Distributions = { isMasked: true, temperature: 1, tokens: [], policies: [] };

describe('what policies would say', () => {
  let root: string;
  let store: RunStore;
  const asked: { readonly iteration: number; readonly policies: readonly { readonly folder: string; readonly iteration: number }[] }[] = [];
  let answer: (signal: AbortSignal | undefined) => Promise<Distributions>;
  const inference = {
    perform: async (_name: string, params: (typeof asked)[number], options?: { readonly signal?: AbortSignal }) => {
      asked.push(params);
      return answer(options?.signal);
    },
  } as unknown as Pick<InferenceProcess, 'perform'>;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'says-'));
    store = new RunStore();
    asked.length = 0;
    answer = async () => SAID;
    for (const [id, other, algorithm] of [
      ['aa', 'rl', 'aa'],
      ['rl', 'aa', 'rl'],
    ] as const) {
      const folder = join(root, id);
      const config = writeSampleRun(folder, 0, { algorithm }, { id, name: id, pairedWith: other });
      // Checkpoints at the start and after 2, 4 …
      for (let iteration = 1; iteration <= 5; iteration++) {
        mkdirSync(join(folder, 'rollouts'), { recursive: true });
        const bytes = rolloutBytes(sampleRows(config, iteration));
        const line = sampleLine(config, iteration, { rows: 16, bytes: bytes.byteLength });
        writeFileSync(join(folder, line.rollouts!.file), bytes);
        const checkpoint = { folder: `checkpoints/00000${iteration}`, files: {} };
        appendLine(folder, iteration % 2 === 0 ? { ...line, checkpoint } : line);
      }
      appendLine(folder, { ...sampleLine(config, 0), checkpoint: { folder: 'checkpoints/000000', files: {} } });
      await store.open(folder);
    }
  });
  afterEach(() => rm(root, { recursive: true }));

  const place = (iteration: number, token = 0) => ({ run: 'aa', iteration, group: 0, negotiation: 1, round: 0, turn: 1, token });
  const says = (mayCompute = true) => new TokenDistributions(store, inference, () => mayCompute);

  it('asks whoever said it and the paired run’s policy of that time', async () => {
    const view = await says().of(place(3), null);
    expect(view.problem).toBeNull();
    expect(view.said).toEqual(SAID);
    expect(view.isExact).toBe(true);
    expect(view.policies).toEqual([{ run: 'aa', iteration: 2 }, { run: 'rl', iteration: 2 }]); // biome-ignore format: one line
    expect(asked[0]?.policies.map(({ folder, iteration }) => [folder.split('/').at(-1), iteration])).toEqual([['aa', 2], ['rl', 2]]); // biome-ignore format: one line
    expect(view.choices.map(({ run, algorithm, checkpoints }) => [run, algorithm, checkpoints])).toEqual([
      ['aa', 'aa', [0, 2, 4]],
      ['rl', 'rl', [0, 2, 4]],
    ]);
    // The policy of iteration 4 was not kept: the newest before it stands in, and that is said.
    expect(await says().of(place(4), null)).toMatchObject({ isExact: false, policies: [{ iteration: 2 }, { iteration: 2 }] });
    // Without its partner, the run as it was before training.
    store.close(store.get('rl')!);
    expect((await says().of(place(3), null)).policies).toEqual([{ run: 'aa', iteration: 2 }, { run: 'aa', iteration: 0 }]); // biome-ignore format: one line
  });

  it('asks whom the reader chose, and keeps answers by place and policies', async () => {
    const one = says();
    const chosen = [{ run: 'rl', iteration: 4 }, { run: 'gone', iteration: 1 }]; // biome-ignore format: one line
    const view = await one.of(place(3), chosen);
    expect(view).toMatchObject({ policies: [{ run: 'rl', iteration: 4 }], isExact: false });
    await one.of(place(3), chosen);
    expect(asked).toHaveLength(1);
    await one.of(place(3, 1), chosen);
    await one.of(place(3), null);
    expect(asked).toHaveLength(3);
  });

  it('calls a question off when the next one comes, and asks again what failed', async () => {
    const one = says();
    answer = (signal) => new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
    const first = one.of(place(3), null);
    await expect.poll(() => asked.length).toBe(1);
    answer = async () => SAID;
    expect((await one.of(place(3, 1), null)).problem).toBeNull();
    expect((await first).problem).toBe('another token was asked about');
    expect((await one.of(place(3), null)).problem).toBeNull();
    expect(asked).toHaveLength(3);
  });

  it('says in one line why nobody can be asked', async () => {
    expect((await says(false).of(place(3), null)).problem).toContain('needs a trusted workspace');
    expect((await says().of({ run: 'aa' }, null)).problem).toContain('Choose a token');
    expect((await says().of(place(9), null)).problem).toContain('under way');
    expect(asked).toEqual([]);
    answer = async () => {
      throw new Error('turn 1 has no token 3');
    };
    expect((await says().of(place(3, 2), null)).problem).toBe('turn 1 has no token 3');
    // What is kept can be read without trust.
    answer = async () => SAID;
    let trusted = true;
    const one = new TokenDistributions(store, inference, () => trusted);
    await one.of(place(3), null);
    trusted = false;
    expect((await one.of(place(3), null)).said).toEqual(SAID);
  });

  it('knows who said what in a branch', async () => {
    const run = store.get('aa')!;
    await writeSampleBranches(run.folder.path, run.file!.config, { iteration: 3, negotiation: 1, turn: 1 });
    await store.look(run);
    const branch = { ...place(3), branch: 1 };
    expect((await says().of(branch, null)).problem).toContain('Nobody of this run said it');
    // Before it begins, it is the original that speaks.
    expect(await says().of({ ...branch, turn: 0 }, null)).toMatchObject({ isExact: true, policies: [{ run: 'aa', iteration: 2 }, {}] });
    expect((await says().of(branch, [{ run: 'aa', iteration: 4 }])).problem).toBeNull();
    // The sample's first seat goes on as checkpoint 0 of a run in a folder of this name.
    expect((await says().of({ ...branch, turn: 2, round: 1 }, null)).problem).toContain('Nobody of this run said it');
    const { players } = run.branches.get(1)!;
    players[0].name = 'rl@4';
    expect(await says().of({ ...branch, turn: 2, round: 1 }, null)).toMatchObject({
      isExact: true,
      policies: [{ run: 'rl', iteration: 4 }, {}],
    });
  });
});
