import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sampleConfig, writeSampleRun } from '../../test/runs/sampleRun';
import { acquireLock } from './lock';
import { RunQueue } from './runQueue';
import { folderOf, type PlannedSet, planIn, writeRunSet } from './runSet';
import { RunSets } from './runSets';
import { RunStore } from './runStore';
import { deletionText, planBeside, setFolders } from './setFolders';

let root: string;
let store: RunStore;
let sets: RunSets;
let set: PlannedSet;
beforeEach(async () => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'parley-set-folders-')));
  store = new RunStore();
  sets = new RunSets(store, new RunQueue(() => false));
  const configs = [0, 1, 2].map((seed) => sampleConfig({ algorithm: 'aa', seed, iterations: 3 }));
  set = planIn(root, configs, 1, new Date(2026, 10, 27));
  await writeRunSet(set);
  await sets.look([root]);
});
afterEach(() => {
  store.dispose();
  rmSync(root, { recursive: true, force: true });
});

/** Writes a run of the set; the last of the three never begins. */
function begin(index: number): string {
  const run = set.file.runs[index]!;
  const folder = folderOf(set, run);
  writeSampleRun(folder, 1, run.config, { id: run.folder, name: run.name, set: { id: set.file.id, name: set.file.name } });
  return folder;
}

describe('the folders of a set', () => {
  it('are those of its runs, in the list or closed, and of nobody else', async () => {
    const [first, second] = [begin(0), begin(1)];
    await store.open(first);
    store.close(await store.open(second));
    // Begun from elsewhere in the set's name, and never opened here.
    const late = join(root, 'late');
    writeSampleRun(late, 1, {}, { id: 'late', set: { id: set.file.id, name: set.file.name } });
    writeSampleRun(join(root, 'alone'), 1, {}, { id: 'alone' });
    writeSampleRun(join(root, 'other'), 1, {}, { id: 'other', set: { id: 'another', name: 'another' } });
    mkdirSync(join(root, 'aa-2'));
    writeFileSync(join(root, 'aa-2', 'notes.txt'), 'mine');

    const folders = await setFolders(sets.get(set.file.id)!);
    expect(folders).toEqual([
      { path: first, isOpen: true, isTraining: false },
      { path: second, isOpen: false, isTraining: false },
      { path: late, isOpen: false, isTraining: false },
    ]);
    expect(folders.every(({ path }) => existsSync(path))).toBe(true);
  });

  it('are found without the set’s file beside a run that is open', async () => {
    const [first, second] = [begin(0), begin(1)];
    rmSync(set.path);
    await sets.look([root]);
    await store.open(first);
    expect((await setFolders(sets.get(set.file.id)!)).map(({ path }) => path)).toEqual([first, second]);
  });

  it('lie beside the set’s file, whether or not the window has come upon it', async () => {
    writeFileSync(join(root, 'torn.set.json'), '{');
    await store.open(begin(0));
    const unplanned = new RunSets(store, new RunQueue(() => false));
    const found = unplanned.get(set.file.id)!;
    expect(found.plan).toBeNull();
    expect(await planBeside(found)).toEqual(set);
    expect(await planBeside({ ...found, id: 'another' })).toBeNull();
  });

  it('tell of one that is closed here and trained elsewhere', async () => {
    const [first, second] = [begin(0), begin(1)];
    await store.open(first);
    const lock = await acquireLock(second, { takeOver: false });
    expect((await setFolders(sets.get(set.file.id)!)).map(({ isTraining }) => isTraining)).toEqual([false, true]);
    await lock.release();
  });
});

describe('what is said before a set is deleted', () => {
  const folder = (name: string, isOpen = true) => ({ path: join('/runs', name), isOpen, isTraining: false });

  it('names every folder, its size, and the plan', () => {
    expect(deletionText([folder('aa-0'), folder('aa-1', false)], ['812 kB', '4.2 MB'], join('/runs', 'set.json'))).toBe(
      `2 run folders and the plan of the set in ${join('/runs')}, to the trash:\naa-0 (812 kB)\naa-1 (4.2 MB, closed)\nset.json, the plan of the set\nAnnotations stay.`,
    );
    expect(deletionText([folder('aa-0')], ['1 kB'], null)).toBe(
      `1 run folder in ${join('/runs')}, to the trash:\naa-0 (1 kB)\nAnnotations stay.`,
    );
    expect(deletionText([], [], join('/runs', 'x.set.json'))).toMatch(/^The plan of the set in .*:\nx\.set\.json, the plan of the set\n/);
  });
});
