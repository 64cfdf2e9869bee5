import { mkdir, open, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { BRANCH_PATHS, type Branch, type BranchLine } from '../protocol/branches';
import { readBranchIndex } from './branchIndex';
import { sha256, syncFolder, WriteError, writeDurably, writeError } from './durableFile';

/** A branch that was played and is not kept yet. */
export interface BranchDraft extends Omit<Branch, 'type' | 'branch' | 'rollouts'> {
  readonly rows: number;
  /** Its Parquet file. */
  readonly bytes: Uint8Array;
}

/** Between two looks at a lock that somebody holds, and how long one may stand still before it counts as left over, in milliseconds. */
const LOOK_EVERY = 25;
const LEFT_OVER = 30_000;

/**
 * Keeps branches: each file is written beside its place, fsynced and renamed, then the index names them all. Until it does
 * they don't exist, so dying at any instant leaves the branches of before, or these too.
 * @returns the branches as they are kept, numbered
 * @throws WriteError
 */
export async function keepBranches(folder: string, drafts: readonly BranchDraft[]): Promise<Branch[]> {
  if (drafts.length === 0) return [];
  return exclusively(folder, async () => {
    const { highest } = await readBranchIndex(folder);
    const kept: Branch[] = [];
    for (const [i, { rows, bytes, ...draft }] of drafts.entries()) {
      const branch = highest + 1 + i;
      const file = BRANCH_PATHS.rollouts(draft, branch);
      await makeFolder(join(folder, dirname(file)));
      await writeDurably(join(folder, file), bytes);
      kept.push({ type: 'branch', branch, ...draft, rollouts: { file, rows, bytes: bytes.length, sha256: sha256(bytes) } });
    }
    await append(folder, kept);
    return kept;
  });
}

/**
 * Deletes a branch: the index says so first, then its file goes.
 * @throws RangeError when there is no such branch; WriteError
 */
export async function deleteBranch(folder: string, number: number): Promise<Branch> {
  return exclusively(folder, async () => {
    const branch = (await readBranchIndex(folder)).branches.find((each) => each.branch === number);
    if (branch === undefined) throw new RangeError(`there is no branch ${number}: it may have been deleted already`);
    await append(folder, [{ type: 'deleted', branch: number, time: new Date().toISOString() }]);
    try {
      await rm(join(folder, branch.rollouts.file), { force: true });
    } catch (error) {
      throw writeError(join(folder, branch.rollouts.file), error);
    }
    return branch;
  });
}

async function append(folder: string, lines: readonly BranchLine[]): Promise<void> {
  const path = join(folder, BRANCH_PATHS.index);
  try {
    const file = await open(path, 'a+');
    try {
      const { size } = await file.stat();
      const last = Buffer.alloc(1);
      if (size > 0) await file.read(last, 0, 1, size - 1);
      // A line that was torn off is ended first, or it would take this one with it.
      const mend = size > 0 && last.toString() !== '\n' ? '\n' : '';
      await file.writeFile(mend + lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
      await file.sync();
      if (size === 0) await syncFolder(dirname(path));
    } finally {
      await file.close();
    }
  } catch (error) {
    throw writeError(path, error);
  }
}

/** One writer at a time: two windows may have the same run open. @throws WriteError */
async function exclusively<T>(folder: string, act: () => Promise<T>): Promise<T> {
  const path = join(folder, BRANCH_PATHS.lock);
  await makeFolder(dirname(path));
  for (;;) {
    try {
      await (await open(path, 'wx')).close();
      break;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw writeError(path, error);
      const since = await stat(path).then(({ mtimeMs }) => Date.now() - mtimeMs).catch(() => 0); // biome-ignore format: one thought
      if (since > LEFT_OVER) await rm(path, { force: true });
      else await wait(LOOK_EVERY);
    }
  }
  try {
    return await act();
  } finally {
    await rm(path, { force: true });
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    const made = await mkdir(folder, { recursive: true });
    if (made !== undefined) await syncFolder(dirname(made));
  } catch (error) {
    throw error instanceof WriteError ? error : writeError(folder, error);
  }
}
