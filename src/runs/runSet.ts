import { existsSync, statSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { RunConfig } from '../protocol/runConfig';
import { RUN_PATHS, type RunSet } from '../protocol/runFiles';
import { type PlannedRun, RUN_SET_FORMAT, type RunSetFile, runSetFile } from '../protocol/runSetFile';
import { writeDurably, writeError } from './durableFile';
import { firstIssue, isMissing, messageOf } from './problem';
import { seedsText } from './seeds';

/** A run set: its file, and what that says. The folders of its runs lie beside the file. */
export interface PlannedSet {
  readonly path: string;
  readonly file: RunSetFile;
}

/** A set file that cannot be used, or a plan that does not fit one; the message is one line with the remedy. */
export class RunSetError extends Error {
  override readonly name = 'RunSetError';
}

/** Name of the file of a set that has a folder of its own; in a folder that it shares, the set's id stands before it. */
export const SET_FILE = 'set.json';

/** The file of a set in a folder that it shares with others. */
export function sharedSetFile(root: string, id: string): string {
  return join(root, `${id}.${SET_FILE}`);
}

/** Whether a file's name is that of a run set. */
export function isSetFile(name: string): boolean {
  return name === SET_FILE || name.endsWith(`.${SET_FILE}`);
}

/** The set file that a path means: the file itself, or that of the set's own folder; undefined where it means no set. */
export function findSetFile(path: string): string | undefined {
  const full = resolve(path);
  const stat = statSync(full, { throwIfNoEntry: false });
  if (stat?.isFile()) return isSetFile(basename(full)) ? full : undefined;
  const inside = join(full, SET_FILE);
  return stat?.isDirectory() && existsSync(inside) && !existsSync(join(full, RUN_PATHS.run)) ? inside : undefined;
}

/** Where a planned run is kept. */
export function folderOf({ path }: Pick<PlannedSet, 'path'>, run: Pick<PlannedRun, 'folder'>): string {
  return join(dirname(path), run.folder);
}

/** What run.json says of the set. */
export function setOf({ id, name }: RunSet): RunSet {
  return { id, name };
}

/** The planned run that differs in the algorithm alone, where there is just one such. */
export function partnerOf(file: RunSetFile, run: PlannedRun): PlannedRun | undefined {
  const [partner, another] = file.runs.filter(
    ({ config }) => config.seed === run.config.seed && config.algorithm !== run.config.algorithm && config.game === run.config.game,
  );
  return another === undefined ? partner : undefined;
}

/** A new set. @param stamp time as folder names have it, `20261127-101500`. */
export function planSet(stamp: string, runs: readonly PlannedRun[], threads: number, now: Date): RunSetFile {
  const configs = runs.map(({ config }) => config);
  const games = new Set(configs.map(({ game }) => game));
  const id = [stamp, ...games, ...algorithmsOf(configs), new Set(configs.map(({ seed }) => seed)).size].join('-');
  return { format: RUN_SET_FORMAT, id, name: setName(configs), created: now.toISOString(), threads, runs: [...runs] };
}

/** What a set is called where people read it: `ipd rl + aa, seeds 0–4`. */
export function setName(configs: readonly RunConfig[]): string {
  const games = [...new Set(configs.map(({ game }) => game))];
  return `${games.join(' + ')} ${algorithmsOf(configs).join(' + ')}, ${seedsText(configs.map(({ seed }) => seed))}`;
}

/** Algorithms in the order in which they first come. */
export function algorithmsOf(configs: readonly Pick<RunConfig, 'algorithm'>[]): RunConfig['algorithm'][] {
  return [...new Set(configs.map(({ algorithm }) => algorithm))];
}

/**
 * The set with these runs as well; those that it plans already have to be the same.
 * @throws RunSetError naming the first that is not
 */
export function extendSet({ path, file }: PlannedSet, runs: readonly PlannedRun[]): RunSetFile {
  for (const { folder, config } of runs) {
    const known = file.runs.find((run) => run.folder === folder);
    if (known === undefined || isDeepStrictEqual(known.config, config)) continue;
    const key = Object.keys(config).find(
      (name) => !isDeepStrictEqual(known.config[name as keyof RunConfig], config[name as keyof RunConfig]),
    );
    throw new RunSetError(
      `${path} plans ${folder} with another ${key ?? 'configuration'}: go on with parley resume, or choose another folder for other settings`,
    );
  }
  const added = runs.filter(({ folder }) => !file.runs.some((run) => run.folder === folder));
  if (added.length === 0) return file;
  const all = [...file.runs, ...added];
  return { ...file, name: setName(all.map(({ config }) => config)), runs: all };
}

/** Writes a set's file, and its folder where there is none. @throws WriteError */
export async function writeRunSet({ path, file }: PlannedSet): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
  } catch (error) {
    throw writeError(path, error);
  }
  await writeDurably(path, `${JSON.stringify(file, null, 2)}\n`);
}

/** Reads a set's file. @throws RunSetError */
export async function readRunSet(path: string): Promise<PlannedSet> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (isMissing(error)) throw new RunSetError(`${path} is missing: restore it from a copy, or resume its runs one by one`);
    throw new RunSetError(`${path} is not whole JSON (${messageOf(error)}): restore it from a copy, or resume its runs one by one`);
  }
  const format = typeof json === 'object' && json !== null && 'format' in json ? json.format : undefined;
  if (typeof format === 'number' && format > RUN_SET_FORMAT) {
    throw new RunSetError(`${path} is of format ${format}, and this Parley reads up to ${RUN_SET_FORMAT}: update Parley to use it`);
  }
  const parsed = runSetFile.safeParse(json);
  if (!parsed.success) throw new RunSetError(`${path}: ${firstIssue(parsed.error)}. Restore it from a copy`);
  return { path, file: parsed.data };
}
