import { existsSync, statSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { hasFixedOpponent, opponentName } from '../protocol/opponent';
import type { RunConfig } from '../protocol/runConfig';
import { RUN_PATHS, type RunSet } from '../protocol/runFiles';
import { type PlannedRun, RUN_SET_FORMAT, type RunSetFile, runSetFile } from '../protocol/runSetFile';
import { writeDurably, writeError } from './durableFile';
import { firstIssue, isMissing, messageOf } from './problem';
import { runName, timeStamp } from './runIds';
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

/** Name of the file of a set that has a folder to itself; among other runs the set's id stands before it. */
export const SET_FILE = 'set.json';

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

/** A new set with a folder to itself, its runs in `aa-0`, `aa-1`, … */
export function planIn(folder: string, configs: readonly RunConfig[], threads: number, now: Date): PlannedSet {
  const runs = configs.map((config) => planned(`${config.algorithm}-${config.seed}`, config));
  return { path: join(folder, SET_FILE), file: plan(setId(timeStamp(now), configs), runs, threads, now) };
}

/** A new set whose runs lie among others, in folders that are free: `20261127-101500-ipd-aa-s0`, … */
export function planAmong(root: string, configs: readonly RunConfig[], threads: number, now: Date): PlannedSet {
  for (let copy = 1; ; copy++) {
    const stamp = `${timeStamp(now)}${copy === 1 ? '' : `-${copy}`}`;
    const runs = configs.map((config) => planned(`${stamp}-${config.game}-${config.algorithm}-s${config.seed}`, config));
    const id = setId(stamp, configs);
    const path = join(root, `${id}.${SET_FILE}`);
    if (![path, ...runs.map((run) => join(root, run.folder))].some((each) => existsSync(each))) {
      return { path, file: plan(id, runs, threads, now) };
    }
  }
}

function planned(folder: string, config: RunConfig): PlannedRun {
  return { folder, name: runName(config), config };
}

function setId(stamp: string, configs: readonly RunConfig[]): string {
  const games = new Set(configs.map(({ game }) => game));
  return [stamp, ...games, ...algorithmsOf(configs), new Set(configs.map(({ seed }) => seed)).size].join('-');
}

function plan(id: string, runs: readonly PlannedRun[], threads: number, now: Date): RunSetFile {
  const name = setName(runs.map(({ config }) => config));
  return { format: RUN_SET_FORMAT, id, name, created: now.toISOString(), threads, runs: [...runs] };
}

/** What a set is called where people read it: `ipd rl + aa, seeds 0–4`. */
export function setName(configs: readonly RunConfig[]): string {
  const games = [...new Set(configs.map(({ game }) => game))];
  const [opponent, another] = new Set(configs.map((config) => (hasFixedOpponent(config) ? opponentName(config.opponent) : '')));
  const versus = opponent && another === undefined ? ` vs ${opponent}` : '';
  return `${games.join(' + ')} ${algorithmsOf(configs).join(' + ')}${versus}, ${seedsText(configs.map(({ seed }) => seed))}`;
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
