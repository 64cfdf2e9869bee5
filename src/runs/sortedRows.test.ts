import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeIterations, writeSampleRun } from '../../test/runs/sampleRun';
import type { RunConfig } from '../protocol/runConfig';
import { RunStore } from './runStore';
import { RunTree } from './runTree';
import { sortedOrder } from './sortedRows';

describe('sortedOrder', () => {
  const number = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double(), fc.constant(Number.NaN));
  it('is a permutation, ordered, stable, and keeps what has no number last', () => {
    fc.assert(
      fc.property(fc.array(number), fc.boolean(), (numbers, descending) => {
        const order = [...sortedOrder(Float64Array.from(numbers), descending)];
        expect([...order].sort((a, b) => a - b)).toEqual(numbers.map((_, i) => i));
        for (let i = 1; i < order.length; i++) {
          const [before, after] = [order[i - 1]!, order[i]!];
          const [x, y] = [numbers[before]!, numbers[after]!];
          if (Number.isNaN(x)) expect(y).toBeNaN();
          if (x === y || (Number.isNaN(x) && Number.isNaN(y))) expect(before).toBeLessThan(after);
          else if (!Number.isNaN(y)) expect(descending ? x > y : x < y).toBe(true);
        }
      }),
    );
  });
});

describe('RunTree, sorted', () => {
  let root: string;
  let store: RunStore;
  let tree: RunTree;
  let config: RunConfig;
  beforeEach(async () => {
    root = mkdtempSync(join(tmpdir(), 'parley-sort-'));
    store = new RunStore();
    config = writeSampleRun(join(root, 'a'), 2);
    await store.open(join(root, 'a'));
    tree = new RunTree(store);
  });
  afterEach(() => {
    store.dispose();
    rmSync(root, { recursive: true, force: true });
  });
  const rows = (): string[] => tree.window(0, 100).rows.map(({ label, detail, badge }) => `${label} · ${detail} = ${badge}`);

  it('lists the negotiations of the whole run by a measure, with their place, and turns round', () => {
    // Bob defects in odd negotiations: 0 / 5 points there, 3 / 3 elsewhere.
    tree.sort({ by: 'reward.bob', descending: true });
    expect(rows()).toEqual([
      'iteration 1 · group 0 · #1 = 5',
      'iteration 1 · group 1 · #3 · Bob: snapshot:10 = 5',
      'iteration 2 · group 0 · #1 = 5',
      'iteration 2 · group 1 · #3 · Bob: snapshot:10 = 5',
      'iteration 1 · group 0 · #0 = 3',
      'iteration 1 · group 1 · #2 · 1 did not parse = 3',
      'iteration 2 · group 0 · #0 = 3',
      'iteration 2 · group 1 · #2 · 1 did not parse = 3',
    ]);
    tree.sort({ by: 'reward.bob', descending: false });
    expect(
      rows()
        .map((row) => row.at(-1))
        .join(''),
    ).toBe('33335555');
    expect(tree.window(2, 4).rows.map(({ position, siblings, depth, expandable }) => [position, siblings, depth, expandable])).toEqual([
      [3, 8, 0, false],
      [4, 8, 0, false],
    ]);
    tree.sort({ by: null, descending: false });
    expect(tree.window(0, 1).rows[0]?.kind).toBe('run');
  });

  it('sorts what the filter lets through, and steps through it in that order', () => {
    tree.filter.set('invalid or iteration == 2');
    tree.sort({ by: 'iteration', descending: true });
    expect(tree.total).toBe(5);
    const place = (iteration: number, negotiation: number) => ({ run: 'sample', iteration, negotiation });
    expect(tree.step(place(2, 3), 'negotiation', 1)).toMatchObject({ iteration: 1, negotiation: 2 });
    expect(tree.step(place(1, 2), 'negotiation', -1)).toMatchObject({ iteration: 2, negotiation: 3, group: 1 });
    expect(tree.step(place(1, 2), 'negotiation', 1)).toBeNull();
    // Unsorted, those that do not pass are skipped all the same.
    tree.sort({ by: null, descending: true });
    expect(tree.step(place(1, 2), 'negotiation', 1)).toMatchObject({ iteration: 2, negotiation: 0 });
    expect(tree.step(place(1, 2), 'negotiation', -1)).toBeNull();
    expect(tree.step(place(1, 2), 'iteration', 1)).toMatchObject({ iteration: 2, negotiation: 2 });
  });

  it('finds places and rows in the list, and grows with the run', async () => {
    tree.sort({ by: 'credit.size', descending: true });
    const at = tree.indexOf({ run: 'sample', iteration: 2, negotiation: 1 });
    expect(tree.window(at, at + 1).rows[0]).toMatchObject({ id: 'sample/2/g0/n1', place: { iteration: 2, negotiation: 1 } });
    expect(tree.window(0, 1, 'sample/2/g0/n1').anchor).toBe(at);
    expect(tree.indexOf({ run: 'sample', iteration: 2 })).toBe(-1);
    writeIterations(join(root, 'a'), config, 3, 3);
    await store.look(store.get('sample')!);
    expect(tree.total).toBe(12);
  });

  it('marks whose row it is where there are several runs, and refuses a measure that there is not', async () => {
    writeSampleRun(join(root, 'b'), 1, { algorithm: 'rl' }, { id: 'other', name: 'sample rl' });
    await store.open(join(root, 'b'));
    tree.sort({ by: 'iteration', descending: true });
    // Equal iterations stay in the order of the runs.
    expect(tree.window(0, 20).rows.map(({ algorithm }) => algorithm)).toEqual([
      ...Array(4).fill('aa'),
      ...Array(4).fill('rl'),
      ...Array(4).fill('aa'),
    ]);
    expect(() => tree.sort({ by: 'player.bob', descending: true })).toThrow('There is no “player.bob” to sort by');
  });
});
