import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ImportedIteration, proposeSettings, readIterations } from '../../interop/adalign';
import { RunStore } from '../../runs/runStore';
import { keepImportedBranches } from './importedBranches';
import { importRun } from './importRun';

const SOURCE = join(__dirname, '../../../test/fixtures/adalign/ipd');
const MADE = { time: '2026-11-27T12:00:00.000Z', parley: '0.1.0' };

describe('branches of an imported run', () => {
  let out: string;
  let first: ImportedIteration;

  beforeEach(async () => {
    out = join(await mkdtemp(join(tmpdir(), 'import-')), 'run');
    const { settings } = await proposeSettings(SOURCE, 'ipd');
    const from = { format: 'adalign', folder: SOURCE, seed: 0 } as const;
    await importRun({ from, settings, out, parley: '0.1.0', signal: new AbortController().signal });
    const read = await readIterations(SOURCE, settings).next();
    first = read.value as ImportedIteration;
  });
  afterEach(() => rm(join(out, '..'), { recursive: true }));

  it('go on from what was shared, with the outcome of their own and without credits; another import replaces them', async () => {
    // Bob acts otherwise in the second round of negotiation 1: that round ends 7 / 8, and so does the last one left.
    const path = first.rows.filter(({ negotiation, round }) => negotiation === 1 && round < 3);
    const ended = path.map((row) => (row.round === 0 ? row : { ...row, reward: 7 + row.seat }));
    const shared = ended.filter(({ turn }) => turn < 3).map((row) => ({ ...row, token_texts: row.token_texts.map(() => '') }));
    const rows = ended.filter(({ turn }) => turn >= 3).map((row) => ({ ...row, text: `${row.text}!` }));
    const branched = { ...first, branches: [{ negotiation: 1, seat: 1, shared, rows }] } as const;
    await keepImportedBranches(out, branched, MADE);
    await keepImportedBranches(out, branched, MADE);

    const run = await new RunStore().open(out);
    expect(run.folder.problems.filter(({ file }) => file.includes('branches'))).toEqual([]);
    const [branch, ...others] = run.branches.branches;
    expect(others).toEqual([]);
    const main = first.rows.filter(({ negotiation, round }) => negotiation === 1 && round === 0);
    const rewards = [0, 1].map((seat) => (main.find((row) => row.seat === seat)!.reward + 2 * (7 + seat)) / 3);
    expect(branch).toMatchObject({
      ...{ branch: 2, iteration: 1, negotiation: 1, round: 1, turn: 3, sample: 0 },
      players: [
        { name: 'policy', asBefore: true },
        { name: 'policy', asBefore: false },
      ],
      reward: rewards.map((each) => expect.closeTo(each, 12)),
    });
    const place = { run: run.id, iteration: 1, negotiation: 1 };
    const view = await run.negotiation({ ...place, branch: 2 });
    expect(view?.rounds.map(({ rewards: points }) => points)).toEqual([pointsOf(main), [7, 8], [7, 8]]);
    expect(view?.turns.map(({ text }) => text.endsWith('!'))).toEqual([false, false, false, true, true, true]);
    expect((await run.negotiation(place))?.branches?.map((each) => each.branch)).toEqual([2]);
  });
});

function pointsOf(rows: ImportedIteration['rows']): number[] {
  return [0, 1].map((seat) => rows.find((row) => row.seat === seat)!.reward);
}
