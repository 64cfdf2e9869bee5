import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runCommandLine } from '../../test/cli/runCommandLine';
import { mediaFolder } from '../runs/media';
import { readRunSet } from '../runs/runSet';

const root = join(mediaFolder(__dirname), '..');
const SMALL = '--iterations 2 --set negotiations=8 --set groupSize=4 --set gameSettings.rounds=2'.split(' ');

// With the product's own trainer, on the embedded policy.
describe('parley train --seeds', () => {
  let folder: string;
  const trainerScript = join(root, 'out/trainSet/trainer.cjs');
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cli-set-'));
    await esbuild.build({
      entryPoints: [join(root, 'src/trainer/main.ts')],
      outfile: trainerScript,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      external: ['onnxruntime-node', 'onnxruntime-common'],
      logLevel: 'error',
    });
  }, 120_000);
  afterAll(() => rm(folder, { recursive: true }));

  const run = (...words: readonly string[]) => runCommandLine(words, '', { trainerScript, cores: 2 });
  const objects = (out: string): Record<string, unknown>[] =>
    out
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const journal = (set: string, name: string): Promise<string> => readFile(join(folder, set, name, 'journal.jsonl'), 'utf8');

  it('trains a set, goes on with it, and lets it grow', async () => {
    const out = join(folder, 'set');
    const first = await run('train', '--algorithm', 'rl', '--seeds', '3', ...SMALL, '--out', out);
    expect({ code: first.code, err: first.err.split('\n')[0] }).toEqual({
      code: 0,
      err: `ipd rl, seed 3: 0 of 1 finished, one at a time, 2 threads each; ${join(out, 'set.json')}`,
    });
    expect(first.out).toMatch(/^\n +rl\n/);
    expect(first.out).toContain('One seed, so there are no intervals.');
    const before = await journal('set', 'rl-3');

    const grown = await run('train', '--algorithms', 'rl,aa', '--seeds', '3,4', ...SMALL, '--out', out, '--json');
    expect(grown.code).toBe(0);
    const all = objects(grown.out);
    const ends = all.filter(({ type }) => type === 'run');
    expect(ends.map(({ algorithm, seed, how }) => `${algorithm} ${seed} ${how}`).sort()).toEqual([
      'aa 3 finished',
      'aa 4 finished',
      'rl 4 finished',
    ]);
    expect(all.find(({ type }) => type === 'progress')).toMatchObject({ run: expect.stringContaining(out), iterations: 2 });
    const last = all.at(-1) as { measures: Record<string, Record<string, { mean: number; low: number; high: number }>>; runs: unknown[] };
    expect(last).toMatchObject({ type: 'finished', set: join(out, 'set.json'), runs: [{ algorithm: 'rl', seed: 3 }, {}, {}, {}] });
    expect(Object.keys(last.measures)).toEqual(['rl', 'aa']);
    const { mean, low, high } = last.measures.aa!.cooperationRate!;
    expect(low <= mean && mean <= high && low < high).toBe(true);
    expect(last.measures.aa!['cooperateAfter.CC']).toBeDefined();
    expect(await journal('set', 'rl-3')).toBe(before);

    const { file } = await readRunSet(join(out, 'set.json'));
    expect(file.name).toBe('ipd rl + aa, seeds 3, 4');
    const json = JSON.parse(await readFile(join(out, 'aa-4/run.json'), 'utf8')) as Record<string, unknown>;
    expect(json).toMatchObject({ set: { id: file.id, name: file.name }, pairedWith: 'rl-4', threads: 2, config: { seed: 4 } });

    const again = await run('resume', out);
    expect(again).toMatchObject({ code: 0, err: expect.stringContaining('4 of 4 finished') });
    expect(again.out).toMatch(/cooperation rate +\d\.\d{3} \[\d\.\d{3}, \d\.\d{3}\] +\d\.\d{3} \[/);
    expect(again.out).toContain('Means over 2 seeds, with 95 % bootstrap intervals.');

    const other = await run('train', '--algorithms', 'rl,aa', '--seeds', '3,4', ...SMALL, '--set', 'beta=7', '--out', out);
    expect(other).toMatchObject({ code: 1, out: '' });
    expect(other.err).toMatch(/set\.json plans rl-3 with another beta: go on with parley resume.*\n$/);
  }, 180_000);

  it('stops when asked, forgets nothing, and ends where a set that was never stopped ends', async () => {
    const out = join(folder, 'stopped');
    const words = ['--seeds', '0-2', '--iterations', '4', ...SMALL.slice(2), '--jobs', '1', '--threads', '1'];
    let asked = false;
    const stopped = await runCommandLine(['train', ...words, '--out', out, '--json'], '', {
      trainerScript,
      onOut: (text) => {
        if (asked || !text.includes('"iteration":2')) return;
        asked = true;
        process.emit('SIGINT');
      },
    });
    expect(stopped.code).toBe(1);
    expect(objects(stopped.out).at(-1)).toMatchObject({
      type: 'stopped',
      runs: [{ measures: null }, { measures: null }, { measures: null }],
    });
    expect((await readdir(out)).sort()).toEqual(['aa-0', 'set.json']);

    const resumed = await run('resume', join(out, 'set.json'), '--json');
    expect(resumed.code).toBe(0);
    const whole = await run('train', ...words, '--out', join(folder, 'whole'), '--json');
    const measures = (text: string): unknown => objects(text).at(-1)?.measures;
    expect(measures(resumed.out)).toEqual(measures(whole.out));
  }, 180_000);

  it('trains against a fixed opponent, and says what the runs got against it', async () => {
    const out = join(folder, 'against');
    const words = ['train', '--algorithm', 'rl', '--seeds', '0-1', ...SMALL, '--opponent', 'scripted:always-defect', '--out', out];
    const { code, out: table } = await run(...words);
    expect(code).toBe(0);
    expect(table).toMatch(/rl with itself\nreward a round, Alice (.*\n)+ +rl against scripted:always-defect\nreward a round, learner /);
    const [set] = objects((await run('resume', out, '--json')).out);
    expect(set).toMatchObject({
      type: 'finished',
      runs: [{ againstOpponent: { meanReward: [expect.any(Number), expect.any(Number)] } }, {}],
      againstOpponent: { rl: { 'meanReward.0': { mean: expect.any(Number) } } },
    });
  }, 180_000);

  it('says once what none of the runs can begin for, and takes another plan then', async () => {
    const out = join(folder, 'hopeless');
    const words = ['--seeds', '0-3', ...SMALL, '--out', out, '--jobs', '1'];
    const hopeless = await run('train', ...words, '--policy', join(folder, 'nowhere'), '--set', 'gameSettings.prompts=full');
    expect(hopeless).toMatchObject({ code: 1, out: '' });
    expect(hopeless.err).toMatch(/aa, seed 0: .*config\.json is missing.*The other 3 runs were not tried\n/);
    expect(hopeless.err.match(/config\.json is missing/g)).toHaveLength(1);
    expect(hopeless.err).toMatch(/0 of 4 runs are finished\. Go on with: parley resume .*hopeless\n$/);
    expect(await readdir(out)).toEqual(['set.json']);
    expect((await run('train', ...words.with(1, '0'))).code).toBe(0);
  }, 180_000);

  it.each([
    ['train --seeds 0-x', '--seeds 0-x: "0-x" is no seed: write seeds as 0-4 or 1,3,5'],
    ['train --seeds 0-4 --seed 1', '--seed and --seeds are both given'],
    ['train --algorithms rl,ab', '--algorithms rl,ab: there is no algorithm "ab"; did you mean aa?'],
    ['train --algorithms rl,aa --algorithm aa', '--algorithm and --algorithms are both given'],
    ['train --jobs 2', '--jobs is for run sets: give --seeds or --algorithms'],
    ['paired --jobs 2', '--jobs is for run sets: give --seeds'],
    ['train --seeds 0-1 --jobs 0', '--jobs 0: give a whole number of 1 or more'],
  ])('%s: exit 2 and one clear line', async (line, complaint) => {
    const { code, out, err } = await run(...line.split(' '));
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(complaint);
    expect(err.trimEnd()).not.toContain('\n');
  });
});
