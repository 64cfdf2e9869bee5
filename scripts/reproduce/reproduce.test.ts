import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mediaFolder } from '../../src/runs/media';
import { CLAIMS, judge } from './claims';
import { EXPERIMENTS, type Experiment } from './experiments';
import type { Outcome } from './outcome';
import { reproduce } from './reproduce';

const root = join(mediaFolder(__dirname), '..');

// The whole of `npm run reproduce`, in small: the product's own trainer on the embedded policies, two iterations each.
describe('the reproduction, cut short', () => {
  const script = join(root, 'out/reproduceTest/trainer.cjs');
  const said: string[] = [];
  let folder: string;

  const small = ({ settings, ...experiment }: Experiment): Experiment => ({
    ...experiment,
    iterations: 2,
    seeds: [100],
    settings: { ...settings, negotiations: 8, groupSize: 4, gameSettings: { rounds: 3 } },
  });
  const wanted = ['ipd-rl', 'ipd-aa', 'trust-and-split-aa', 'ipd-rl-against-aa'];
  const run = (): Promise<readonly Outcome[]> =>
    reproduce({
      experiments: EXPERIMENTS.filter(({ id }) => wanted.includes(id)).map(small),
      root: join(folder, 'runs'),
      docs: join(folder, 'docs'),
      media: join(root, 'media'),
      script,
      jobs: 2,
      negotiations: 8,
      circumstances: { date: '2026-01-01', machine: 'a machine', parley: '0', onnxruntime: '1' },
      say: (line) => said.push(line),
      show: () => undefined,
    });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'reproduce-'));
    await esbuild.build({
      entryPoints: [join(root, 'src/trainer/main.ts')],
      outfile: script,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      external: ['onnxruntime-node', 'onnxruntime-common'],
      logLevel: 'error',
    });
  }, 60_000);
  afterAll(() => rm(folder, { recursive: true }));

  it('trains, has policies meet, and writes a page with figures', async () => {
    const outcomes = await run();
    expect(outcomes.map(({ training }) => training.experiment.id).sort()).toEqual([...wanted].sort());
    expect(outcomes.every(({ curve }) => curve.length === 2)).toBe(true);
    const page = await readFile(join(folder, 'docs/findings.md'), 'utf8');
    for (const { experiment, what } of CLAIMS)
      expect(page.includes(`| ${what} |`), what).toBe(wanted.includes(experiment) || sameWords(what));
    expect(page).toContain('Iterated Prisoner');
    expect(await readFile(join(folder, 'docs/findings/ipd.svg'), 'utf8')).toMatch(/^<svg [^>]*>.*aa .*<\/svg>\n$/s);
    const raw: unknown = JSON.parse(await readFile(join(folder, 'docs/findings/findings.json'), 'utf8'));
    expect(raw).toHaveLength(wanted.length);
    expect(existsSync(join(folder, 'docs/findings/trust-and-split.svg'))).toBe(true);
  }, 240_000);

  it('goes on where it was: what is finished is not trained or played again, and the numbers stay', async () => {
    const raw = await readFile(join(folder, 'docs/findings/findings.json'), 'utf8');
    await run();
    expect(said.at(-1)).toContain(`${wanted.length} trainings, 0 to do`);
    expect(await readFile(join(folder, 'docs/findings/findings.json'), 'utf8')).toBe(raw);
  }, 60_000);

  /** Whether a claim about something that was trained is worded the same. */
  const sameWords = (what: string): boolean => CLAIMS.some((claim) => claim.what === what && wanted.includes(claim.experiment));
});

describe('claims', () => {
  const outcome = (experiment: string, cooperationRate: number | null): Outcome =>
    ({ training: { experiment: { id: experiment } }, measures: { cooperationRate } }) as unknown as Outcome;
  const claims = CLAIMS.filter(({ experiment, what }) => experiment === 'ipd-aa' && what === 'self-play cooperation');

  it('hold on the seeds that reach them; one that could not be measured holds on none', () => {
    const [verdict] = judge([outcome('ipd-aa', 0.95), outcome('ipd-aa', 0.89), outcome('ipd-aa', null), outcome('ipd-rl', 1)], claims);
    expect(verdict).toMatchObject({ values: [0.95, 0.89, null], holds: 1 });
    expect(verdict!.mean).toBeCloseTo(0.92);
    expect(judge([outcome('ipd-rl', 1)], claims)).toEqual([]);
  });

  it('are about experiments that exist, and those that play against another come after it', () => {
    const ids = EXPERIMENTS.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const { experiment } of CLAIMS) expect(ids).toContain(experiment);
    EXPERIMENTS.forEach(({ against }, at) => {
      if (against !== undefined) expect(ids.indexOf(against)).toBeGreaterThanOrEqual(0);
      if (against !== undefined) expect(ids.indexOf(against)).toBeLessThan(at);
    });
  });
});
