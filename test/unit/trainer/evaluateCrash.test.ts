import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { matchupsFile } from '../../../src/protocol/matchups';
import { bundleChild, endOf, startChild } from './mortalChild';
import { type TabularMatchups, tabularMatchups } from './tabularMatchups';

// An evaluation that was killed at any instant and asked for again ends in the very files of one that never was.
let root: string;
let whole: string;
let folder: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'evaluate-crash-'));
  whole = join(root, 'whole');
  folder = join(root, 'cut');
  await tabularMatchups({ out: whole });
});
afterAll(() => rm(root, { recursive: true }));
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Files in which two folders differ. */
async function differences(one: string, other: string): Promise<string[]> {
  const [names, others] = await Promise.all([one, other].map((path) => readdir(path, { recursive: true })));
  const all = [...new Set([...names!, ...others!])].filter((name) => name !== 'rollouts');
  const same = await Promise.all(
    all.map(async (name) => {
      const [a, b] = await Promise.all([one, other].map((path) => readFile(join(path, name)).catch(() => null)));
      return a !== null && b !== null && a!.equals(b!);
    }),
  );
  return all.filter((_, i) => !same[i]);
}

const read = async () => matchupsFile.parse(JSON.parse(await readFile(join(folder, 'matchups.json'), 'utf8')));

describe('an evaluation that is killed', () => {
  let child: string;
  beforeAll(async () => {
    child = join(root, 'evaluateChild.mjs');
    await bundleChild('evaluateChild.ts', child);
  }, 60_000);

  const run = (created: string, crashAt?: string): Promise<number | string> => endOf(startChild(child, [folder, created], crashAt));

  it.each([
    ['afterMatchupRollouts', 1],
    ['afterMatchupRolloutsRename', 1],
    ['afterMatchups', 1],
    // Between the two pairs of a cell of two runs.
    ['afterMatchups', 2],
    ['afterMatchupRolloutsRename', 4],
    ['afterMatchups', 7],
  ])(
    '%s of pair %i',
    async (point, pair) => {
      expect(await run('2026-01-01', `${point}:${pair}`)).toBe('SIGKILL');
      expect(existsSync(join(folder, 'matchups.svg'))).toBe(false);
      // Later, on another day; where no pair is named yet, the evaluation only begins now.
      expect(await run(existsSync(join(folder, 'matchups.json')) ? '2026-02-02' : '2026-01-01')).toBe(0);
      expect(await differences(folder, whole)).toEqual([]);
    },
    60_000,
  );

  it('twice', async () => {
    expect(await run('2026-01-01', 'afterMatchupRollouts:3')).toBe('SIGKILL');
    expect(await run('2026-01-02', 'afterMatchupRolloutsRename:6')).toBe('SIGKILL');
    expect((await read()).rollouts).toHaveLength(5);
    expect(await run('2026-01-03')).toBe(0);
    expect(await differences(folder, whole)).toEqual([]);
  }, 60_000);
});

describe('an evaluation that goes on', () => {
  /** Plays until some pairs have met. */
  const cutAfter = async (pairs: number, more: TabularMatchups = {}): Promise<void> => {
    const stop = new AbortController();
    const onMatchup = (_: unknown, done: number): void => {
      if (done === pairs) stop.abort(new Error('called off'));
    };
    await expect(tabularMatchups({ ...more, out: folder, signal: stop.signal, onMatchup })).rejects.toThrow('called off');
  };

  it('plays nothing again, and gives the same matrix', async () => {
    const replies: string[] = [];
    const onReply = (name: string): void => void replies.push(name);
    await cutAfter(4, { onReply });
    expect((await read()).meanReward[0]).toEqual([expect.any(Number), expect.any(Number), expect.any(Number)]);
    const first = replies.length;
    const matrix = await tabularMatchups({ out: folder, onReply });
    // The chance player meets four players, in 3 rounds of 8 negotiations, and itself with both seats.
    expect([first, replies.length - first]).toEqual([24, 24 * 4]);
    expect(await differences(folder, whole)).toEqual([]);
    expect(JSON.parse(JSON.stringify(matrix))).toEqual(JSON.parse(await readFile(join(whole, 'matchups.json'), 'utf8')));
    // Once more, of the whole: all is read.
    await tabularMatchups({ out: folder, onReply });
    expect(replies).toHaveLength(24 * 5);
    expect(await differences(folder, whole)).toEqual([]);
  });

  it('plays again what is not whole, and whatever a player has changed in', async () => {
    await tabularMatchups({ out: folder });
    const damaged = join(folder, 'rollouts/000002.parquet');
    await writeFile(damaged, (await readFile(damaged)).fill(0, 100, 200));
    await rm(join(folder, 'rollouts/000005.parquet'));
    await tabularMatchups({ out: folder });
    expect(await differences(folder, whole)).toEqual([]);

    const other = { odds: 1 / 3, weights: 'c'.repeat(64) };
    const replies: string[] = [];
    await tabularMatchups({ out: folder, trained: other, onReply: (name) => void replies.push(name) });
    // Of the chance player's match-ups only that with the changed run is played.
    expect(replies).toHaveLength(24);
    const anew = join(root, 'anew');
    await tabularMatchups({ out: anew, trained: other });
    expect(await differences(folder, anew)).toEqual([]);
    expect(await differences(folder, whole)).toContain('matchups.json');
    await rm(anew, { recursive: true });
  });

  it.each<[string, TabularMatchups, string]>([
    ['seed', { seed: 4 }, 'holds match-ups with another seed (3)'],
    ['number', { negotiations: 10 }, 'holds match-ups with another number of negotiations (8)'],
    ['rules', { rules: { rounds: 2 } }, 'holds match-ups with other rules ({"rounds":3})'],
    ['sampling', { sampling: { topK: 1 } }, 'holds match-ups with other sampling (none)'],
  ])('refuses another %s', async (_, changes, complaint) => {
    await cutAfter(1);
    await expect(tabularMatchups({ ...changes, out: folder })).rejects.toThrow(complaint);
    expect((await read()).rollouts).toHaveLength(1);
  });

  it('leaves alone a folder of something else', async () => {
    await mkdir(join(folder, 'rollouts'), { recursive: true });
    for (const name of ['run.json', 'rollouts/000002.parquet']) {
      await writeFile(join(folder, name), 'mine');
      await expect(tabularMatchups({ out: folder })).rejects.toThrow('is not empty');
      expect(await readFile(join(folder, name), 'utf8')).toBe('mine');
      await rm(join(folder, name));
    }
  });
});
