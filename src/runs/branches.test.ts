import { appendFile, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BRANCH_PATHS } from '../protocol/branches';
import { BranchIndex, readBranchIndex } from './branchIndex';
import { type BranchDraft, deleteBranch, keepBranches } from './keepBranches';

describe('branches of a run folder', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'branches-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const draft = (turn: number, sample: number): BranchDraft => ({
    ...{
      time: '2026-11-24T10:00:00.000Z',
      parley: '0.1.0',
      iteration: 12,
      group: 1,
      negotiation: 3,
      round: turn >> 1,
      turn,
      seed: 0,
      sample,
    },
    players: [
      { name: 'aa@10', player: '/runs/aa@10', asBefore: true },
      { name: 'scripted:tit-for-tat', player: 'scripted:tit-for-tat', asBefore: false },
    ],
    ...{ reward: [3, 3], rows: 4, bytes: Uint8Array.of(turn, sample) },
  });
  const numbers = async (): Promise<number[]> => (await readBranchIndex(folder)).branches.map(({ branch }) => branch);

  it('are numbered through the run, in a folder for each turn', async () => {
    const kept = await keepBranches(folder, [draft(4, 0), draft(4, 1)]);
    await keepBranches(folder, [draft(6, 0)]);
    expect(kept.map(({ rollouts }) => rollouts.file)).toEqual(['branches/12-3-4/0001.parquet', 'branches/12-3-4/0002.parquet']);
    expect(await readFile(join(folder, 'branches/12-3-6/0003.parquet'))).toEqual(Buffer.of(6, 0));
    const read = new BranchIndex(folder);
    expect(await read.refresh()).toBe(true);
    expect(await read.refresh()).toBe(false);
    expect(read.of({ iteration: 12, negotiation: 3, turn: 4 }).map(({ sample }) => sample)).toEqual([0, 1]);
    expect(read.of({ iteration: 12, negotiation: 3 })).toHaveLength(3);
    expect(read.of({ iteration: 11, negotiation: 3 })).toEqual([]);
    expect(read.get(2)).toEqual(kept[1]);
    expect(await readdir(join(folder, 'branches'))).not.toContain('index.lock');
  });

  it('are deleted, file and all, and their numbers never given again', async () => {
    await keepBranches(folder, [draft(4, 0), draft(4, 1)]);
    await deleteBranch(folder, 2);
    expect(await numbers()).toEqual([1]);
    expect(await readdir(join(folder, 'branches/12-3-4'))).toEqual(['0001.parquet']);
    await expect(deleteBranch(folder, 2)).rejects.toThrow('no branch 2');
    expect((await keepBranches(folder, [draft(4, 2)])).map(({ branch }) => branch)).toEqual([3]);
  });

  it('survive a torn last line and a damaged one, which are named', async () => {
    await keepBranches(folder, [draft(4, 0)]);
    await appendFile(join(folder, BRANCH_PATHS.index), '{"type":"branch","branch":2,"ti');
    expect(await readBranchIndex(folder)).toMatchObject({ highest: 1, problems: [] });
    expect((await keepBranches(folder, [draft(6, 0)])).map(({ branch }) => branch)).toEqual([2]);
    const { branches, problems } = await readBranchIndex(folder);
    expect(branches.map(({ branch, turn }) => [branch, turn])).toEqual([[1, 4], [2, 6]]); // biome-ignore format: one line
    expect(problems.map(({ message }) => message)).toEqual([
      'branches/index.jsonl: line 2 is damaged (not JSON); it is left out. Restore the file from a copy to see it',
    ]);
    const outside = (await readFile(join(folder, BRANCH_PATHS.index), 'utf8')).replace(
      'branches/12-3-6/0002.parquet',
      '../../secret.parquet',
    );
    await writeFile(join(folder, BRANCH_PATHS.index), outside);
    expect((await readBranchIndex(folder)).problems[1]?.message).toContain('line 3 is damaged (rollouts.file: is no file of a branch)');
  });

  it('that several writers keep at once all get a number of their own', async () => {
    await Promise.all(Array.from({ length: 6 }, (_, i) => keepBranches(folder, [draft(i, 0), draft(i, 1)])));
    expect((await numbers()).sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
  });

  it('are kept although a writer died and left its lock', async () => {
    await keepBranches(folder, [draft(4, 0)]);
    const lock = join(folder, BRANCH_PATHS.lock);
    await writeFile(lock, '');
    const long = new Date(Date.now() - 60_000);
    await utimes(lock, long, long);
    await keepBranches(folder, [draft(4, 1)]);
    expect(await numbers()).toEqual([1, 2]);
  });
});
