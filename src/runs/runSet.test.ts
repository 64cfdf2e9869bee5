import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeLock } from '../../test/runs/sampleLock';
import { appendLine, sampleConfig, writeSampleRun } from '../../test/runs/sampleRun';
import type { RunConfig } from '../protocol/runConfig';
import type { PlannedRun } from '../protocol/runSetFile';
import { extendSet, findSetFile, folderOf, type PlannedSet, partnerOf, planAmong, planIn, readRunSet, writeRunSet } from './runSet';
import { nextStep } from './setRuns';
import { shareSet } from './setShare';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'parley-set-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const config = (algorithm: RunConfig['algorithm'], seed: number, change: Partial<RunConfig> = {}): RunConfig =>
  sampleConfig({ algorithm, seed, ...change });
const CONFIGS = [0, 1].flatMap((seed) => [config('rl', seed), config('aa', seed)]);
const now = new Date(2026, 10, 27, 10, 15);
const plan = (configs: readonly RunConfig[] = CONFIGS): PlannedSet => planIn(root, configs, 2, now);
const RUNS: readonly PlannedRun[] = planIn('.', CONFIGS, 2, now).file.runs;
const MACHINE = { spin: false, device: 'cpu', takeOver: false } as const;

describe('a run set’s file', () => {
  it('says what is planned, and is read back as it was written', async () => {
    const set = plan();
    expect(set.file).toMatchObject({ id: '20261127-101500-ipd-rl-aa-2', name: 'ipd rl + aa, seeds 0, 1', threads: 2 });
    await writeRunSet({ ...set, path: join(root, 'new/folder/set.json') });
    expect(await readRunSet(join(root, 'new/folder/set.json'))).toEqual({ ...set, path: join(root, 'new/folder/set.json') });
  });

  it.each([
    ['', 'is not whole JSON'],
    ['{"format": 2}', 'is of format 2, and this Parley reads up to 1: update Parley'],
    ['{"format": 1}', 'set.json: id: '],
  ])('%j is refused in one line', async (text, complaint) => {
    writeFileSync(join(root, 'set.json'), text);
    await expect(readRunSet(join(root, 'set.json'))).rejects.toThrow(complaint);
  });

  it.each(['../elsewhere', '/etc', 'a/b', '..', '.git', '', 'a\\b', 'C:'])('cannot have a run written to %j', async (folder) => {
    const { file } = plan();
    writeFileSync(join(root, 'set.json'), JSON.stringify({ ...file, runs: [{ ...file.runs[0], folder }] }));
    await expect(readRunSet(join(root, 'set.json'))).rejects.toThrow('runs.0.folder: expected the plain name of a folder beside this file');
  });

  it('cannot keep two runs in one folder', async () => {
    await writeRunSet(plan([CONFIGS[0]!, CONFIGS[1]!, CONFIGS[0]!]));
    await expect(readRunSet(join(root, 'set.json'))).rejects.toThrow('runs.2.folder: two runs are kept in rl-0');
  });

  it('is found by its own path and by the folder that it has to itself', async () => {
    await writeRunSet(plan());
    const among = planAmong(root, CONFIGS, 1, now);
    await writeRunSet(among);
    expect(findSetFile(root)).toBe(join(root, 'set.json'));
    expect(findSetFile(among.path)).toBe(among.path);
    expect(findSetFile(join(root, 'nowhere'))).toBeUndefined();
    writeSampleRun(join(root, 'run'), 1);
    expect(findSetFile(join(root, 'run'))).toBeUndefined();
    expect(findSetFile(join(root, 'run/run.json'))).toBeUndefined();
  });

  it('lies among other runs under names that are free', async () => {
    const first = planAmong(root, CONFIGS, 1, now);
    expect(first.path).toBe(join(root, '20261127-101500-ipd-rl-aa-2.set.json'));
    expect(first.file.runs[1]).toMatchObject({ folder: '20261127-101500-ipd-aa-s0', name: 'ipd aa, seed 0' });
    await writeRunSet(first);
    const second = planAmong(root, CONFIGS, 1, now);
    expect(second.file).toMatchObject({
      id: '20261127-101500-2-ipd-rl-aa-2',
      runs: [{ folder: '20261127-101500-2-ipd-rl-s0' }, {}, {}, {}],
    });
    mkdirSync(join(root, second.file.runs[3]!.folder));
    expect(planAmong(root, CONFIGS, 1, now).file.id).toContain('20261127-101500-3-');
  });

  it('takes more seeds, and refuses other settings by name', () => {
    const set = plan();
    expect(extendSet(set, RUNS)).toBe(set.file);
    const more = extendSet(set, plan([...CONFIGS, config('aa', 2)]).file.runs);
    expect(more).toMatchObject({ id: set.file.id, name: 'ipd rl + aa, seeds 0–2' });
    expect(more.runs.map(({ folder }) => folder)).toEqual(['rl-0', 'aa-0', 'rl-1', 'aa-1', 'aa-2']);
    expect(() => extendSet(set, plan([config('aa', 1, { beta: 3 })]).file.runs)).toThrow(
      'plans aa-1 with another beta: go on with parley resume',
    );
  });

  it('pairs runs that differ in the algorithm alone', () => {
    expect(partnerOf(plan().file, RUNS[0]!)).toEqual(RUNS[1]);
    expect(partnerOf(plan([...CONFIGS, config('sum', 0)]).file, RUNS[0]!)).toBeUndefined();
    expect(partnerOf(plan([CONFIGS[0]!, CONFIGS[2]!]).file, RUNS[0]!)).toBeUndefined();
  });
});

describe('what a set’s run needs next', () => {
  it('is to begin, with all that the set says', async () => {
    const set = plan();
    expect(await nextStep(set, RUNS[1]!, MACHINE)).toEqual({
      start: 'new',
      folder: join(root, 'aa-0'),
      name: 'ipd aa, seed 0',
      config: RUNS[1]!.config,
      set: { id: set.file.id, name: set.file.name },
      pairedWith: 'rl-0',
      threads: 2,
      spin: false,
      device: 'cpu',
    });
    expect(await nextStep(set, RUNS[1]!, { ...MACHINE, threads: 7, keepTraining: true })).toMatchObject({ threads: 7, keepTraining: true });
  });

  it('is to go on with the threads of before, and nothing while another trains or once it is finished', async () => {
    const set = plan();
    const folder = folderOf(set, RUNS[0]!);
    writeSampleRun(folder, 1, RUNS[0]!.config, { threads: 3 });
    expect(await nextStep(set, RUNS[0]!, { ...MACHINE, takeOver: true })).toEqual({
      start: 'resume',
      folder,
      threads: 3,
      spin: false,
      device: 'cpu',
      takeOver: true,
    });
    writeLock(folder);
    expect(await nextStep(set, RUNS[0]!, MACHINE)).toBeNull();
    rmSync(join(folder, 'lock.json'));
    const measures = { meanReward: null, jointReward: null, efficiency: null, validMass: null, entropy: null, kl: null };
    appendLine(folder, { type: 'finished', iteration: 3, time: '', measures });
    expect(await nextStep(set, RUNS[0]!, MACHINE)).toBeNull();
  });

  it('is never to touch another run, or one that cannot be read', async () => {
    const set = plan();
    const folder = folderOf(set, RUNS[0]!);
    writeSampleRun(folder, 1, { ...RUNS[0]!.config, beta: 9 });
    const before = readFileSync(join(folder, 'run.json'));
    await expect(nextStep(set, RUNS[0]!, MACHINE)).rejects.toThrow('rl-0 holds another run than set.json plans: move it away');
    writeFileSync(join(folder, 'run.json'), '{');
    await expect(nextStep(set, RUNS[0]!, MACHINE)).rejects.toThrow('run.json is not whole JSON');
    writeFileSync(join(folder, 'run.json'), before);
    mkdirSync(folderOf(set, RUNS[1]!));
    writeLock(folderOf(set, RUNS[1]!));
    expect(await nextStep(set, RUNS[1]!, MACHINE)).toBeNull();
  });
});

describe('shareSet', () => {
  const request = { cores: 8, runs: 5, device: 'auto', policy: 'embedded' } as const;

  it('gives a thread each where cores are few, and all cores where runs are', () => {
    expect(shareSet({ ...request, cores: 2 })).toEqual({ jobs: 2, threads: 1 });
    expect(shareSet({ ...request, cores: 1 })).toEqual({ jobs: 1, threads: 1 });
    expect(shareSet({ ...request, runs: 2 })).toEqual({ jobs: 2, threads: 4 });
    expect(shareSet(request)).toEqual({ jobs: 5, threads: 1 });
  });

  it('goes by what was said', () => {
    expect(shareSet({ ...request, jobs: 1 })).toEqual({ jobs: 1, threads: 8 });
    expect(shareSet({ ...request, threads: 4 })).toEqual({ jobs: 2, threads: 4 });
    expect(shareSet({ ...request, threads: 16 })).toEqual({ jobs: 1, threads: 16 });
    expect(shareSet({ ...request, jobs: 9, threads: 3 })).toEqual({ jobs: 5, threads: 3 });
  });

  it('takes one at a time what fills a GPU or the memory, unless told otherwise', () => {
    expect(shareSet({ ...request, device: 'cuda' })).toEqual({ jobs: 1, threads: 8 });
    expect(shareSet({ ...request, policy: '/models/qwen' })).toEqual({ jobs: 1, threads: 8 });
    expect(shareSet({ ...request, policy: '/models/qwen', jobs: 2 })).toEqual({ jobs: 2, threads: 4 });
  });
});
