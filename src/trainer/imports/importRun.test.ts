import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { proposeSettings, summarise } from '../../interop/adalign';
import { type ImportedFrom, parseCreditSettings } from '../../protocol/imports';
import type { TurnRow } from '../../protocol/rollouts';
import { readImportLines } from '../../runs/importLines';
import { RolloutReader } from '../../runs/rolloutReader';
import { RunStore } from '../../runs/runStore';
import { openPosition } from '../resume';
import { importRun } from './importRun';

const FIXTURES = join(__dirname, '../../../test/fixtures/adalign');

const COLUMNS = ['iteration', 'negotiation', 'round', 'seat', 'reward', 'token_ids', 'log_probs'] as const;

describe('an AdAlignLLM run made a run folder', () => {
  let scratch: string;
  let source: string;
  let out: string;
  let from: ImportedFrom;

  beforeEach(async () => {
    scratch = await mkdtemp(join(tmpdir(), 'import-'));
    source = join(scratch, 'outputs');
    out = join(scratch, 'run');
    from = { format: 'adalign', folder: source, seed: 0 };
  });
  afterEach(() => rm(scratch, { recursive: true, force: true }));

  const run = async (settings = '', quiet = 0) => {
    const proposed = await proposeSettings(source, 'trust-and-split');
    return importRun({
      ...{ from, out, quiet, parley: '0.1.0', signal: new AbortController().signal },
      settings: parseCreditSettings(settings, proposed.settings),
    });
  };
  const copy = (name: string) => cp(join(FIXTURES, name), source, { recursive: true });
  const iterationFolder = (number: number) => join(source, `seed_0/iteration_00${number}`);

  it.each(['ipd', 'split', 'tas'])('%s has the turns, tokens and rewards that its summary counts, and opens', async (name) => {
    await copy(name);
    expect(await run()).toEqual({ added: 2, isPending: false });
    const opened = await new RunStore().open(out);
    expect(opened.status).toBe('finished');
    // The fixtures' logged credits are made up.
    expect(opened.folder.problems.map(({ message }) => message)).toEqual([expect.stringMatching(/^recomputed credits differ/)]);
    expect(opened.whyNotForkable).toContain('was imported');
    expect(opened.folder.iterations.map(({ iteration }) => iteration)).toEqual([1, 2]);

    const rows: Pick<TurnRow, (typeof COLUMNS)[number]>[] = [];
    for (const { rollouts } of opened.folder.iterations) {
      rows.push(...(await new RolloutReader().all(out, rollouts!, COLUMNS)));
    }
    const summary = await summarise(source);
    const produced = rows.filter(({ token_ids }) => token_ids.length > 0);
    expect(produced).toHaveLength(summary.assistantTurns);
    expect(new Set(rows.map(({ iteration, negotiation }) => `${iteration} ${negotiation}`)).size).toBe(summary.negotiations);
    expect(produced.reduce((sum, { token_ids }) => sum + token_ids.length, 0)).toBe(summary.producedTokens);
    expect(produced.flatMap(({ log_probs }) => log_probs).reduce((sum, each) => sum + each, 0)).toBeCloseTo(summary.logProbSum, 2);
    for (const [seat, agent] of ['Alice', 'Bob'].entries()) {
      const rewards = new Map<string, number>();
      for (const row of rows) if (row.seat === seat) rewards.set(`${row.iteration} ${row.negotiation} ${row.round}`, row.reward);
      expect([...rewards.values()].reduce((sum, each) => sum + each, 0)).toBeCloseTo(summary.totalReward[agent]!, 6);
    }
    const view = await opened.negotiation({ run: opened.id, iteration: 2, negotiation: 1 });
    expect(view?.committed).toBe(true);
  });

  it('keeps logged credits, and says by how much the recomputed ones differ', async () => {
    await copy('ipd');
    await run('beta=0.5 gamma=0.9 rewardScale=5');
    const lines = await readImportLines(out);
    expect(lines.get('seed_0/iteration_000')?.check).toEqual({ tokens: 0, largestDifference: null, at: null });
    expect(lines.get('seed_0/iteration_001')?.check?.tokens).toBe(24);
    const { folder } = await new RunStore().open(out);
    expect(folder.problems[0]?.message).toMatch(
      /^recomputed credits differ from the 24 logged credits by up to .*the run may have had other settings$/,
    );
    expect(folder.file?.config).toMatchObject({ beta: 0.5, gamma: 0.9, rewardScale: 5, algorithm: 'aa' });
  });

  it('that grows gains its new iteration, and only that one', async () => {
    await copy('tas');
    await rm(iterationFolder(1), { recursive: true });
    expect(await run()).toEqual({ added: 1, isPending: false });
    const store = new RunStore();
    const opened = await store.open(out);
    const first = await readFile(join(out, 'journal.jsonl'), 'utf8');
    expect(await run()).toEqual({ added: 0, isPending: false });
    await cp(join(FIXTURES, 'tas/seed_0/iteration_001'), iterationFolder(1), { recursive: true });
    // Its files are of this moment: it may be half written.
    expect(await run('', 60_000)).toEqual({ added: 0, isPending: true });
    expect(await run()).toEqual({ added: 1, isPending: false });
    const both = await readFile(join(out, 'journal.jsonl'), 'utf8');
    expect(both.startsWith(first)).toBe(true);
    expect(both.trim().split('\n')).toHaveLength(2);
    await store.look(opened);
    expect(opened.iteration).toBe(2);
    expect(await run()).toEqual({ added: 0, isPending: false });
  });

  it('is read again where a file of its newest iteration came late', async () => {
    await copy('ipd');
    const late = join(iterationFolder(1), 'mgid_3.rt.pkl');
    await rm(late);
    await run();
    expect((await new RunStore().open(out)).folder.iteration(2)?.negotiations?.group).toHaveLength(1);
    await cp(join(FIXTURES, 'ipd/seed_0/iteration_001/mgid_3.rt.pkl'), late);
    expect(await run()).toEqual({ added: 1, isPending: false });
    const { folder } = await new RunStore().open(out);
    expect(folder.iteration(2)?.negotiations?.group).toHaveLength(2);
    expect(folder.iterations).toHaveLength(2);
  });

  it('names a pickle that is a program, and imports the rest', async () => {
    await copy('split');
    await writeFile(join(iterationFolder(1), 'mgid_7.rt.pkl'), Buffer.from("cposix\nsystem\n(S'true'\ntR.", 'latin1'));
    await writeFile(join(iterationFolder(1), 'mgid_8.rt.pkl'), '');
    await writeFile(join(iterationFolder(1), 'statistics.pkl'), 'x');
    await mkdir(join(source, '.hydra'));
    expect(await run()).toEqual({ added: 2, isPending: false });
    const { folder } = await new RunStore().open(out);
    const messages = folder.problems.map(({ message }) => message);
    expect(messages).toContainEqual(expect.stringMatching(/^seed_0\/iteration_001\/mgid_7\.rt\.pkl was skipped: it .*posix\.system/));
    expect(messages).toContainEqual(expect.stringMatching(/^seed_0\/iteration_001\/mgid_8\.rt\.pkl was skipped: it is empty/));
    expect(messages.at(-1)).toBe('2 files that are no negotiations were not read: imported.jsonl names them');
    expect(folder.iteration(2)?.negotiations?.group).toHaveLength(2);
  });

  it('is refused where the folder is of something else, or of other settings; nobody resumes it', async () => {
    await copy('ipd');
    await run();
    await expect(run('beta=3')).rejects.toThrow('was imported with other settings');
    from = { ...from, seed: 4 };
    await expect(run()).rejects.toThrow('is imported from');
    from = { ...from, seed: 0 };
    await expect(openPosition(out)).rejects.toThrow('Parley has none of its policies');
    out = source;
    await expect(run()).rejects.toThrow('is not empty (seed_0)');
  });
});

describe('credit settings as a person writes them', () => {
  const base = { algorithm: 'aa', gamma: 0.9, beta: 1, rewardScale: 100, baseline: 'group', matchedGamma: false } as const;

  it('are read over those that were proposed', () => {
    expect(parseCreditSettings('gamma=0.96, beta=2 algorithm=rl', base)).toEqual({ ...base, gamma: 0.96, beta: 2, algorithm: 'rl' });
    expect(parseCreditSettings('', base)).toEqual(base);
  });

  it.each([
    ['gama=1', /no setting gama/],
    ['gamma', /write settings as KEY=VALUE/],
    ['gamma=', /gamma/],
    ['gamma=2', /gamma/],
    ['rewardScale=0', /rewardScale/],
    ['algorithm=ppo', /algorithm/],
  ])('%s is refused', (text, why) => {
    expect(() => parseCreditSettings(text, base)).toThrow(why);
  });
});
