import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ADALIGN_NAMES, type ImportedFrom } from '../protocol/imports';

const { seed: SEED, iteration: ITERATION, rollout: ROLLOUT } = ADALIGN_NAMES;

/**
 * Whether a folder looks like one that AdAlignLLM writes, by its names alone: a run, one of its seeds, or an iteration. Its files
 * are only read by the process that imports them.
 */
export async function looksLikeAdAlign(folder: string): Promise<boolean> {
  const names = await list(folder);
  if (names.some((name) => ROLLOUT.test(name))) return true;
  const seeds = names.filter((name) => SEED.test(name)).map((name) => join(folder, name));
  for (const parent of [folder, ...seeds.slice(0, 3)]) {
    const iterations = (parent === folder ? names : await list(parent)).filter((name) => ITERATION.test(name)).sort();
    for (const name of [...iterations.slice(0, 2), ...iterations.slice(-1)]) {
      if ((await list(join(parent, name))).some((file) => ROLLOUT.test(file))) return true;
    }
  }
  return false;
}

/** A text that changes when an imported run's source gains an iteration, or something in its newest changes; null where it is gone. */
export async function adalignPulse({ folder, seed }: ImportedFrom): Promise<string | null> {
  const parent = seed === null ? folder : join(folder, `seed_${seed}`);
  const names = await list(parent);
  if (names.length === 0) return null;
  const iterations = names.filter((name) => ITERATION.test(name));
  const number = (name: string): number => Number(ITERATION.exec(name)?.[1]);
  const newest = iterations.sort((a, b) => number(a) - number(b)).at(-1);
  const within = newest === undefined ? parent : join(parent, newest);
  return `${iterations.length} ${newest} ${await filesIn(within, 1)}`;
}

/** Names, sizes and times of the files in a folder, and in those in it. */
async function filesIn(folder: string, depth: number): Promise<string> {
  const parts: string[] = [];
  for (const name of (await list(folder)).sort()) {
    const path = join(folder, name);
    const state = await stat(path).catch(() => null);
    parts.push(`${name} ${state?.size} ${state?.mtimeMs}`);
    if (depth > 0 && state?.isDirectory()) parts.push(await filesIn(path, depth - 1));
  }
  return parts.join('\n');
}

function list(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}
