import { availableParallelism, hostname } from 'node:os';
import * as vscode from 'vscode';
import { hasRoom, type Load } from '../runs/room';
import { RunQueue } from '../runs/runQueue';
import type { RunStore } from '../runs/runStore';
import type { Trainers } from '../runs/trainers';

/** The reader's own limit of runs at once; 0 leaves it to the cores. */
export function mostAtOnce(): number {
  const most = vscode.workspace.getConfiguration('parley').get<unknown>('runsAtOnce');
  return typeof most === 'number' && Number.isSafeInteger(most) && most > 0 ? most : 0;
}

/** The queue of a window: a run starts when the cores have room beside all that trains on this machine, as far as it is open here. */
export function windowQueue(store: RunStore, trainers: Trainers): RunQueue {
  return new RunQueue((next, underway) =>
    hasRoom({ next, busy: [...elsewhere(store), ...trainers.underway, ...underway], cores: availableParallelism(), most: mostAtOnce() }),
  );
}

/** Runs that other processes of this machine train. */
function elsewhere(store: RunStore): Load[] {
  return store.runs.flatMap(({ active, file, folder }) =>
    active === null && folder.trainedBy !== null && folder.trainedBy !== 'starting' && folder.trainedBy.host === hostname()
      ? [{ folder: folder.path, threads: file?.threads ?? 1 }]
      : [],
  );
}
