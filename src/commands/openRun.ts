import * as vscode from 'vscode';
import * as z from 'zod';
import type { Command } from './command';

/** What a caller names the folder by; the explorer's menu passes its URI. */
const given = z.union([
  z.looseObject({ folder: z.string() }),
  z.custom<vscode.Uri>((value) => value instanceof vscode.Uri).transform(({ fsPath }) => ({ folder: fsPath })),
]);

/** Opens a run folder from anywhere; it is open again in the next session. */
export const openRun: Command = {
  title: 'Open Run…',
  needsTrust: false,
  inViews: true,
  run: async ({ store, library, selection, tree }, args) => {
    const named = given.safeParse(args);
    const folders = named.success ? [vscode.Uri.file(named.data.folder)] : await askForFolders();
    for (const { fsPath } of folders) {
      const run = await store.open(fsPath);
      await library.remember(run);
      tree.toggle(run.id, true);
      selection.goTo({ run: run.id });
    }
    if (folders.length > 0) await vscode.commands.executeCommand('parley.runs.focus');
    return selection.place?.run;
  },
};

async function askForFolders(): Promise<readonly vscode.Uri[]> {
  const picked = await vscode.window.showOpenDialog({
    canSelectFiles: false,
    canSelectFolders: true,
    canSelectMany: true,
    openLabel: 'Open Run',
    title: 'Open Run: a folder with a run.json',
  });
  return picked ?? [];
}
