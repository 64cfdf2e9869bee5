import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeSampleRun } from '../../test/runs/sampleRun';
import { RunStore } from './runStore';
import { RunTree } from './runTree';

let root: string;
let store: RunStore;
let tree: RunTree;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'parley-filter-'));
  store = new RunStore();
  writeSampleRun(join(root, 'a'), 3);
  await store.open(join(root, 'a'));
  tree = new RunTree(store, ['sample', 'sample/2', 'sample/2/g0', 'sample/2/g1']);
});
afterEach(() => {
  store.dispose();
  rmSync(root, { recursive: true, force: true });
});

const labels = (): string[] => tree.window(0, 100).rows.map(({ label }) => label);
/** Until what was said has been read. */
async function settled(): Promise<void> {
  while (tree.filter.view().looked < tree.filter.view().total) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('TreeFilter', () => {
  it('shows everything until it is told otherwise', () => {
    expect(tree.filter.view()).toEqual({ expression: '', problem: null, matches: 12, looked: 12, total: 12 });
    expect(labels()).toEqual([
      'sample aa',
      'iteration 1',
      'iteration 2',
      'group 0',
      'negotiation 0',
      'negotiation 1',
      'group 1',
      'negotiation 2',
      'negotiation 3',
      'iteration 3',
    ]);
  });

  it('leaves only what passes, and what leads there', () => {
    tree.filter.set('iteration == 2 and negotiation >= 3');
    expect(labels()).toEqual(['sample aa', 'iteration 2', 'group 1', 'negotiation 3']);
    expect(tree.filter.view()).toMatchObject({ matches: 1, looked: 12, total: 12, problem: null });
    tree.filter.set('iteration > 99');
    expect(labels()).toEqual(['sample aa']);
    tree.filter.set('');
    expect(labels()).toHaveLength(10);
  });

  it('says what is wrong with one that cannot be read, and hides nothing', () => {
    tree.filter.set('reward.alise > 2');
    expect(tree.filter.view()).toMatchObject({ problem: { at: 0 }, matches: 12 });
    expect(labels()).toHaveLength(10);
  });

  it('reads what was said, in every iteration, and counts', async () => {
    // Bob defects in odd negotiations; only then does anybody say B.
    tree.filter.set('says("B")');
    expect(tree.filter.view()).toMatchObject({ matches: 0, looked: 0 });
    await settled();
    expect(tree.filter.view()).toEqual({ expression: 'says("B")', problem: null, matches: 6, looked: 12, total: 12 });
    expect(labels()).toEqual([
      'sample aa',
      'iteration 1',
      'iteration 2',
      'group 0',
      'negotiation 1',
      'group 1',
      'negotiation 3',
      'iteration 3',
    ]);
  });

  it('drops a search that is no longer wanted', async () => {
    tree.filter.set('says("B")');
    tree.filter.set('says.alice("B")');
    await settled();
    expect(tree.filter.view()).toMatchObject({ expression: 'says.alice("B")', matches: 0, looked: 12 });
    expect(labels()).toEqual(['sample aa']);
  });
});
