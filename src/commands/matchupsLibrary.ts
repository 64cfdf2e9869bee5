import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import * as vscode from 'vscode';
import type { GameId } from '../domain/games/game';
import type { MatchupsFile } from '../protocol/matchups';
import type { OpenRun } from '../runs/openRun';
import { readMatchups } from '../runs/playedFiles';
import { messageOf } from '../runs/problem';
import { timeStamp } from '../runs/runIds';
import type { RunStore } from '../runs/runStore';
import type { WrittenPlayer } from './playerChoices';

/** Match-ups that were kept. */
export interface KeptMatchups {
  readonly folder: string;
  /** Null where it cannot be read. */
  readonly file: MatchupsFile | null;
  readonly problem: string | null;
}

/** Where match-ups, and play, are kept in a workspace folder. */
export const PLAYED_FOLDERS = { matchups: '.parley/matchups', play: '.parley/play' } as const;

/** The folder that new ones of a workspace folder go to; without one, the extension's own storage. */
export function playedRoot(
  { globalStorageUri }: Pick<vscode.ExtensionContext, 'globalStorageUri'>,
  kind: keyof typeof PLAYED_FOLDERS,
  folder: vscode.WorkspaceFolder | undefined,
): string {
  return folder === undefined ? join(globalStorageUri.fsPath, kind) : join(folder.uri.fsPath, PLAYED_FOLDERS[kind]);
}

/** A folder for a new one that is free under a root: `20261124-100203-ipd-play`. Its name, an id beside those of runs, is no other kind's. */
export function freePlayedFolder(root: string, game: GameId, kind: keyof typeof PLAYED_FOLDERS): string {
  const stamp = timeStamp(new Date());
  for (let copy = 1; ; copy++) {
    const folder = join(root, `${stamp}-${game}-${kind}${copy === 1 ? '' : `-${copy}`}`);
    if (!existsSync(folder)) return folder;
  }
}

/** Folders below the roots of all workspace folders, or of the extension's own storage where none is open. */
export async function playedFolders(
  context: Pick<vscode.ExtensionContext, 'globalStorageUri'>,
  kind: keyof typeof PLAYED_FOLDERS,
): Promise<string[]> {
  const open = vscode.workspace.workspaceFolders ?? [];
  const roots = [...open, ...(open.length === 0 ? [undefined] : [])].map((folder) => playedRoot(context, kind, folder));
  const found = await Promise.all(
    roots.map(async (root) => {
      const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
      return entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map((entry) => join(root, entry.name));
    }),
  );
  return found.flat();
}

/** The match-ups of the workspace and those that are open from elsewhere, the newest first. */
export async function keptMatchups(context: Pick<vscode.ExtensionContext, 'globalStorageUri'>, store: RunStore): Promise<KeptMatchups[]> {
  const open = store.runs.filter(({ folder }) => folder.played?.kind === 'matchups').map(({ folder }) => folder.path);
  const folders = new Map([...(await playedFolders(context, 'matchups')), ...open].map((folder) => [basename(folder), folder]));
  const kept = await Promise.all(
    [...folders.values()].map(async (folder): Promise<KeptMatchups | null> => {
      try {
        const file = await readMatchups(folder);
        return file && { folder, file, problem: null };
      } catch (error) {
        return { folder, file: null, problem: messageOf(error) };
      }
    }),
  );
  return kept.filter((each) => each !== null).sort((a, b) => (b.file?.created ?? '').localeCompare(a.file?.created ?? ''));
}

/** Match-ups as they are asked for. */
interface AskedMatchups extends Pick<MatchupsFile, 'game' | 'negotiations' | 'seed' | 'rules'> {
  readonly players: readonly WrittenPlayer[];
}

/** Folders under a root in which these very match-ups were begun, and not all have met. */
export async function unfinishedMatchups(root: string, { game, players, negotiations, seed, rules }: AskedMatchups): Promise<string[]> {
  const names = await readdir(root).catch(() => []);
  const found = await Promise.all(
    names.map(async (name) => {
      const folder = join(root, name);
      // What cannot be read is not gone on with; Open Match-ups… says what is wrong with it.
      const file = await readMatchups(folder).catch(() => null);
      if (file === null || !file.meanReward.flat().includes(null)) return [];
      const begun = { game: file.game, negotiations: file.negotiations, seed: file.seed, asked: file.asked };
      return isDeepStrictEqual(begun, { game, negotiations, seed, asked: { players, rules } }) ? [folder] : [];
    }),
  );
  return found.flat();
}

/** The id that the inspector knows match-ups by. */
export function matchupsId(folder: string): string {
  return basename(folder);
}

/** The folder of an id. */
export async function folderOfMatchups(
  context: Pick<vscode.ExtensionContext, 'globalStorageUri'>,
  store: RunStore,
  id: string,
): Promise<string | undefined> {
  return (await keptMatchups(context, store)).find(({ folder }) => matchupsId(folder) === id)?.folder;
}

/** Opens a folder of what was played like a run, up to date, and again in the next session. */
export async function openPlayed(
  { store, library }: { readonly store: RunStore; readonly library: { remember(run: OpenRun): Promise<void> } },
  folder: string,
): Promise<OpenRun> {
  const run = await store.open(folder);
  await store.look(run);
  await library.remember(run);
  return run;
}
