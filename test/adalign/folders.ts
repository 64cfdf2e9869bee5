import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import type { CreditSettings } from '../../src/domain/advantage';
import { type ImportedIteration, type ReadOptions, readIterations } from '../../src/interop/adalign';

/** Small runs that the authors' code wrote. */
export const FIXTURES = join(__dirname, '../fixtures/adalign');

/** Settings under which credits are recomputed. */
export const AA: CreditSettings = { algorithm: 'aa', gamma: 0.96, beta: 2, rewardScale: 100, baseline: 'group', matchedGamma: false };

const made: string[] = [];
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** An empty folder that is gone after the test. */
export const temporary = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'adalign-'));
  made.push(folder);
  return folder;
};

/** A copy of a fixture that a test may change. */
export const copyOf = (game: string): string => {
  const folder = temporary();
  cpSync(join(FIXTURES, game), folder, { recursive: true });
  return folder;
};

/** Every iteration of a run, imported. */
export const all = async (dir: string, settings = AA, options: ReadOptions = {}): Promise<ImportedIteration[]> => {
  const iterations: ImportedIteration[] = [];
  for await (const iteration of readIterations(dir, settings, options)) iterations.push(iteration);
  return iterations;
};
