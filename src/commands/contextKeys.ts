import * as vscode from 'vscode';
import { isLeft, type RunSets } from '../runs/runSets';
import type { RunStore } from '../runs/runStore';
import type { Selection } from '../runs/selection';
import { coalesced } from '../views/coalesced';

/** Keeps the context keys that commands are enabled by, so that nothing can be invoked that can't work. */
export function contextKeys(store: RunStore, sets: RunSets, selection: Selection): vscode.Disposable {
  const known = new Map<string, boolean>();
  const update = coalesced(100, () => {
    const { runs } = store;
    const all = sets.all;
    const keys = {
      'parley.hasRuns': runs.length > 0,
      'parley.hasLiveRun': runs.some(({ status }) => status === 'live'),
      'parley.hasStoppedRun': runs.some(({ status }) => status === 'stopped'),
      'parley.hasClosableRun': runs.some(({ active }) => active === null),
      'parley.hasNamedRun': runs.some(({ status, file }) => file !== null && (status === 'stopped' || status === 'finished')),
      'parley.hasIdleRun': runs.some(({ status }) => status !== 'live'),
      'parley.hasIdleSet': all.some(({ status }) => status !== 'live'),
      'parley.hasLiveSet': all.some(({ status }) => status === 'live'),
      'parley.hasUnfinishedSet': all.some(({ members }) => members.some(isLeft)),
      'parley.hasNegotiations': runs.some((run) => run.newest(0) !== null || (run.active?.preview?.count ?? 0) > 0),
      'parley.hasExportable': runs.some((run) => run.newest(0) !== null),
      'parley.hasCheckpoints': runs.some(({ file, folder }) => file !== null && folder.iterations.some(({ checkpoint }) => checkpoint)),
      'parley.hasForkable': runs.some(({ whyNotForkable }) => whyNotForkable === null),
      'parley.hasBranches': runs.some(({ branches }) => branches.branches.length > 0),
      'parley.training': runs.some(({ active }) => active !== null),
      'parley.hasSelection': selection.place !== null,
      'parley.following': selection.following,
    };
    for (const [key, value] of Object.entries(keys)) {
      if (known.get(key) === value) continue;
      known.set(key, value);
      void vscode.commands.executeCommand('setContext', key, value);
    }
  });
  const stops = [
    store.onChanged(() => update.request()),
    sets.onChanged(() => update.request()),
    selection.onChanged(() => update.request()),
  ];
  update.request();
  return vscode.Disposable.from(update, ...stops.map((dispose) => ({ dispose })));
}
