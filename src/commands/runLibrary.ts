import { existsSync } from 'node:fs';
import { readdir, realpath } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { RUN_PATHS } from '../protocol/runFiles';
import type { OpenRun } from '../runs/openRun';
import type { OpenSet, RunSets } from '../runs/runSets';
import type { RunStore } from '../runs/runStore';

/** How often new runs are looked for, in milliseconds. */
const FIND_EVERY = 3000;

const OPENED = 'parley.opened';
const TRAINING = 'parley.training';
const SETS = 'parley.trainingSets';
const SET_FOLDERS = 'parley.openedSets';

/** Where run folders are by default, in a workspace folder. */
export const RUNS_FOLDER = '.parley/runs';

/** Finds the runs of the workspace and remembers those opened from elsewhere, and which were training when the window closed. */
export class RunLibrary {
  #opening: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Folders that the reader closed in this session. */
  readonly #closed = new Set<string>();

  constructor(
    private readonly context: vscode.ExtensionContext,
    private readonly store: RunStore,
    private readonly sets: RunSets,
  ) {}

  /** Opens the workspace's runs and the remembered ones, once; the first call does the work. */
  openAll(): Promise<void> {
    this.#opening ??= this.#openAll();
    return this.#opening;
  }

  /** Opens runs that appear in the workspace while a view is visible: those of a terminal, or of another window. */
  watch(on: boolean): void {
    clearInterval(this.#timer);
    this.#timer = on ? setInterval(() => void this.#findNew(), FIND_EVERY) : undefined;
    if (on) void this.#findNew();
  }

  /** The folder that new runs of a workspace folder go to; without one, the extension's own storage. */
  runsRoot(folder: vscode.WorkspaceFolder | undefined): string {
    return folder === undefined ? join(this.context.globalStorageUri.fsPath, 'runs') : join(folder.uri.fsPath, RUNS_FOLDER);
  }

  /** Opens a run again in the next session. */
  async remember(run: OpenRun): Promise<void> {
    this.#closed.delete(run.folder.path);
    const known = this.#list(OPENED);
    if (!known.includes(run.folder.path)) await this.context.workspaceState.update(OPENED, [...known, run.folder.path]);
  }

  /** Does not open it again. */
  async forget(run: OpenRun): Promise<void> {
    this.#closed.add(run.folder.path);
    await this.#remove(OPENED, run.folder.path);
    await this.#remove(TRAINING, run.folder.path);
  }

  /** Notes that a run is being trained, so that one cut off by the window's end can be offered to go on. */
  async trainingBegan(run: OpenRun): Promise<void> {
    const known = this.#list(TRAINING);
    if (!known.includes(run.folder.path)) await this.context.workspaceState.update(TRAINING, [...known, run.folder.path]);
  }

  /** Training ended while the window lived, so nothing was cut off. */
  async trainingEnded(run: OpenRun): Promise<void> {
    await this.#remove(TRAINING, run.folder.path);
  }

  /** Runs that were cut off: training when the window closed, or with a lock whose process is gone. */
  interrupted(): OpenRun[] {
    const noted = new Set(this.#list(TRAINING));
    return this.store.runs.filter((run) => run.status === 'stopped' && (noted.has(run.folder.path) || run.folder.abandoned));
  }

  /** Notes that a set is being trained; its runs that wait would be forgotten with the window. */
  async setBegan(id: string): Promise<void> {
    const known = this.#list(SETS);
    if (!known.includes(id)) await this.context.workspaceState.update(SETS, [...known, id]);
  }

  /** A set is through, or was stopped. */
  async setEnded(id: string): Promise<void> {
    await this.#remove(SETS, id);
  }

  /** Sets that were being trained when the window closed. */
  interruptedSets(): OpenSet[] {
    return this.#list(SETS).flatMap((id) => this.sets.get(id) ?? []);
  }

  /** Opens the sets whose files lie in a folder, and those of their runs that have begun, now and in the next session. */
  async openSets(folder: string): Promise<void> {
    const known = this.#list(SET_FOLDERS);
    if (!known.includes(folder)) await this.context.workspaceState.update(SET_FOLDERS, [...known, folder]);
    await this.#lookForSets();
  }

  /** Set files lie beside the folders of their runs; what has begun elsewhere than in the usual places is opened. */
  async #lookForSets(): Promise<void> {
    await this.sets.look([...this.#roots(), ...this.#list(SET_FOLDERS), ...this.store.runs.map(({ folder }) => dirname(folder.path))]);
    for (const { folder, run } of this.sets.all.flatMap(({ members }) => members)) {
      if (run === null) await this.#openNew(folder);
    }
  }

  /** A folder without its run.json is only just being made. */
  async #openNew(path: string): Promise<void> {
    if (!this.#closed.has(path) && !this.store.isOpen(path) && existsSync(join(path, RUN_PATHS.run))) await this.store.open(path);
  }

  async #openAll(): Promise<void> {
    const paths = [...(await this.#workspaceRuns()), ...this.#list(OPENED)];
    for (const path of new Set(paths)) {
      if (!existsSync(path)) await this.#remove(OPENED, path);
      else await this.store.open(path);
    }
    await this.#lookForSets();
  }

  async #findNew(): Promise<void> {
    await this.openAll();
    const found = (await Promise.all(this.#roots().map(subfolders))).flat();
    for (const path of await Promise.all(found.map((folder) => realpath(folder).catch(() => folder)))) await this.#openNew(path);
    await this.#lookForSets();
  }

  #roots(): string[] {
    const folders = vscode.workspace.workspaceFolders ?? [];
    return (folders.length === 0 ? [undefined] : folders).map((folder) => this.runsRoot(folder));
  }

  /** The default place is listed directly, so that a folder without a run.json shows as a problem; other globs go through the search. */
  async #workspaceRuns(): Promise<string[]> {
    const folders = vscode.workspace.workspaceFolders ?? [];
    const found = (await Promise.all(this.#roots().map(subfolders))).flat();
    const globs = vscode.workspace.getConfiguration('parley').get<string[]>('runFolders', []);
    for (const folder of folders) {
      for (const glob of globs.filter((pattern) => pattern !== `${RUNS_FOLDER}/*`)) {
        const files = await vscode.workspace.findFiles(new vscode.RelativePattern(folder, `${glob}/run.json`), null);
        found.push(...files.map(({ fsPath }) => dirname(fsPath)));
      }
    }
    return found;
  }

  #list(key: string): string[] {
    const value = this.context.workspaceState.get<unknown>(key);
    return Array.isArray(value) ? value.filter((path): path is string => typeof path === 'string') : [];
  }

  async #remove(key: string, path: string): Promise<void> {
    const known = this.#list(key);
    if (known.includes(path))
      await this.context.workspaceState.update(
        key,
        known.filter((other) => other !== path),
      );
  }
}

async function subfolders(root: string): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map((entry) => join(root, entry.name));
}
