import * as vscode from 'vscode';
import type { OpenSet } from '../runs/runSets';
import { deletionText, planBeside, type SetFolder, setFolders } from '../runs/setFolders';
import type { Command } from './command';
import { deletionConsent, remove, sizeOf, sizeText } from './deleteRun';
import { targetSet } from './runSet';
import { Refusal } from './services';

/**
 * Moves the folders of a set's runs, those that were closed too, and its file, to the trash after a question that names them;
 * annotations stay.
 */
export const deleteRunSet: Command = {
  title: 'Delete Run Set',
  needsTrust: true,
  inViews: true,
  run: async (services, args) => {
    const target = await targetSet(services, args, {
      title: 'Delete Run Set',
      none: 'a run of it is training or waiting: stop it first',
      will: ({ status }) => status !== 'live',
    });
    if (target === undefined) return false;
    const set = { ...target, plan: target.plan ?? (await planBeside(target)) };
    const folders = await setFolders(set);
    const training = folders.find(({ isTraining }) => isTraining);
    if (training !== undefined) throw new Refusal(`${set.name}: ${training.path} is being trained: stop it first`);
    const consent = deletionConsent.safeParse(args);
    if (!consent.success && !(await confirm(set, folders))) return false;
    const forGood = consent.data?.confirmed === 'for good';
    for (const { path } of folders) {
      const run = set.members.find((member) => member.run?.folder.path === path)?.run ?? null;
      if (!(await remove(path, run?.name ?? path, forGood))) return false;
      if (run === null) continue;
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

async function confirm({ name, plan }: OpenSet, folders: readonly SetFolder[]): Promise<boolean> {
  const sizes = await Promise.all(folders.map(async ({ path }) => sizeText(await sizeOf(path))));
  const detail = deletionText(folders, sizes, plan?.path ?? null);
  return (await vscode.window.showWarningMessage(`Delete ${name}?`, { modal: true, detail }, 'Move to Trash')) !== undefined;
}
