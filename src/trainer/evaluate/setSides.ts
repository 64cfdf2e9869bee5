import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { RUN_PATHS } from '../../protocol/runFiles';
import type { PlannedRun } from '../../protocol/runSetFile';
import { messageOf } from '../../runs/problem';
import { RunFolder } from '../../runs/runFolder';
import { algorithmsOf, findSetFile, folderOf, type PlannedSet, readRunSet } from '../../runs/runSet';
import { PlayerError } from '../players/playerError';
import type { WrittenPlayer } from './lineup';

/** A run set as it was written among players. */
interface WrittenSet {
  readonly text: string;
  readonly set: PlannedSet;
  /** `@40` or `@latest`; empty where the runs are to be finished. */
  readonly at: string;
}

/**
 * Puts a run set's runs in its place, one side for each algorithm: `SET` becomes `rl` and `aa`, `old=SET` becomes `old-rl` and
 * `old-aa`, or `old` where there is one algorithm. Other players stay as they are.
 * @param cwd where relative paths begin.
 * @throws PlayerError for a set whose runs are not all finished, unless `@ITERATION` says which checkpoints play
 */
export async function expandSets(written: readonly WrittenPlayer[], cwd: string): Promise<WrittenPlayer[]> {
  const expanded: WrittenPlayer[] = [];
  for (const player of written) {
    const { name, members } = typeof player === 'string' ? { name: null, members: [player] } : player;
    const sets = await Promise.all(members.map((text) => findSet(text, cwd)));
    const [only] = sets;
    if (sets.every((set) => set === null)) expanded.push(player);
    else if (members.length === 1 && only) expanded.push(...(await sidesOf(only, name)));
    else
      expanded.push({ name: name ?? '', members: (await Promise.all(members.map((text, i) => membersOf(text, sets[i] ?? null)))).flat() });
  }
  return expanded;
}

async function findSet(text: string, cwd: string): Promise<WrittenSet | null> {
  const [, path = text, at = ''] = /^(.+?)(@\d+|@latest)$/.exec(text) ?? [];
  const file = findSetFile(resolve(cwd, path));
  if (file === undefined) return null;
  try {
    return { text, set: await readRunSet(file), at };
  } catch (error) {
    throw new PlayerError(messageOf(error));
  }
}

async function sidesOf(written: WrittenSet, name: string | null): Promise<WrittenPlayer[]> {
  const { runs } = written.set.file;
  await checkFinished(written);
  const algorithms = algorithmsOf(runs.map(({ config }) => config));
  return algorithms.map((algorithm) => ({
    name: name === null ? algorithm : algorithms.length === 1 ? name : `${name}-${algorithm}`,
    members: runs.filter(({ config }) => config.algorithm === algorithm).map((run) => pathOf(written, run)),
  }));
}

/** A set among other members of one side; it has to be of one algorithm, or the side would be none. */
async function membersOf(text: string, written: WrittenSet | null): Promise<string[]> {
  if (written === null) return [text];
  const { runs } = written.set.file;
  const algorithms = algorithmsOf(runs.map(({ config }) => config));
  if (algorithms.length > 1) {
    throw new PlayerError(
      `${text} has runs by ${algorithms.join(' and ')}, which are no one side: name it on its own, or its runs one by one`,
    );
  }
  await checkFinished(written);
  return runs.map((run) => pathOf(written, run));
}

function pathOf({ set, at }: WrittenSet, run: PlannedRun): string {
  return `${folderOf(set, run)}${at}`;
}

/** Runs that have come differently far would be compared as if they had not. */
async function checkFinished({ text, set, at }: WrittenSet): Promise<void> {
  if (at !== '') return;
  const unfinished: string[] = [];
  for (const run of set.file.runs) {
    const folder = folderOf(set, run);
    if (!existsSync(join(folder, RUN_PATHS.run)) || (await RunFolder.open(folder)).finished === null) unfinished.push(run.folder);
  }
  if (unfinished.length === 0) return;
  const names = unfinished.length > 4 ? `${unfinished.slice(0, 3).join(', ')}, …` : unfinished.join(', ');
  throw new PlayerError(
    `${text}: ${unfinished.length} of its ${set.file.runs.length} runs are not finished (${names}): go on with parley resume ${text}, or give ${text}@ITERATION`,
  );
}
