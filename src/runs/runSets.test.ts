import { mkdtempSync, realpathSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { appendLine, sampleConfig, writeSampleRun } from '../../test/runs/sampleRun';
import type { RunConfig } from '../protocol/runConfig';
import { RunQueue } from './runQueue';
import { folderOf, type PlannedSet, planIn, writeRunSet } from './runSet';
import { isLeft, RunSets } from './runSets';
import { RunStore } from './runStore';
import { RunTree } from './runTree';

let root: string;
let store: RunStore;
let queue: RunQueue;
let sets: RunSets;
let warnings: string[];
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'parley-sets-')));
  store = new RunStore();
  queue = new RunQueue(() => false);
  warnings = [];
  sets = new RunSets(store, queue, (line) => warnings.push(line));
});
afterEach(() => {
  store.dispose();
  rmSync(root, { recursive: true, force: true });
});

const MEASURES = { meanReward: null, jointReward: null, efficiency: null, validMass: null, entropy: null, kl: null };
const config = (algorithm: RunConfig['algorithm'], seed: number): RunConfig => sampleConfig({ algorithm, seed, iterations: 3 });

async function plan(...configs: RunConfig[]): Promise<PlannedSet> {
  const set = planIn(root, configs, 1, new Date(2026, 10, 27));
  await writeRunSet(set);
  await sets.look([root]);
  return set;
}

/** Writes a run of a set as far as it has come, and opens it. */
async function train(set: PlannedSet, index: number, iterations: number, finished = false): Promise<void> {
  const run = set.file.runs[index]!;
  const folder = folderOf(set, run);
  writeSampleRun(folder, iterations, run.config, { id: run.folder, name: run.name, set: { id: set.file.id, name: set.file.name } });
  if (finished) appendLine(folder, { type: 'finished', iteration: iterations, time: '', measures: MEASURES });
  await store.open(folder);
}

describe('RunSets', () => {
  it('knows a set from its file, and its runs as they begin and end', async () => {
    const set = await plan(config('aa', 0), config('aa', 1));
    expect(sets.all).toMatchObject([{ id: set.file.id, name: 'ipd aa, seeds 0, 1', status: 'stopped', finished: 0 }]);
    await train(set, 0, 3, true);
    await train(set, 1, 2);
    const [open] = sets.all;
    expect(open).toMatchObject({ status: 'stopped', finished: 1 });
    expect(open?.members.map(({ run, queued }) => [run?.id, queued])).toEqual([
      ['aa-0', false],
      ['aa-1', false],
    ]);
    expect(sets.of(store.get('aa-1')!)?.id).toBe(set.file.id);
    appendLine(folderOf(set, set.file.runs[1]!), { type: 'finished', iteration: 3, time: '', measures: MEASURES });
    await store.look(store.get('aa-1')!);
    expect(sets.all).toMatchObject([{ status: 'finished', finished: 2 }]);
  });

  it('is live while a run only waits, and tells of it', async () => {
    const set = await plan(config('aa', 0), config('aa', 1));
    let told = 0;
    sets.onChanged(() => told++);
    const folder = folderOf(set, set.file.runs[1]!);
    queue.add([{ folder, set: set.file.id, threads: 1, atOnce: 1, start: () => Promise.reject(new Error('nobody starts it')) }]);
    expect(told).toBeGreaterThan(0);
    expect(sets.all).toMatchObject([{ status: 'live', members: [{ queued: false }, { queued: true }] }]);
    await queue.stop();
    expect(sets.all).toMatchObject([{ status: 'stopped' }]);
  });

  it('finds runs of a set whose file is elsewhere, and reads a file again once it has changed', async () => {
    const set = await plan(config('aa', 0));
    await train(set, 0, 1);
    rmSync(set.path);
    await sets.look([root]);
    expect(sets.all).toMatchObject([{ name: set.file.name, plan: null, members: [{ planned: null, run: { id: 'aa-0' } }] }]);
    writeFileSync(set.path, '{');
    await sets.look([root]);
    await sets.look([root]);
    expect(warnings).toEqual([expect.stringContaining('set.json is not whole JSON')]);
    const grown = planIn(root, [config('aa', 0), config('aa', 1)], 1, new Date(2026, 10, 27));
    await writeRunSet({ path: set.path, file: { ...grown.file, id: set.file.id } });
    utimesSync(set.path, 1, 1);
    await sets.look([root]);
    expect(sets.all).toMatchObject([{ id: set.file.id, members: [{}, {}] }]);
    await sets.look([]);
    expect(sets.all).toMatchObject([{ members: [{}] }]);
  });
});

describe('run sets in the tree', () => {
  const text = (tree: RunTree): string =>
    tree
      .window(0, 100)
      .rows.map(({ depth, label, detail, badge, status }) =>
        ['  '.repeat(depth) + label, detail, badge, status].filter((part) => part !== undefined && part !== '').join(' | '),
      )
      .join('\n');

  it('stand as one row with the mean over seeds, above runs and what has not begun', async () => {
    writeSampleRun(join(root, 'alone'), 1, {}, { id: 'alone', created: '2026-11-01T00:00:00.000Z' });
    await store.open(join(root, 'alone'));
    const set = await plan(config('aa', 0), config('aa', 1), config('aa', 2));
    const tree = new RunTree(store, [], sets);
    expect(text(tree)).toBe('ipd aa, seeds 0–2 | 0/3 runs | stopped\nsample aa | 1 of 3 | 2.75 | stopped');
    expect(tree.window(0, 1).rows[0]).toMatchObject({ kind: 'set', set: set.file.id, place: { run: '' } });
    await train(set, 0, 3, true);
    await train(set, 1, 2);
    tree.toggle(`set:${set.file.id}`, true);
    expect(text(tree)).toBe(
      [
        'ipd aa, seeds 0–2 | 1/3 runs | 2.75 | stopped',
        '  ipd aa, seed 0 | 3 of 3 | 2.75 | finished',
        '  ipd aa, seed 1 | 2 of 3 | 2.75 | stopped',
        '  ipd aa, seed 2 | not begun',
        'sample aa | 1 of 3 | 2.75 | stopped',
      ].join('\n'),
    );
    const [row, , , waiting] = tree.window(0, 5).rows;
    expect(row).toMatchObject({ place: { run: 'aa-0' } });
    expect(waiting).toMatchObject({ kind: 'waiting', parent: 0, position: 3, siblings: 3, expandable: false });
  });

  it('tell a run that was closed from one that has not begun', async () => {
    const set = await plan(config('aa', 0), config('aa', 1));
    await train(set, 0, 3, true);
    await train(set, 1, 2);
    const tree = new RunTree(store, [`set:${set.file.id}`], sets);
    store.close(store.get('aa-0')!);
    expect(text(tree)).toBe(
      [
        'ipd aa, seeds 0, 1 | 1/2 runs | 2.75 | stopped',
        '  ipd aa, seed 0 | closed: Open Run… shows it again',
        '  ipd aa, seed 1 | 2 of 3 | 2.75 | stopped',
      ].join('\n'),
    );
    expect(sets.all[0]!.members.map(isLeft)).toEqual([false, true]);
    rmSync(folderOf(set, set.file.runs[0]!), { recursive: true });
    expect(sets.all).toMatchObject([{ finished: 0, members: [{ closed: null }, {}] }]);
    await train(set, 0, 3, true);
    expect(sets.all).toMatchObject([{ finished: 1, members: [{ closed: null, run: { id: 'aa-0' } }, {}] }]);
  });

  it('put several algorithms into rows of their own, and open down to a place', async () => {
    const set = await plan(config('rl', 0), config('aa', 0));
    await train(set, 0, 1);
    await train(set, 1, 2);
    const tree = new RunTree(store, [], sets);
    const place = { run: 'aa-0', iteration: 1 };
    expect(tree.indexOf(place)).toBe(0);
    expect(tree.window(0, 1).rows[0]).toMatchObject({ badge: '2.75 / 2.75', badgeMeaning: expect.stringContaining('rl / aa') });
    tree.reveal(place);
    expect(text(tree)).toBe(
      [
        'ipd rl + aa, seed 0 | 0/2 runs | 2.75 / 2.75 | stopped',
        '  rl | 0/1 runs | 2.75',
        '  aa | 0/1 runs | 2.75',
        '    ipd aa, seed 0 | 2 of 3 | 2.75 | stopped',
        '      iteration 1 | 2.75',
        '      iteration 2 | 2.75',
      ].join('\n'),
    );
    expect(tree.indexOf(place)).toBe(4);
    expect(tree.window(2, 3).rows[0]).toMatchObject({ kind: 'arm', spark: [2.75, 2.75] });
    tree.toggle(`set:${set.file.id}/aa`, false);
    expect(tree.indexOf(place)).toBe(2);
  });

  it('say the interval over seeds, and only where seeds differ', async () => {
    const set = await plan(config('aa', 0), config('aa', 1));
    await train(set, 0, 1);
    await train(set, 1, 1);
    const line = store.get('aa-1')!.folder.iterations.at(-1)!;
    appendLine(folderOf(set, set.file.runs[1]!), { ...line, iteration: 2, measures: { ...line.measures!, meanReward: [1.5, 2] } });
    await store.look(store.get('aa-1')!);
    const [row] = new RunTree(store, [], sets).window(0, 1).rows;
    expect(row?.badge).toBe('2.25 ± 0.5');
    expect(row?.badgeMeaning).toBe('mean points a round and player in each run’s newest iteration, 95 % interval over seeds 1.75 to 2.75');
  });
});
