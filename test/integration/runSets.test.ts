import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { RunFolder } from '../../src/runs/runFolder';
import { type PlannedSet, planIn, readRunSet, writeRunSet } from '../../src/runs/runSet';
import { appendLine, sampleConfig, writeSampleRun } from '../runs/sampleRun';
import { execute, runsFolder, until } from './workspace';

const SMALL = {
  game: 'ipd',
  preset: 'embedded',
  settings: { negotiations: 8, groupSize: 4, checkpointEvery: 2, gameSettings: { rounds: 3 } },
};

async function plannedSet(id: unknown): Promise<PlannedSet> {
  assert.ok(typeof id === 'string', `Start Run Set gave ${JSON.stringify(id)}`);
  return readRunSet(path.join(runsFolder(), `${id}.set.json`));
}

const folders = ({ path: file, file: { runs } }: PlannedSet): string[] => runs.map(({ folder }) => path.join(path.dirname(file), folder));

/** The runs of a set that have begun, by folder. */
async function begun(set: PlannedSet): Promise<RunFolder[]> {
  return Promise.all(folders(set).flatMap((folder) => (existsSync(path.join(folder, 'run.json')) ? [RunFolder.open(folder)] : [])));
}

describe('A run set', function () {
  this.timeout(240_000);

  it('is started, stopped and resumed as one, and each run ends where it would have ended alone', async () => {
    const id = await execute('startRunSet', { ...SMALL, iterations: 6, algorithms: ['rl', 'aa'], seeds: '5-6' });
    const set = await plannedSet(id);
    assert.deepEqual(
      set.file.runs.map(({ config }) => `${config.algorithm} ${config.seed}`),
      ['rl 5', 'aa 5', 'rl 6', 'aa 6'],
    );
    await until('a first iteration', async () => ((await begun(set)).some(({ last }) => last >= 1) ? true : undefined));
    assert.equal(await execute('stopRunSet', { set: id }), id);
    const stopped = await begun(set);
    assert.ok(stopped.length >= 1 && stopped.length < 4, `${stopped.length} runs had begun`);
    assert.ok(stopped.every(({ finished, trainedBy }) => finished === null && trainedBy === null));
    const refused = (await execute('stopRunSet', { set: id })) as { error: string };
    assert.match(refused.error, /none of its runs is training or waiting/);

    assert.equal(await execute('resumeRunSet', { set: id }), id);
    const whole = await until(
      'all four runs to be finished',
      async () => {
        const runs = await begun(set);
        return runs.length === 4 && runs.every(({ finished, trainedBy }) => finished !== null && trainedBy === null) ? runs : undefined;
      },
      200,
    );
    for (const [i, run] of whole.entries()) {
      assert.deepEqual(run.problems, []);
      assert.equal(run.last, 6);
      assert.deepEqual(run.file?.set, { id, name: 'ipd rl + aa, seeds 5, 6' });
      assert.equal(run.file?.threads, set.file.threads);
      assert.deepEqual(run.file?.config, set.file.runs[i]?.config);
    }
    assert.equal(whole[0]?.file?.pairedWith, set.file.runs[1]?.folder);
    const through = (await execute('resumeRunSet', { set: id })) as { error: string };
    assert.match(through.error, /all its runs are finished, or at work/);
  });

  it('refuses in one line what cannot be started, and plans nothing then', async () => {
    const before = readdirSync(runsFolder()).filter((name) => name.endsWith('.set.json'));
    assert.deepEqual(await execute('startRunSet', { ...SMALL, seeds: '4-0' }), {
      error: 'Start Run Set: seeds: "4-0" runs backwards: write 0-4',
    });
    assert.match(
      ((await execute('startRunSet', { ...SMALL, algorithms: ['ra'] })) as { error: string }).error,
      /^Start Run Set: algorithms\.0: /,
    );
    assert.deepEqual(await execute('startRunSet', { game: 'ipd', preset: 'embeded', seeds: '0' }), {
      error: 'no preset "embeded" for ipd; did you mean embedded?',
    });
    assert.deepEqual(await execute('stopRunSet', { set: 'no-such-set' }), {
      error: 'There is no run set no-such-set here: open the folder that its file is in',
    });
    assert.deepEqual(
      readdirSync(runsFolder()).filter((name) => name.endsWith('.set.json')),
      before,
    );
  });

  it('that cannot begin says so once, and keeps its plan', async () => {
    const settings = { ...SMALL.settings, policy: '/no/such/model', gameSettings: { prompts: 'full' } };
    const id = await execute('startRunSet', { ...SMALL, settings, algorithms: ['aa'], seeds: '0-2' });
    const set = await plannedSet(id);
    await until('the set to be given up', async () => {
      const answer = (await execute('stopRunSet', { set: id })) as { error?: string } | string;
      return typeof answer === 'object' && answer.error?.includes('none of its runs') ? true : undefined;
    });
    assert.deepEqual(
      folders(set).filter((folder) => existsSync(folder)),
      [],
    );
    assert.ok(existsSync(set.path));
    assert.equal(await execute('deleteRunSet', { set: id, confirmed: 'for good' }), true);
    assert.ok(!existsSync(set.path));
    const gone = (await execute('resumeRunSet', { set: id })) as { error: string };
    assert.match(gone.error, /^There is no run set/);
  });

  it('is deleted with the runs that were closed, and nothing else is', async () => {
    const set = planIn(
      path.join(runsFolder(), 'to-delete'),
      [1, 2].map((seed) => sampleConfig({ seed, iterations: 1 })),
      1,
      new Date(),
    );
    await writeRunSet(set);
    const of = { id: set.file.id, name: set.file.name };
    for (const [i, run] of set.file.runs.entries()) {
      writeSampleRun(folders(set)[i] ?? '', 1, run.config, { id: `delete-${run.folder}`, set: of });
      await execute('openRun', { folder: folders(set)[i] });
    }
    const beside = path.join(path.dirname(set.path), 'beside');
    writeSampleRun(beside, 1, {}, { id: 'delete-beside' });
    await execute('closeRun', { run: `delete-${set.file.runs[1]?.folder}` });
    assert.equal(await execute('deleteRunSet', { set: set.file.id, confirmed: 'for good' }), true);
    assert.deepEqual(readdirSync(path.dirname(set.path)), ['beside']);
    rmSync(path.dirname(set.path), { recursive: true });
  });

  it('of elsewhere is opened by its folder, and goes on from there', async () => {
    const root = mkdtempSync(path.join(tmpdir(), 'parley-set-'));
    try {
      const configs = [1, 2].map((seed) => sampleConfig({ algorithm: 'rl', seed, iterations: 1 }));
      const set = planIn(root, configs, 1, new Date());
      await writeRunSet(set);
      const [first] = set.file.runs;
      assert.ok(first);
      writeSampleRun(folders(set)[0] ?? '', 1, first.config, { id: 'far-rl-1', set: { id: set.file.id, name: set.file.name } });
      const measures = { meanReward: null, jointReward: null, efficiency: null, validMass: null, entropy: null, kl: null };
      appendLine(folders(set)[0] ?? '', { type: 'finished', iteration: 1, time: '', measures });
      assert.equal(await execute('openRun', { folder: root }), 'far-rl-1');
      assert.equal(await execute('resumeRunSet', { set: set.file.id }), set.file.id);
      await until('the second run to be finished', async () => {
        const [, second] = await begun(set);
        return second?.finished !== null && second?.trainedBy === null ? true : undefined;
      });
    } finally {
      rmSync(root, { recursive: true, force: true });
    }
  });
});
