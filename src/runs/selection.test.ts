import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeLock } from '../../test/runs/sampleLock';
import { writeIterations, writeSampleRun } from '../../test/runs/sampleRun';
import { RunStore } from './runStore';
import { Selection } from './selection';

let root: string;
let store: RunStore;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'parley-selection-'));
  store = new RunStore();
});
afterEach(() => {
  store.dispose();
  rmSync(root, { recursive: true, force: true });
});

describe('Selection', () => {
  it('fills in the seed group of a chosen negotiation, so that its row can be found', async () => {
    writeSampleRun(root, 2);
    await store.open(root);
    const selection = new Selection(store);
    selection.choose({ run: 'sample', iteration: 2, negotiation: 3 });
    expect(selection.place).toEqual({ run: 'sample', iteration: 2, negotiation: 3, group: 1 });
  });

  it('follows a live run to each committed iteration, the same negotiation, until the reader chooses', async () => {
    const config = writeSampleRun(root, 1, { iterations: 9 });
    writeLock(root);
    const run = await store.open(root);
    const selection = new Selection(store);
    selection.choose({ run: 'sample', iteration: 1, negotiation: 2 });
    selection.follow(true);
    writeIterations(root, config, 2, 3);
    await store.look(run);
    expect(selection.place).toEqual({ run: 'sample', iteration: 3, negotiation: 2, group: 1 });
    selection.choose({ run: 'sample', iteration: 2, negotiation: 0 });
    writeIterations(root, config, 4, 4);
    await store.look(run);
    expect(selection.following).toBe(false);
    expect(selection.place).toMatchObject({ iteration: 2, negotiation: 0 });
  });

  it('lets go of a run that is closed', async () => {
    writeSampleRun(root, 1);
    const run = await store.open(root);
    const selection = new Selection(store);
    selection.choose({ run: 'sample' });
    store.close(run);
    expect(selection.place).toBeNull();
  });
});
