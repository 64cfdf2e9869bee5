import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeSampleBranches } from '../../test/runs/sampleBranch';
import { appendLine, sampleLine, writeSampleRun } from '../../test/runs/sampleRun';
import type { RunConfig } from '../protocol/runConfig';
import type { TreeRow } from '../protocol/webview';
import { deleteBranch } from './keepBranches';
import type { OpenRun } from './openRun';
import { type RunChange, RunStore } from './runStore';
import { RunTree } from './runTree';

describe('branches in the tree and in the inspector', () => {
  let folder: string;
  let config: RunConfig;
  let store: RunStore;
  let run: OpenRun;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'branches-'));
    config = writeSampleRun(folder, 3);
    store = new RunStore();
    run = await store.open(folder);
  });
  afterEach(() => rm(folder, { recursive: true }));

  const point = { iteration: 2, negotiation: 1, turn: 1 };
  const place = { run: 'sample', iteration: 2, group: 0, negotiation: 1 };
  const rowsOf = async (tree: RunTree): Promise<readonly TreeRow[]> => {
    tree.window(0, 100);
    await new Promise((resolve) => tree.onChanged(resolve));
    return tree.window(0, 100).rows;
  };

  it('lie under the turn that they leave at', async () => {
    expect(await writeSampleBranches(folder, config, point, 2)).toEqual([1, 2]);
    const seen: RunChange['kind'][] = [];
    store.onChanged(({ kind }) => seen.push(kind));
    await store.look(run);
    expect(seen).toContain('branches');
    const tree = new RunTree(store);
    tree.reveal({ ...place, branch: 2 });
    const rows = await rowsOf(tree);
    const branches = rows.filter(({ kind }) => kind === 'branch');
    expect(branches.map(({ label, detail, badge }) => [label, detail, badge])).toEqual([
      ['branch 1', 'Bob: scripted:always-defect · seed 5, sample 1', '1.5 / 4'],
      ['branch 2', 'Bob: scripted:always-defect · seed 5, sample 2', '1.5 / 4'],
    ]);
    expect(branches[1]).toMatchObject({ id: 'sample/2/g0/n1/r0/t1/b2', depth: 6, position: 2, siblings: 2, expandable: false });
    expect(branches[1]!.place).toEqual({ ...place, round: 0, turn: 1, branch: 2 });
    const turn = rows[branches[1]!.parent]!;
    expect(turn).toMatchObject({ kind: 'turn', label: 'Bob', expandable: true, expanded: true });
    expect(turn.detail).toBe('B · 2 branches');
    // Wherever the reader is in a branch, its row is the selected one.
    expect(tree.indexOf({ ...place, branch: 2, round: 1, turn: 3, token: 1 })).toBe(rows.indexOf(branches[1]!));
    expect(tree.indexOf({ ...place, branch: 9 })).toBe(rows.findIndex(({ label }) => label === 'negotiation 1'));
    await deleteBranch(folder, 1);
    await store.look(run);
    expect(
      tree
        .window(0, 100)
        .rows.filter(({ kind }) => kind === 'branch')
        .map(({ label }) => label),
    ).toEqual(['branch 2']);
  });

  it('are negotiations of their own, without credits, and their original knows them', async () => {
    await writeSampleBranches(folder, config, point);
    await store.look(run);
    const [original, branch] = await Promise.all([run.negotiation(place), run.negotiation({ ...place, branch: 1 })]);
    const view = { branch: 1, round: 0, turn: 1, seed: 5, sample: 0, reward: [1.5, 4] };
    expect(original?.branch).toBeUndefined();
    expect(original?.branches).toMatchObject([view]);
    expect(branch?.branch).toMatchObject({ ...view, players: [{ asBefore: true }, { name: 'scripted:always-defect', asBefore: false }] });
    expect(branch?.place).toEqual({ ...place, branch: 1 });
    expect(branch?.players).toEqual(['sample@0', 'scripted:always-defect']);
    expect(branch?.turns.map(({ text, credit }) => [text, credit])).toEqual([['A', null], ['B', null], ['A', null], ['B', null]]); // biome-ignore format: one line
    expect(branch?.members).toEqual([]);
    expect(await run.negotiation({ ...place, branch: 7 })).toBeNull();
    expect((await run.negotiation({ ...place, negotiation: 0 }))?.branches).toBeUndefined();
  });

  it('are offered only where they can be made', async () => {
    expect(run.whyNotForkable).toBe('sample aa has kept no checkpoint yet');
    expect(run.view()?.forkable).toBeUndefined();
    appendLine(folder, { ...sampleLine(config, 4), checkpoint: { folder: 'checkpoints/000004', files: {} } });
    await store.look(run);
    expect(run.whyNotForkable).toBeNull();
    expect(run.view()?.forkable).toBe(true);
    const tree = new RunTree(store);
    tree.reveal({ ...place, round: 0, turn: 0 });
    const rows = await rowsOf(tree);
    expect(rows.filter(({ forkable }) => forkable).map(({ kind }) => kind)).toEqual(['turn', 'turn']);
    const other = await mkdtemp(join(tmpdir(), 'branches-'));
    writeSampleRun(other, 1, { policy: '/no/such/model' }, { id: 'elsewhere' });
    expect((await store.open(other)).whyNotForkable).toContain('its base model /no/such/model is not on this machine');
    const imported = await mkdtemp(join(tmpdir(), 'branches-'));
    writeSampleRun(imported, 1, {}, { id: 'imported', imported: { format: 'adalign', folder: '/outputs/ipd', seed: 0 } });
    expect((await store.open(imported)).whyNotForkable).toContain('was imported');
    await Promise.all([other, imported].map((path) => rm(path, { recursive: true })));
  });
});
