import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommandLine } from '../../test/cli/runCommandLine';
import { RunFolder } from '../runs/runFolder';

const FIXTURES = join(__dirname, '../../test/fixtures/adalign');

describe('parley import adalign', () => {
  let out: string;
  beforeEach(async () => {
    out = join(await mkdtemp(join(tmpdir(), 'cli-import-')), 'run');
  });
  afterEach(() => rm(join(out, '..'), { recursive: true }));
  const run = (...words: readonly string[]) => runCommandLine(['import', 'adalign', ...words]);

  it('makes a run folder with the settings given, and says how the credits compare', async () => {
    const { code, out: told } = await run(join(FIXTURES, 'ipd'), '--out', out, '--settings', 'beta=0.7,gamma=0.8');
    expect(code).toBe(0);
    expect(told).toContain(`${out}: 2 iterations imported\nrecomputed credits differ from the 24 logged credits by up to `);
    expect(told).toContain('settings: algorithm=aa gamma=0.8 beta=0.7 rewardScale=5 baseline=group\n');
    const folder = await RunFolder.open(out);
    expect(folder.file?.config).toMatchObject({ game: 'ipd', beta: 0.7, gamma: 0.8, rewardScale: 5 });
    expect(folder.iterations).toHaveLength(2);
    const again = await run(join(FIXTURES, 'ipd'), '--out', out, '--settings', 'beta=0.7,gamma=0.8', '--json');
    expect(JSON.parse(again.out)).toMatchObject({ runs: [{ folder: out, added: 0, isPending: false }], settings: { beta: 0.7 } });
  });

  it('refuses settings that are none, and settings for nothing', async () => {
    const spelt = await run(join(FIXTURES, 'ipd'), '--out', out, '--settings', 'bta=1');
    expect(spelt).toMatchObject({ code: 2, err: expect.stringContaining('--settings: there is no setting bta') });
    const alone = await run(join(FIXTURES, 'ipd'), '--settings', 'beta=1');
    expect(alone).toMatchObject({ code: 2, err: expect.stringContaining('give --out, too') });
  });
});
