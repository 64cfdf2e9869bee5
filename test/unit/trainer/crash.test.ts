import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { random } from '../../../src/domain/random';
import type { CrashPoint } from '../../../src/trainer/crash';
import { bundleChild, endOf, startChild } from './mortalChild';
import { differences } from './toyRun';

// A run that was killed at any instant, and resumed, is bit-identical to one that never was. The killed one is a real
// process on a real folder; each line of what it wrote is compared with the uninterrupted run's, byte for byte.
describe('a trainer that is killed', () => {
  let root: string;
  let child: string;
  let whole: string;
  let folder: string;

  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'crash-'));
    child = join(root, 'crashChild.mjs');
    await bundleChild('crashChild.ts', child);
    whole = join(root, 'whole');
    expect(await run(whole, 'new')).toBe(0);
  }, 60_000);
  afterAll(() => rm(root, { recursive: true }));
  beforeEach(() => {
    folder = join(root, 'killed');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const start = (of: string, how: 'new' | 'resume', crashAt?: string, opponent?: string): ChildProcess =>
    startChild(child, [of, how, ...(opponent === undefined ? [] : [opponent])], crashAt);
  const run = (of: string, how: 'new' | 'resume', crashAt?: string, opponent?: string): Promise<number | string> =>
    endOf(start(of, how, crashAt, opponent));

  const points: readonly (readonly [CrashPoint, number])[] = [
    ['afterRollouts', 3],
    ['afterRolloutsRename', 3],
    ['afterState', 0],
    ['afterState', 3],
    ['afterStateRename', 0],
    ['afterStateRename', 3],
    ['afterCheckpoint', 4],
    ['afterCheckpointRename', 4],
    ['afterCheckpointRename', 6],
    ['afterJournal', 0],
    ['afterJournal', 4],
    ['afterSweep', 4],
  ];
  it.each(points)('%s of iteration %i', async (point, iteration) => {
    expect(await run(folder, 'new', `${point}:${iteration}`)).toBe('SIGKILL');
    expect(existsSync(join(folder, 'lock.json'))).toBe(true);
    expect(await run(folder, 'resume')).toBe(0);
    expect(await differences(folder, whole)).toEqual([]);
  });

  it.each(['scripted:random(0.3)', 'checkpoint'])(
    'against a fixed opponent too: %s',
    async (kind) => {
      const opponent = kind === 'checkpoint' ? whole : kind;
      const uninterrupted = join(root, `whole-${kind === 'checkpoint' ? kind : 'scripted'}`);
      expect(await run(uninterrupted, 'new', undefined, opponent)).toBe(0);
      for (const at of ['afterRolloutsRename:3', 'afterStateRename:4', 'afterJournal:5']) {
        await rm(folder, { recursive: true, force: true });
        expect(await run(folder, 'new', at, opponent)).toBe('SIGKILL');
        expect(await run(folder, 'resume')).toBe(0);
        expect(await differences(folder, uninterrupted)).toEqual([]);
      }
    },
    120_000,
  );

  it('again and again, at instants drawn at random', async () => {
    const draw = random(2026, 'instants');
    let kills = 0;
    for (let attempt = 0; attempt < 60; attempt++) {
      const process = start(folder, existsSync(join(folder, 'run.json')) ? 'resume' : 'new');
      const ended = endOf(process);
      // Early attempts die within the first iterations; later ones are given more and more time to get through.
      const patience = 150 + draw.uniform() * (250 + 60 * attempt);
      const first = await Promise.race([ended, sleep(patience)]);
      if (first === undefined) {
        process.kill('SIGKILL');
        if ((await ended) === 'SIGKILL') kills++;
      } else {
        expect(first).toBe(0);
        break;
      }
    }
    expect(kills).toBeGreaterThan(0);
    for (const name of await readdir(folder)) if (name.startsWith('journal.torn-')) await rm(join(folder, name));
    expect(await differences(folder, whole)).toEqual([]);
  }, 120_000);
});
