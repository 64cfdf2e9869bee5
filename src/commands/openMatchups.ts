import * as vscode from 'vscode';
import * as z from 'zod';
import { readMatchups } from '../runs/playedFiles';
import { showError } from '../views/notices';
import { plainWords } from '../views/plainWords';
import type { Command } from './command';
import { folderOfMatchups, keptMatchups, matchupsId, openPlayed } from './matchupsLibrary';
import { Refusal, type Services } from './services';

/** What says which match-ups are meant: a folder, their id, or what the tree knows them by. */
const given = z.looseObject({ folder: z.string().optional(), id: z.string().optional(), run: z.string().optional() });

interface Item extends vscode.QuickPickItem {
  readonly folder: string | null;
}

/** Shows match-ups that were kept: their matrix in the inspector, their negotiations in the tree. */
export const openMatchups: Command = {
  title: 'Open Match-ups…',
  needsTrust: false,
  inViews: true,
  run: async (services, args) => {
    const folder = (await named(services, args)) ?? (await pick(services));
    if (folder === undefined) return undefined;
    const file = await readMatchups(folder);
    if (file === null) throw new Refusal(`${folder} holds no match-ups: it has no matchups.json`);
    const run = await openPlayed(services, folder);
    services.tree.toggle(run.id, true);
    services.inspector.showMatchups(matchupsId(folder), file);
    return run.id;
  },
};

/** Opens the negotiations behind the cells that a reader chooses, and brings matrices back after a reload. */
export function followMatchups(services: Services): vscode.Disposable {
  const { context, store, inspector, log } = services;
  inspector.restoreMatchups = async (id) => {
    const folder = await folderOfMatchups(context, store, id);
    return folder === undefined ? null : readMatchups(folder);
  };
  const stop = inspector.onOpenMatchup(({ id, row, col }) => {
    openCell(services, id, row, col).catch((error: unknown) => {
      log.error(error instanceof Error ? error : String(error));
      void showError(error instanceof Error ? error.message : String(error));
    });
  });
  return { dispose: stop };
}

/** Goes to the first negotiation of a cell, the row's player in the first seat. @throws Refusal */
async function openCell(services: Services, id: string, row: number, col: number): Promise<void> {
  const { context, store, selection, tree, inspector } = services;
  const folder = await folderOfMatchups(context, store, id);
  const file = folder === undefined ? null : await readMatchups(folder);
  if (folder === undefined || file === null) throw new Refusal(`The match-ups ${id} are gone: their folder cannot be found`);
  const [low, high] = [Math.min(row, col), Math.max(row, col)];
  const pair = file.rollouts.findIndex(({ cell }) => cell[0] === low && cell[1] === high);
  if (pair < 0) throw new Refusal(`${file.players[row] ?? ''} and ${file.players[col] ?? ''} have not met yet`);
  const run = await openPlayed(services, folder);
  const place = run.complete({ run: run.id, iteration: pair + 1, negotiation: row <= col ? 0 : 1 });
  selection.goTo(place);
  tree.reveal(place);
  inspector.open();
}

async function named({ context, store }: Services, args: unknown): Promise<string | undefined> {
  const said = given.safeParse(args).data;
  if (said?.folder !== undefined) return said.folder;
  if (said?.id !== undefined) {
    const folder = await folderOfMatchups(context, store, said.id);
    if (folder === undefined) throw new Refusal(`There are no match-ups ${said.id} here`);
    return folder;
  }
  const run = said?.run === undefined ? undefined : store.get(said.run);
  return run?.folder.played?.kind === 'matchups' ? run.folder.path : undefined;
}

async function pick({ context, store }: Services): Promise<string | undefined> {
  const kept = await keptMatchups(context, store);
  const items = kept.map(
    ({ folder, file, problem }): Item => ({
      label: file === null ? `$(warning) ${plainWords(matchupsId(folder))}` : plainWords(`${file.game}: ${file.players.join(', ')}`),
      description: file === null ? '' : new Date(file.created).toLocaleString(),
      detail: plainWords(problem ?? folder),
      folder,
    }),
  );
  const browse: Item = { label: '$(folder-opened) Browse…', description: 'a folder with a matchups.json', folder: null };
  const options = { title: 'Open Match-ups', placeHolder: 'Which match-ups?', matchOnDescription: true, matchOnDetail: true };
  const picked = items.length === 0 ? browse : await vscode.window.showQuickPick([...items, browse], options);
  if (picked === undefined || picked.folder !== null) return picked?.folder ?? undefined;
  const [uri] = (await vscode.window.showOpenDialog({ canSelectFiles: false, canSelectFolders: true, openLabel: 'Open Match-ups' })) ?? [];
  return uri?.fsPath;
}
