import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommandLine } from '../../../test/cli/runCommandLine';
import { writeSampleRun } from '../../../test/runs/sampleRun';

const SMALL = '--algorithm rl --iterations 1 --threads 1 --set negotiations=4 --set groupSize=2 --set gameSettings.rounds=2'.split(' ');
const INPUT = JSON.stringify({
  inputIds: [
    [0, 5, 9, 13, 22, 7],
    [3, 1, 4, 1, 5],
  ],
});

interface Scores {
  readonly logProbs: number[][];
}

// On the embedded policy, in this process.
describe('parley export safetensors', { timeout: 120_000 }, () => {
  let root: string;
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'parley-safetensors-'));
  });
  afterAll(() => rmSync(root, { recursive: true }));

  const score = async (...words: string[]): Promise<number[][]> => {
    const { code, out, err } = await runCommandLine(['score', ...words, '--threads', '1'], INPUT);
    expect([code, err]).toEqual([0, '']);
    return (JSON.parse(out) as Scores).logProbs;
  };
  const difference = (a: number[][], b: number[][]): number =>
    Math.max(...a.flatMap((row, i) => row.map((value, j) => Math.abs(value - b[i]![j]!))));

  it.each([
    ['lora', []],
    ['full', ['--set', 'adapter.kind=full']],
  ])('gives the policy of a %s run as a model of its own', async (kind, settings) => {
    const run = join(root, kind);
    // A rate at which one step is seen in every log-probability.
    expect(await runCommandLine(['train', ...SMALL, ...settings, '--set', 'learningRate=0.01', '--out', run])).toMatchObject({ code: 0 });
    const out = join(root, `${kind}-model`);
    const { code, err, out: said } = await runCommandLine(['export', 'safetensors', run, '--out', out]);
    expect([code, err]).toEqual([0, '']);
    const names = ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'];
    expect(readdirSync(out).sort()).toEqual(names);
    expect(said.trim().split('\n').sort()).toEqual(names.map((name) => join(out, name)));
    const checkpoint = join(run, 'checkpoints/000001');
    const [base, merged] = [await score(), await score('--model', out)];
    const trained = kind === 'lora' ? await score('--adapter', checkpoint) : await score('--model', checkpoint);
    expect(difference(merged, trained)).toBeLessThan(1e-5);
    expect(difference(merged, base)).toBeGreaterThan(1e-3);
    // The start is a checkpoint, too: the base model itself.
    const start = join(root, `${kind}-start`);
    expect((await runCommandLine(['export', 'safetensors', run, '--iteration', '0', '--out', start])).code).toBe(0);
    expect(difference(await score('--model', start), base)).toBeLessThan(1e-6);
  });

  it('refuses what gives no model, in one line', async () => {
    const out = join(root, 'refused');
    const refused = async (...words: string[]): Promise<string> => {
      const { code, err } = await runCommandLine(['export', 'safetensors', ...words]);
      expect([code, err.trim().split('\n').length, existsSync(out)]).toEqual([1, 1, false]);
      return err.trim().replace('parley export: ', '');
    };
    const run = join(root, 'sample');
    writeSampleRun(run, 1);
    const other = join(root, 'other');
    writeSampleRun(other, 1, {}, { id: 'other' });
    expect(await refused(run, '--out', out)).toMatch(/has no checkpoint yet/);
    expect(await refused(run, other, '--out', out)).toMatch(/safetensors holds one policy/);
    expect(await refused(join(root, 'lora'), '--iteration', '7', '--out', out)).toMatch(
      /no checkpoint of iteration 7: the nearest is lora@1/,
    );
    const taken = join(root, 'taken');
    mkdirSync(taken);
    writeFileSync(join(taken, 'pytorch_model.bin'), '');
    expect(await refused(join(root, 'lora'), '--out', taken, '--overwrite')).toMatch(
      /taken holds pytorch_model\.bin, which would be taken/,
    );
    const weights = join(root, 'lora/checkpoints/000001/adapter_model.safetensors');
    writeFileSync(weights, readFileSync(weights).subarray(0, -4));
    expect(await refused(join(root, 'lora'), '--out', out)).toMatch(/adapter_model\.safetensors is not what the journal committed/);
  });
});
