import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import * as z from 'zod';
import type { OpenRun } from '../runs/openRun';
import { messageOf } from '../runs/problem';
import type { Command } from './command';
import { targetRun } from './runTarget';
import { Refusal } from './services';

/** Consent that a caller has got already: to the trash, or to deleting for good where there is no trash. */
export const deletionConsent = z.looseObject({ confirmed: z.enum(['trash', 'for good']) });

/** Moves a run's folder to the trash after a question; annotations, which lie beside run folders, stay. */
export const deleteRun: Command = {
  title: 'Delete Run',
  needsTrust: true,
  inViews: true,
  run: async (services, args) => {
    const run = await targetRun(services, args, {
      title: 'Delete Run',
      none: 'it is training: stop it first',
      will: ({ status }) => status !== 'live',
    });
    if (run === undefined) return false;
    // A folder that never was a run is somebody's folder, and not Parley's to delete.
    if (run.status === 'broken' && run.folder.iterations.length === 0 && !(await holdsRun(run))) {
      throw new Refusal(`${run.folder.path} holds no run: Parley deletes run folders only. Close Run takes it out of the tree`);
    }
    const consent = deletionConsent.safeParse(args);
    if (!consent.success && !(await confirm(run))) return false;
    if (!(await remove(run.folder.path, run.name, consent.data?.confirmed === 'for good'))) return false;
    services.store.close(run);
    await services.library.forget(run);
    return true;
  },
};

async function confirm(run: OpenRun): Promise<boolean> {
  const detail = `${run.folder.path} (${sizeText(await sizeOf(run.folder.path))}) is moved to the trash.`;
  return (await vscode.window.showWarningMessage(`Delete ${run.name}?`, { modal: true, detail }, 'Move to Trash')) !== undefined;
}

/** Some hosts have no trash; there a second question is asked before anything is gone for good. False when the reader leaves. */
export async function remove(path: string, name: string, forGood: boolean): Promise<boolean> {
  const uri = vscode.Uri.file(path);
  try {
    await vscode.workspace.fs.delete(uri, { recursive: true, useTrash: true });
    return true;
  } catch (error) {
    const detail = `It cannot be moved to the trash (${messageOf(error)}). Deleting it for good cannot be undone.`;
    const question = `Delete ${name} for good?`;
    if (!forGood && (await vscode.window.showWarningMessage(question, { modal: true, detail }, 'Delete for Good')) === undefined)
      return false;
    await vscode.workspace.fs.delete(uri, { recursive: true, useTrash: false });
    return true;
  }
}

async function holdsRun(run: OpenRun): Promise<boolean> {
  const names: string[] = await readdir(run.folder.path).catch(() => []);
  return names.includes('run.json') || names.includes('journal.jsonl');
}

/** Bytes of all files in a folder. */
export async function sizeOf(folder: string): Promise<number> {
  const names: string[] = await readdir(folder, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        (file) => (file.isFile() ? file.size : 0),
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Bytes in words: `812 kB`, `4.2 GB`. */
export function sizeText(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
