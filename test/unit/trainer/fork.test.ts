import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readJournal } from '../../../src/runs/journal';
import { forkRun } from '../../../src/trainer/forkRun';
import { differences, runToy, toyConfig, toyParams } from './toyRun';

let root: string;
let whole: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'parley-fork-'));
  whole = join(root, 'whole');
  await runToy(toyParams(whole, toyConfig()));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** The first seven iterations of the toy run, checkpoints at 0, 2, 3, 4, 6 and 7, as a run that was stopped before its end. */
async function copy(name: string): Promise<string> {
  const folder = join(root, name);
  await forkRun(whole, 6, folder);
  return folder;
}

describe('a run forked from a checkpoint', () => {
  it('goes on bit for bit as the run did that it was forked from', async () => {
    const fork = join(root, 'fork');
    await forkRun(whole, 3, fork);
    const { lines } = await readJournal(fork);
    expect(lines.map((line) => line.iteration)).toEqual([0, 1, 2, 3]);
    expect(JSON.parse(await readFile(join(fork, 'run.json'), 'utf8'))).toMatchObject({ id: 'fork', name: 'toy, from iteration 3' });
    expect((await runToy(toyParams(fork))).ended).toMatchObject({ how: 'finished' });
    expect(await differences(whole, fork)).toEqual(['run.json']);
  });

  it('is where a run goes on whose newest state is lost, as the error says', async () => {
    const folder = await copy('damaged');
    const state = join(folder, 'state/000006/state.json');
    await rm(state);
    await expect(runToy(toyParams(folder))).rejects.toThrow(
      `${state} is missing: restore it from a copy, or fork the run from its checkpoint of iteration 6: parley resume ${folder}@6 --out NEW_FOLDER`,
    );
    await writeFile(join(folder, 'checkpoints/000006/state.json'), '{}');
    await writeFile(state, '{}');
    await expect(runToy(toyParams(folder))).rejects.toThrow(
      `${state} is not what the journal committed (SHA-256 differs): restore it from a copy, or fork the run from its checkpoint of iteration 4:`,
    );
    const fork = join(root, 'rescued');
    await forkRun(folder, 4, fork);
    expect((await runToy(toyParams(fork))).ended).toMatchObject({ how: 'finished' });
    await expect(forkRun(folder, 6, join(root, 'never'))).rejects.toThrow(
      'checkpoints/000006/state.json is not what the journal committed',
    );
  });

  it('needs a checkpoint, and a folder of its own', async () => {
    await expect(forkRun(whole, 5, join(root, 'x'))).rejects.toThrow(
      `${whole} has no checkpoint of iteration 5: there are 0, 2, 3, 4, 6, 7`,
    );
    await expect(forkRun(whole, 99, join(root, 'x'))).rejects.toThrow('has no checkpoint of iteration 99');
    await expect(forkRun(whole, 3, whole)).rejects.toThrow('a forked run needs a folder of its own');
    await mkdir(join(root, 'empty'));
    await forkRun(whole, 3, join(root, 'empty'));
    const folder = await copy('incomplete');
    await rm(join(folder, 'rollouts/000002.parquet'));
    await expect(forkRun(folder, 3, join(root, 'y'))).rejects.toThrow('rollouts/000002.parquet is missing: restore it from a copy');
  });
});
