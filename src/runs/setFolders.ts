import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import * as z from 'zod';
import { RUN_PATHS } from '../protocol/runFiles';
import { inspectLock } from './lock';
import { isSetFile, type PlannedSet, readRunSet } from './runSet';
import type { OpenSet } from './runSets';

/** A run folder of a set. */
export interface SetFolder {
  readonly path: string;
  /** Whether the run is in the list; closed ones lie on the disk all the same. */
  readonly isOpen: boolean;
  /** Whether somebody trains it, in whatever window. */
  readonly isTraining: boolean;
}

/** All that is asked of a run.json here: a run of a newer Parley belongs to its set as well. */
const belonging = z.looseObject({ set: z.looseObject({ id: z.string() }) });

/**
 * The folders of a set's runs as they lie on the disk: those that are open, and whatever lies beside them, or beside the set's
 * file, and says in its run.json that it is of this set. Sorted by path.
 */
export async function setFolders({ id, plan, members }: Pick<OpenSet, 'id' | 'plan' | 'members'>): Promise<SetFolder[]> {
  const open = members.flatMap(({ run }) => (run === null ? [] : [run.folder.path]));
  const roots = new Set([...(plan === null ? [] : [plan.path]), ...open].map((path) => dirname(path)));
  const beside = await Promise.all([...roots].map((root) => foldersIn(root)));
  const others = beside.flat().filter((path) => !open.includes(path));
  const own = await Promise.all(others.map(async (path) => ((await setIdOf(path)) === id ? [path] : [])));
  const paths = [...new Set([...open, ...own.flat()])].sort();
  return Promise.all(
    paths.map(async (path) => ({
      path,
      isOpen: open.includes(path),
      isTraining: (await inspectLock(path)).state === 'held',
    })),
  );
}

/** The plan of a set as it lies beside its runs, where the window has not come upon its file; null where there is none. */
export async function planBeside({ id, members }: Pick<OpenSet, 'id' | 'members'>): Promise<PlannedSet | null> {
  for (const root of new Set(members.map(({ folder }) => dirname(folder)))) {
    const names = await readdir(root).catch(() => []);
    for (const name of names.filter(isSetFile)) {
      // One that cannot be read is left where it is: nothing says whose it is.
      const plan = await readRunSet(join(root, name)).catch(() => null);
      if (plan?.file.id === id) return plan;
    }
  }
  return null;
}

/** What deleting a set moves away, each by its name: `sizes` are those of the folders, in words. */
export function deletionText(folders: readonly SetFolder[], sizes: readonly string[], plan: string | null): string {
  const lines = folders.map(({ path, isOpen }, i) => `${basename(path)} (${sizes[i]}${isOpen ? '' : ', closed'})`);
  const file = plan === null ? [] : [`${basename(plan)}, the plan of the set`];
  const roots = new Set([...folders.map(({ path }) => path), ...(plan === null ? [] : [plan])].map((path) => dirname(path)));
  const count = `${folders.length} run ${folders.length === 1 ? 'folder' : 'folders'}`;
  const what = plan === null ? count : folders.length === 0 ? 'The plan of the set' : `${count} and the plan of the set`;
  return [`${what} in ${[...roots].join(' and ')}, to the trash:`, ...lines, ...file, 'Annotations stay.'].join('\n');
}

async function foldersIn(root: string): Promise<string[]> {
  const entries = await readdir(root, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(root, entry.name));
}

async function setIdOf(folder: string): Promise<string | undefined> {
  try {
    return belonging.safeParse(JSON.parse(await readFile(join(folder, RUN_PATHS.run), 'utf8'))).data?.set.id;
  } catch {
    // No run, or a damaged one: nothing says that it is of this set.
    return undefined;
  }
}
