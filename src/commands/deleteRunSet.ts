import * as vscode from 'vscode';
import type { OpenSet } from '../runs/runSets';
import type { Command } from './command';
import { deletionConsent, remove, sizeOf, sizeText } from './deleteRun';
import { targetSet } from './runSet';

/** Moves the folders of a set's runs, and its file, to the trash after a question; annotations stay. */
export const deleteRunSet: Command = {
  title: 'Delete Run Set',
  needsTrust: true,
  inViews: true,
  run: async (services, args) => {
    const set = await targetSet(services, args, {
      title: 'Delete Run Set',
      none: 'a run of it is training or waiting: stop it first',
      will: ({ status }) => status !== 'live',
    });
    if (set === undefined) return false;
    const consent = deletionConsent.safeParse(args);
    if (!consent.success && !(await confirm(set))) return false;
    const forGood = consent.data?.confirmed === 'for good';
    for (const { run } of set.members) {
      if (run === null) continue;
      if (!(await remove(run.folder.path, run.name, forGood))) return false;
      services.store.close(run);
      await services.library.forget(run);
    }
    // The file goes last: until then what is left of the set can be gone on with.
    if (set.plan !== null && !(await remove(set.plan.path, set.name, forGood))) return false;
    await services.library.setEnded(set.id);
    services.sets.remove(set.id);
    return true;
  },
};

async function confirm({ name, members, plan }: OpenSet): Promise<boolean> {
  const folders = members.flatMap(({ run }) => (run === null ? [] : [run.folder.path]));
  const size = (await Promise.all(folders.map(sizeOf))).reduce((sum, each) => sum + each, 0);
  const what = folders.length === 0 ? (plan?.path ?? name) : `${folders.length} run folders (${sizeText(size)}) and the plan of the set`;
  const detail = `${what} ${folders.length === 0 ? 'is' : 'are'} moved to the trash.`;
  return (await vscode.window.showWarningMessage(`Delete ${name}?`, { modal: true, detail }, 'Move to Trash')) !== undefined;
}
