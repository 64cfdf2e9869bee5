import { existsSync } from 'node:fs';
import { realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import * as z from 'zod';
import { RUN_PATHS } from '../protocol/runFiles';
import { looksLikeAdAlign } from '../runs/adalignFolder';
import { findSetFile, SET_FILE } from '../runs/runSet';
import { setRowId } from '../runs/treeSets';
import type { Command } from './command';
import { openAdalign } from './importRun';
import { Refusal, type Services } from './services';

/** What a caller names the folder by; the explorer's menu passes its URI. */
const given = z.union([
  z.looseObject({ folder: z.string() }),
  z.custom<vscode.Uri>((value) => value instanceof vscode.Uri).transform(({ fsPath }) => ({ folder: fsPath })),
]);

/** Opens a run folder, a run set's own, or one of AdAlignLLM, from anywhere; it is open again in the next session. */
export const openRun: Command = {
  title: 'Open Run…',
  needsTrust: false,
  inViews: true,
  run: async (services, args) => {
    const { store, library, selection, tree } = services;
    const named = given.safeParse(args);
    const folders = named.success ? [vscode.Uri.file(named.data.folder)] : await askForFolders();
    for (const { fsPath } of folders) {
      if (findSetFile(fsPath) !== undefined) {
        await openSet(services, fsPath);
        continue;
      }
      if (!existsSync(join(fsPath, RUN_PATHS.run)) && (await looksLikeAdAlign(fsPath))) {
        const runs = await openAdalign(services, fsPath, args);
        for (const { id } of runs) tree.toggle(id, true);
        if (runs[0]) selection.goTo({ run: runs[0].id });
        continue;
      }
      const run = await store.open(fsPath);
      await library.remember(run);
      tree.toggle(run.id, true);
      selection.goTo({ run: run.id });
    }
    if (folders.length > 0) await vscode.commands.executeCommand('parley.runs.focus');
    return selection.place?.run;
  },
};

async function openSet({ library, sets, selection, tree }: Services, folder: string): Promise<void> {
  await library.openSets(folder);
  const path = await realpath(folder);
  const set = sets.all.find(({ plan }) => plan !== null && dirname(plan.path) === path);
  if (set === undefined) throw new Refusal(`${folder}: its ${SET_FILE} cannot be used; the log says why`);
  tree.toggle(setRowId(set.id), true);
  const first = set.members.find(({ run }) => run !== null)?.run;
  if (first) selection.goTo({ run: first.id });
}

async function askForFolders(): Promise<readonly vscode.Uri[]> {
  const picked = await vscode.window.showOpenDialog({
    canSelectFiles: false,
    canSelectFolders: true,
    canSelectMany: true,
    openLabel: 'Open Run',
    title: 'Open Run: a folder with a run.json, a run set’s, or one of AdAlignLLM with seed_*/iteration_*',
  });
  return picked ?? [];
}
