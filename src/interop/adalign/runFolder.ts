import { type Dirent, promises as fs } from 'node:fs';
import { join } from 'node:path';
import { ADALIGN_NAMES } from '../../protocol/imports';

/** Something in a run folder that was not read, and why; the path is relative to the folder, with slashes. */
export interface Skipped {
  readonly file: string;
  readonly reason: string;
}

/** One `iteration_<nnn>` folder. */
export interface IterationFolder {
  /** From `seed_<s>`; null where iterations lie in the run folder itself. */
  readonly seed: number | null;
  /** From `iteration_<nnn>`; AdAlignLLM counts from 0. */
  readonly number: number;
  /** Relative to the run folder, with slashes; empty when the run folder is the iteration itself. */
  readonly name: string;
  readonly path: string;
}

/** What an iteration folder holds. */
export interface IterationFiles {
  /** Rollout files by the number of their negotiation. */
  readonly rollouts: readonly { readonly id: number; readonly name: string; readonly path: string }[];
  /** Token-wise logs by file name (`mgid_2_agent_id_Alice_tokenwise.csv`). */
  readonly logs: ReadonlyMap<string, { readonly name: string; readonly path: string }>;
  readonly skipped: readonly Skipped[];
}

const { seed: SEED, iteration: ITERATION, rollout: ROLLOUT } = ADALIGN_NAMES;
const LOGS = /_tokenwise\.csv$/;
const MANIFEST = /^tokenwise_manifest_.*\.json$/;

/**
 * Whether a folder is one that AdAlignLLM writes: a run (with `seed_*` in it), one of its seeds, or a single iteration.
 * Lists a few folders and opens no file.
 */
export async function isAdAlignFolder(dir: string): Promise<boolean> {
  const entries = await list(dir);
  if (entries.some(isRollout)) return true;
  const seeds = folders(entries, SEED);
  for (const seed of seeds.slice(0, 3)) {
    if (folders(await list(join(dir, seed.name)), ITERATION).length > 0) return true;
  }
  const iterations = folders(entries, ITERATION);
  for (const iteration of [...iterations.slice(0, 2), ...iterations.slice(-1)]) {
    if ((await list(join(dir, iteration.name))).some(isRollout)) return true;
  }
  return false;
}

/** All iterations of a folder, by seed and number; and what lies beside them. */
export async function findIterations(dir: string): Promise<{ iterations: IterationFolder[]; skipped: Skipped[] }> {
  const iterations: IterationFolder[] = [];
  const skipped: Skipped[] = [];
  const entries = await list(dir);
  if (entries.some(isRollout)) {
    const number = Number(ITERATION.exec(dir.replaceAll('\\', '/').split('/').at(-1) ?? '')?.[1] ?? 0);
    return { iterations: [{ seed: null, number, name: '', path: dir }], skipped };
  }
  const seeds = folders(entries, SEED);
  const search = async (seed: number | null, name: string, found: readonly Dirent[]): Promise<void> => {
    for (const entry of found) {
      const number = ITERATION.exec(entry.name)?.[1];
      const inner = name === '' ? entry.name : `${name}/${entry.name}`;
      if (number !== undefined && entry.isDirectory()) {
        iterations.push({ seed, number: Number(number), name: inner, path: join(dir, inner) });
      } else if (!(name === '' && seeds.includes(entry))) {
        skipped.push({ file: inner, reason: 'is not part of an iteration' });
      }
    }
  };
  await search(null, '', entries);
  for (const seed of seeds) await search(Number(SEED.exec(seed.name)![1]), seed.name, await list(join(dir, seed.name)));
  iterations.sort((a, b) => (a.seed ?? -1) - (b.seed ?? -1) || a.number - b.number);
  return { iterations, skipped };
}

/** What one iteration holds now; a run that is still being written adds to it. */
export async function listIteration(folder: IterationFolder): Promise<IterationFiles> {
  const rollouts: { id: number; name: string; path: string }[] = [];
  const logs = new Map<string, { name: string; path: string }>();
  const skipped: Skipped[] = [];
  const within = (name: string): string => (folder.name === '' ? name : `${folder.name}/${name}`);
  for (const entry of await list(folder.path)) {
    const id = ROLLOUT.exec(entry.name)?.[1];
    const path = join(folder.path, entry.name);
    if (id !== undefined && entry.isFile()) rollouts.push({ id: Number(id), name: within(entry.name), path });
    else if (LOGS.test(entry.name) && entry.isDirectory()) {
      for (const log of await list(path)) {
        const name = within(`${entry.name}/${log.name}`);
        if (LOGS.test(log.name) && log.isFile() && !logs.has(log.name)) logs.set(log.name, { name, path: join(path, log.name) });
        else if (!MANIFEST.test(log.name)) skipped.push({ file: name, reason: 'is no token-wise log' });
      }
    } else skipped.push({ file: within(entry.name), reason: unknown(entry) });
  }
  rollouts.sort((a, b) => a.id - b.id);
  return { rollouts, logs, skipped };
}

/** Sizes and times of an iteration's files in one text: it changes when anything in it does. */
export async function fingerprint(files: IterationFiles): Promise<string> {
  return (await filesState(files)).text;
}

/** What `fingerprint` tells, and when a file was last written, milliseconds since 1970; 0 where there is none. */
export async function filesState({ rollouts, logs }: IterationFiles): Promise<{ readonly text: string; readonly changed: number }> {
  const stats = await Promise.all([...rollouts, ...logs.values()].map(({ path }) => fs.stat(path).catch(() => null)));
  return {
    text: stats.map((stat) => (stat === null ? '-' : `${stat.size}@${stat.mtimeMs}`)).join(' '),
    changed: Math.max(0, ...stats.map((stat) => stat?.mtimeMs ?? 0)),
  };
}

function unknown(entry: Dirent): string {
  if (entry.isSymbolicLink()) return 'is a link, which is not followed';
  if (entry.name.endsWith('.pkl')) return 'is a pickle that is no rollout';
  if (entry.name.endsWith('.csv')) return 'is a table that is no token-wise log';
  return entry.isDirectory() ? 'is a folder that is not known' : 'is a file that is not known';
}

function isRollout(entry: Dirent): boolean {
  return ROLLOUT.test(entry.name) && entry.isFile();
}

function folders(entries: readonly Dirent[], pattern: RegExp): Dirent[] {
  return entries.filter((entry) => pattern.test(entry.name) && entry.isDirectory());
}

/** Entries of a folder in order of name; none where there is no such folder. */
async function list(dir: string): Promise<Dirent[]> {
  try {
    const entries = await fs.readdir(dir, { withFileTypes: true });
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}
