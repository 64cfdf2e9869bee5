import * as vscode from 'vscode';
import * as z from 'zod';
import { renameRun as rename } from '../runs/renameRun';
import type { Command } from './command';
import { targetRun } from './runTarget';

const given = z.looseObject({ name: z.string() });

/** Gives a run another name; its folder and its id, which links and annotations go by, stay. */
export const renameRun: Command = {
  title: 'Rename Run…',
  needsTrust: true,
  inViews: true,
  run: async (services, args) => {
    const run = await targetRun(services, args, {
      title: 'Rename Run',
      none: 'it is training, or no run that can be read: only runs have names of their own',
      will: ({ status, file }) => file !== null && (status === 'stopped' || status === 'finished'),
    });
    if (run === undefined) return undefined;
    const asked = { title: 'Rename Run', value: run.name, prompt: 'Name of the run, as the tree shows it', validateInput };
    const name = given.safeParse(args).data?.name ?? (await vscode.window.showInputBox(asked));
    if (name === undefined) return undefined;
    await rename(run.folder, name);
    await services.store.look(run);
    return run.name;
  },
};

function validateInput(name: string): string | undefined {
  return name.trim() === '' ? 'A run needs a name' : undefined;
}
