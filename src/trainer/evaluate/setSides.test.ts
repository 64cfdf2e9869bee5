import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runToy, toyConfig, toyParams } from '../../../test/unit/trainer/toyRun';
import type { RunConfig } from '../../protocol/runConfig';
import { folderOf, type PlannedSet, planIn, writeRunSet } from '../../runs/runSet';
import { readLineup } from './lineup';
import { expandSets } from './setSides';

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'set-sides-'));
  await plan('both', [config('rl', 0), config('aa', 0), config('rl', 1), config('aa', 1)], 4);
  await plan('one', [config('aa', 2), config('aa', 3)], 2);
  await plan('part', [config('aa', 4), config('aa', 5)], 1);
});
afterAll(() => rm(cwd, { recursive: true }));

const config = (algorithm: RunConfig['algorithm'], seed: number): RunConfig =>
  toyConfig({ iterations: 2, checkpointEvery: 1 }, { algorithm, seed });

/** A set of which some runs are trained to their end. */
async function plan(name: string, configs: readonly RunConfig[], trained: number): Promise<PlannedSet> {
  const set = planIn(join(cwd, name), configs, 1, new Date());
  await writeRunSet(set);
  for (const run of set.file.runs.slice(0, trained)) await runToy(toyParams(folderOf(set, run), run.config));
  return set;
}

const run = (...path: string[]): string => join(cwd, ...path);

describe('a run set among players', () => {
  it('is one side for each algorithm, over its seeds', async () => {
    const written = await expandSets(['scripted:tit-for-tat', 'both'], cwd);
    expect(written).toEqual([
      'scripted:tit-for-tat',
      { name: 'rl', members: [run('both/rl-0'), run('both/rl-1')] },
      { name: 'aa', members: [run('both/aa-0'), run('both/aa-1')] },
    ]);
    const { specs, sides } = await readLineup(written, { game: 'ipd', apis: {}, cwd });
    expect(sides).toEqual([
      { name: 'scripted:tit-for-tat', members: [0] },
      { name: 'rl', members: [1, 2] },
      { name: 'aa', members: [3, 4] },
    ]);
    expect(specs.map(({ name }) => name)).toEqual(['scripted:tit-for-tat', 'rl-0@2', 'rl-1@2', 'aa-0@2', 'aa-1@2']);
  });

  it('goes by the name it is given, and joins others under one', async () => {
    const file = join(cwd, 'one/set.json');
    expect(await expandSets([{ name: 'mine', members: [file] }], cwd)).toEqual([
      { name: 'mine', members: [run('one/aa-2'), run('one/aa-3')] },
    ]);
    expect(await expandSets([{ name: 'old', members: ['both@1'] }], cwd)).toMatchObject([
      { name: 'old-rl', members: [`${run('both/rl-0')}@1`, `${run('both/rl-1')}@1`] },
      { name: 'old-aa' },
    ]);
    expect(await expandSets([{ name: 'aa', members: ['one', 'both/aa-0'] }], cwd)).toEqual([
      { name: 'aa', members: [run('one/aa-2'), run('one/aa-3'), 'both/aa-0'] },
    ]);
    await expect(expandSets([{ name: 'x', members: ['one', 'both'] }], cwd)).rejects.toThrow(
      'both has runs by rl and aa, which are no one side',
    );
  });

  it('plays finished runs, or checkpoints of one iteration', async () => {
    await expect(expandSets(['part'], cwd)).rejects.toThrow(
      'part: 1 of its 2 runs are not finished (aa-5): go on with parley resume part, or give part@ITERATION',
    );
    expect(await expandSets(['part@1'], cwd)).toMatchObject([{ name: 'aa', members: [`${run('part/aa-4')}@1`, `${run('part/aa-5')}@1`] }]);
  });

  it('leaves everybody else as they are written', async () => {
    const others = ['seed', 'scripted:random(0.5)', 'both/aa-0', 'nowhere@3', { name: 'aa', members: ['a', 'b'] }];
    expect(await expandSets(others, cwd)).toEqual(others);
  });
});
