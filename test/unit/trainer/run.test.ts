import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'vitest';
import { runToy, toyConfig, toyParams } from './toyRun';

describe('a run', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'run-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('goes', async () => {
    const { ended } = await runToy(toyParams(folder, toyConfig()));
    console.log(JSON.stringify(ended), await readdir(folder, { recursive: true }));
    console.log((await readFile(join(folder, 'journal.jsonl'), 'utf8')).slice(0, 3000));
  });

  it('learns', async () => {
    for (const algorithm of ['aa', 'rl'] as const) {
      const dir = await mkdtemp(join(tmpdir(), 'run-'));
      const t = performance.now();
      const { ended } = await runToy(
        toyParams(
          dir,
          toyConfig(
            { iterations: 100, negotiations: 64, groupSize: 8, gameSettings: { rounds: 10 }, buffer: { every: 10 }, learningRate: 0.05 },
            { algorithm },
          ),
        ),
      );
      console.log(algorithm, JSON.stringify(ended), performance.now() - t);
    }
  }, 120000);
});
