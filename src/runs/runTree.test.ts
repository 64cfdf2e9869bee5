import { mkdtempSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeIterations, writeSampleRun } from '../../test/runs/sampleRun';
import type { PreviewTurn } from '../protocol/trainer';
import { ActiveRun } from './activeRun';
import { Emitter } from './emitter';
import { RunStore } from './runStore';
import { RunTree } from './runTree';
import type { TrainerHandle } from './trainerHandle';

let root: string;
let store: RunStore;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'parley-tree-'));
  store = new RunStore();
});
afterEach(() => {
  store.dispose();
  rmSync(root, { recursive: true, force: true });
});

const labels = (tree: RunTree): string[] => tree.window(0, 100).rows.map(({ label }) => label);
const changed = (tree: RunTree): Promise<void> =>
  new Promise((resolve) => {
    const off = tree.onChanged(() => {
      off();
      resolve();
    });
  });

describe('RunStore', () => {
  it('opens a folder once, however often it is asked', async () => {
    writeSampleRun(join(root, 'a'), 1);
    const [first, second] = await Promise.all([store.open(join(root, 'a')), store.open(join(root, '.', 'a', ''))]);
    expect(first).toBe(second);
    expect(store.runs).toHaveLength(1);
  });

  it('tells two copies of one run apart', async () => {
    writeSampleRun(join(root, 'a'), 1);
    writeSampleRun(join(root, 'b'), 1);
    await store.open(join(root, 'a'));
    await store.open(join(root, 'b'));
    expect(store.runs.map(({ id }) => id).sort()).toEqual(['sample', 'sample~2']);
  });

  it('keeps the others working beside one that cannot be read', async () => {
    writeSampleRun(join(root, 'good'), 1);
    await store.open(join(root, 'missing'));
    await store.open(join(root, 'good'));
    expect(store.runs.map(({ id, status }) => [id, status])).toEqual([
      ['sample', 'stopped'],
      ['missing', 'broken'],
    ]);
  });

  it('reads a negotiation with its seed group, and steps from one to the next across iterations', async () => {
    writeSampleRun(join(root, 'a'), 2);
    const run = await store.open(join(root, 'a'));
    const view = await run.negotiation({ run: run.id, iteration: 1, negotiation: 3 });
    expect(view?.turns).toHaveLength(4);
    expect(view?.members).toHaveLength(1);
    expect(run.step({ run: run.id, iteration: 1, negotiation: 3 }, 'negotiation', 1)).toEqual({
      run: run.id,
      iteration: 2,
      negotiation: 0,
      group: 0,
    });
    expect(run.step({ run: run.id, iteration: 2, negotiation: 0 }, 'negotiation', -1)).toEqual({
      run: run.id,
      iteration: 1,
      negotiation: 3,
      group: 1,
    });
    expect(run.step({ run: run.id, iteration: 1, negotiation: 2 }, 'iteration', 1)).toEqual({
      run: run.id,
      iteration: 2,
      negotiation: 2,
      group: 1,
    });
    expect(run.step({ run: run.id, iteration: 2, negotiation: 3 }, 'negotiation', 1)).toBeNull();
    expect(run.step({ run: run.id }, 'negotiation', 1)).toEqual({ run: run.id, iteration: 1, negotiation: 0, group: 0 });
  });
});

describe('RunTree', () => {
  it('reads rounds from disk when a negotiation is opened', async () => {
    writeSampleRun(join(root, 'a'), 1);
    await store.open(join(root, 'a'));
    const tree = new RunTree(store, ['sample', 'sample/1', 'sample/1/g0']);
    tree.toggle('sample/1/g0/n1', true);
    expect(labels(tree)).toEqual(['sample aa', 'iteration 1', 'group 0', 'negotiation 0', 'negotiation 1', 'group 1']);
    await changed(tree);
    expect(labels(tree)).toEqual([
      'sample aa',
      'iteration 1',
      'group 0',
      'negotiation 0',
      'negotiation 1',
      'round 1',
      'round 2',
      'group 1',
    ]);
  });

  it('shows the problem of a rollout file where its rounds would be', async () => {
    writeSampleRun(join(root, 'a'), 1);
    truncateSync(join(root, 'a/rollouts/000001.parquet'), 10);
    await store.open(join(root, 'a'));
    const tree = new RunTree(store, ['sample', 'sample/1', 'sample/1/g0', 'sample/1/g0/n0']);
    tree.window(0, 10);
    await changed(tree);
    expect(tree.window(4, 5).rows[0]).toMatchObject({
      kind: 'notice',
      detail: expect.stringContaining('rollouts/000001.parquet is cut short'),
    });
  });

  it('grows with the run, its version with it', async () => {
    const config = writeSampleRun(join(root, 'a'), 1);
    const run = await store.open(join(root, 'a'));
    const tree = new RunTree(store, ['sample']);
    const { version, total } = tree.window(0, 10);
    writeIterations(join(root, 'a'), config, 2, 3);
    await store.look(run);
    expect(tree.window(0, 10)).toMatchObject({ total: total + 2 });
    expect(tree.version).toBeGreaterThan(version);
    expect(tree.window(0, 2, 'sample/3').anchor).toBe(3);
    expect(tree.window(0, 2, 'gone').anchor).toBe(-1);
  });

  it('goes on in the next hundred when a run grows out of an open one, and leaves a closed one closed', async () => {
    const config = writeSampleRun(join(root, 'a'), 0, { iterations: 200 });
    const run = await store.open(join(root, 'a'));
    const preview = new Emitter<readonly PreviewTurn[]>();
    const silent = new Emitter<never>().on;
    const handle = { onPreview: preview.on, onProgress: silent, onCommitted: silent, stopped: new Promise<never>(() => undefined) };
    store.attach(run, new ActiveRun(handle as unknown as TrainerHandle));
    const turn = { group: 0, negotiation: 0, round: 0, turn: 0, seat: 0, player: 'policy', kind: 'action', prompt: '', text: 'A' } as const;
    const play = (iteration: number) => preview.fire([{ ...turn, iteration, tokenTexts: ['A'], logProbs: [0] }]);
    writeIterations(join(root, 'a'), config, 99, 100);
    await store.look(run);
    const open = new RunTree(store, ['sample', 'sample/1-100']);
    const closed = new RunTree(store, ['sample']);
    play(101);
    expect(labels(open)).toEqual(['sample aa', 'iterations 99 – 100', 'iteration 99', 'iteration 100', 'iteration 101 …', 'iteration 101']);
    expect(labels(closed)).toEqual(['sample aa', 'iterations 99 – 100', 'iteration 101 …']);
  });

  it('opens the rows above a place', async () => {
    writeSampleRun(join(root, 'a'), 2);
    await store.open(join(root, 'a'));
    const tree = new RunTree(store);
    const place = { run: 'sample', iteration: 2, negotiation: 3 };
    expect(tree.indexOf(place)).toBe(0);
    tree.reveal(place);
    expect(tree.window(tree.indexOf(place), tree.indexOf(place) + 1).rows[0]?.id).toBe('sample/2/g1/n3');
  });
});
