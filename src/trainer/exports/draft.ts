import { existsSync } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Exported } from '../../protocol/exports';
import { syncFolder } from '../../runs/durableFile';
import { messageOf } from '../../runs/problem';
import { ExportError } from './source';

/** Where the files of an export are written before they are all whole. */
export interface Draft {
  /** The draft of one of the targets. */
  path(target: string): string;
}

/**
 * Writes files beside their place and puts all of them there once the last is whole: one that fails or is called off leaves nothing.
 * @param out the file or folder that was asked for; the draft lies beside it.
 * @param targets absolute paths of the files, known before anything is computed.
 * @throws ExportError for a target that is there already unless `overwrite`, and for what the disk refuses
 */
export async function writeDraft(
  out: string,
  targets: readonly string[],
  overwrite: boolean,
  write: (draft: Draft) => Promise<void>,
): Promise<Exported> {
  const taken = targets.find((target) => existsSync(target));
  if (taken !== undefined && !overwrite) throw new ExportError(`${taken} is there already: give another place, or --overwrite`);
  const folder = join(dirname(out), `.${basename(out)}.parley-draft`);
  const names = new Map(targets.map((target, index) => [target, join(folder, String(index), basename(target))]));
  const path = (target: string): string => {
    const draft = names.get(target);
    if (draft === undefined) throw new RangeError(`${target} is no file of this export`);
    return draft;
  };
  try {
    await rm(folder, { recursive: true, force: true });
    for (const draft of names.values()) await mkdir(dirname(draft), { recursive: true });
    await write({ path });
    return await place(names);
  } catch (error) {
    throw explained(out, error);
  } finally {
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** Renames every draft into its place; where one fails, those that were not there before go again. */
async function place(names: ReadonlyMap<string, string>): Promise<Exported> {
  const fresh: string[] = [];
  let bytes = 0;
  try {
    for (const [target, draft] of names) {
      await mkdir(dirname(target), { recursive: true });
      await syncFile(draft);
      const isNew = !existsSync(target);
      bytes += (await stat(draft)).size;
      await rename(draft, target);
      if (isNew) fresh.push(target);
    }
    for (const folder of new Set([...names.keys()].map(dirname))) await syncFolder(folder);
  } catch (error) {
    for (const target of fresh) await rm(target, { force: true }).catch(() => undefined);
    throw error;
  }
  return { files: [...names.keys()], bytes };
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** What the disk says, as one line with the remedy. */
function explained(out: string, error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const why: Readonly<Record<string, string>> = {
    ENOSPC: 'the disk is full; nothing was left behind. Make space, or choose another place',
    EDQUOT: 'the disk quota is used up; nothing was left behind. Make space, or choose another place',
    EROFS: 'the file system is read-only. Choose another place',
    EACCES: 'permission denied. Choose a place that you may write to',
    EPERM: 'permission denied. Choose a place that you may write to',
    EISDIR: 'a folder stands where a file should be. Choose another place',
    EEXIST: 'a file stands where a folder should be. Choose another place',
    ENOTDIR: 'a file stands where a folder should be. Choose another place',
  };
  return why[code] === undefined ? error : new ExportError(`cannot write ${out}: ${why[code]}`, { cause: messageOf(error) });
}
