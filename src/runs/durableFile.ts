import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** A file that could not be written; the message is one line that names it, why, and what to do. */
export class WriteError extends Error {
  override readonly name = 'WriteError';
}

/** Puts a file in place so that a crash leaves the old one or the new one whole: written beside, fsynced, renamed, folder fsynced. */
export async function writeDurably(path: string, data: string | Uint8Array, beforeRename?: () => void): Promise<void> {
  const draft = `${path}.tmp`;
  try {
    await writeSynced(draft, data);
    beforeRename?.();
    await rename(draft, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined);
    throw writeError(path, error);
  }
}

/** Writes and fsyncs a file in place. */
export async function writeSynced(path: string, data: string | Uint8Array): Promise<void> {
  const file = await open(path, 'w');
  try {
    await file.writeFile(data);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Fsyncs every file of a finished folder and the folder itself; returns each file's SHA-256 by name, names sorted. */
export async function syncTree(folder: string): Promise<Record<string, string>> {
  const sums: Record<string, string> = {};
  const names = (await readdir(folder)).sort();
  await Promise.all(names.map((name) => withFile(join(folder, name), (file) => file.sync())));
  for (const name of names) sums[name] = await sha256OfFile(join(folder, name));
  await syncFolder(folder);
  return sums;
}

/** Makes renames and new names in a folder durable; Windows has no such call and needs none. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  await withFile(folder, (file) => file.sync(), 'r');
}

/** SHA-256 in lower-case hex. */
export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** SHA-256 of a file's bytes in lower-case hex; read in pieces, for weights may be larger than what can be read at once (2 GiB) or held. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 22 })) hash.update(piece as Buffer);
  return hash.digest('hex');
}

/** Wraps a failed write in one line that says what to do about it. */
export function writeError(path: string, error: unknown): WriteError {
  if (error instanceof WriteError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const where = `${basename(dirname(path))}/${basename(path)}`;
  const nothingLost = 'What the journal names is whole; resume the run to go on';
  const why: Record<string, string> = {
    ENOSPC: `the disk is full. ${nothingLost} once there is space`,
    EDQUOT: `the disk quota is used up. ${nothingLost} once there is space`,
    EFBIG: `the file grew past the allowed size. ${nothingLost} once the limit is raised`,
    ENOENT: 'its folder is not there. Make it, or choose another',
    EEXIST: 'a file stands where a folder should be. Choose another folder',
    ENOTDIR: 'a file stands where a folder should be. Choose another folder',
    EROFS: 'the file system is read-only. Choose another folder',
    EACCES: 'permission denied. Choose a folder that you may write to',
    EPERM: 'permission denied. Choose a folder that you may write to',
  };
  const message = error instanceof Error ? error.message.split('\n', 1)[0] : String(error);
  return new WriteError(`cannot write ${where} (${path}): ${why[code] ?? `${message}. ${nothingLost}`}`, { cause: error });
}

async function withFile<T>(path: string, use: (file: FileHandle) => Promise<T>, flags: 'r' | 'r+' = 'r+'): Promise<T> {
  const file = await open(path, flags);
  try {
    return await use(file);
  } finally {
    await file.close();
  }
}
