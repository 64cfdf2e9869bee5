import { type FileHandle, link, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { type LockFile, lockFile, RUN_PATHS } from '../protocol/runFiles';
import { writeError } from './durableFile';
import { isMissing } from './problem';
import { processStart } from './processStart';

/** A lock of another host counts as stale after this long without a heartbeat, in milliseconds. */
export const STALE_AFTER = 60_000;

const HEARTBEAT_EVERY = 5_000;

/** What lock.json says about a folder. */
export type LockState =
  | { readonly state: 'free' }
  /** Somebody trains here; null while the lock's first line is being written. */
  | { readonly state: 'held'; readonly lock: LockFile | null }
  /** Its process on this host is gone: anybody may take over. */
  | { readonly state: 'dead'; readonly lock: LockFile | null }
  /** Its process on another host has been silent; only a person can say whether it is gone. */
  | { readonly state: 'stale'; readonly lock: LockFile; readonly silentFor: number };

/** A folder that somebody else trains; the message names host and pid. */
export class LockRefused extends Error {
  override readonly name = 'LockRefused';
  constructor(
    message: string,
    readonly lock: LockFile | null,
  ) {
    super(message);
  }
}

/** A lock that is ours until released. */
export interface Lock {
  /** Resolves with a line that says who took it, if another process took over while we held it. */
  readonly lost: Promise<string>;
  /** Whether it is still ours. */
  held(): Promise<boolean>;
  release(): Promise<void>;
}

/** Looks at a folder's lock without touching it. */
export async function inspectLock(folder: string): Promise<LockState> {
  const path = join(folder, RUN_PATHS.lock);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return { state: 'free' };
    throw error;
  }
  const lock = parse(text);
  if (lock === null) {
    // Created this moment and not yet filled, or torn by a crash of the machine.
    const age = Date.now() - (await stat(path).catch(() => ({ mtimeMs: Date.now() }))).mtimeMs;
    return { state: age < STALE_AFTER ? 'held' : 'dead', lock };
  }
  if (lock.host === hostname()) {
    const start = processStart(lock.pid);
    const alive = start !== undefined && (start === '' || lock.processStart === '' || start === lock.processStart);
    return alive ? { state: 'held', lock } : { state: 'dead', lock };
  }
  const silentFor = Date.now() - Date.parse(lock.heartbeat);
  return silentFor >= STALE_AFTER ? { state: 'stale', lock, silentFor } : { state: 'held', lock };
}

/**
 * Takes a folder's lock. A dead process of this host is taken over; one of another host only if it is
 * stale and `takeOver` is set. @throws LockRefused | WriteError
 */
export async function acquireLock(folder: string, { takeOver }: { readonly takeOver: boolean }): Promise<Lock> {
  const path = join(folder, RUN_PATHS.lock);
  const identity = { host: hostname(), pid: process.pid, processStart: processStart(process.pid) ?? '' };
  const state = await inspectLock(folder);
  if (state.state === 'held') throw refused(folder, state.lock);
  if (state.state === 'stale' && !takeOver) {
    const seconds = Math.round(state.silentFor / 1000);
    throw new LockRefused(
      `${folder} is locked by pid ${state.lock.pid} on ${state.lock.host}, silent for ${seconds} s. ` +
        'If that process is gone, resume with --take-over (in VS Code: Resume Run, Take Over)',
      state.lock,
    );
  }
  const draft = `${path}${draftMark(identity.host)}${process.pid}.${process.hrtime.bigint()}`;
  let file: FileHandle | undefined;
  try {
    file = await open(draft, 'wx');
    await write(file, { ...identity, heartbeat: new Date().toISOString() });
    if (state.state === 'free') await create(folder, draft, path);
    else await replace(folder, draft, path, state.lock);
    await sweep(folder, identity.host);
    return hold(path, file, identity);
  } catch (error) {
    await file?.close();
    throw error instanceof LockRefused ? error : writeError(path, error);
  } finally {
    await rm(draft, { force: true });
  }
}

/** What stands between lock.json and the pid in a draft's name: whose pid it is. */
function draftMark(host: string): string {
  return `.${encodeURIComponent(host)}.`;
}

/** Removes what processes of this host left that were killed while they took the lock. */
async function sweep(folder: string, host: string): Promise<void> {
  const start = RUN_PATHS.lock + draftMark(host);
  for (const name of await readdir(folder)) {
    if (!name.startsWith(start)) continue;
    const pid = Number.parseInt(name.slice(start.length), 10);
    if (processStart(pid) === undefined) await rm(join(folder, name), { force: true });
  }
}

/** Puts the finished draft where no lock may be: a hard link is created whole or not at all. */
async function create(folder: string, draft: string, path: string): Promise<void> {
  try {
    await link(draft, path);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw await refusedNow(folder);
    // File systems without hard links (FAT, some shares): an exclusive name first, then the draft over it.
    try {
      await (await open(path, 'wx')).close();
    } catch (second) {
      if (codeOf(second) === 'EEXIST') throw await refusedNow(folder);
      throw second;
    }
    await rename(draft, path);
  }
}

/**
 * Replaces a lock that nobody holds any more. Of several processes that found it so, the guard lets one
 * replace it, and the others see the new lock: nobody but a guard's holder removes a dead one.
 */
async function replace(folder: string, draft: string, path: string, dead: LockFile | null): Promise<void> {
  const guard = `${path}.takeover`;
  if (await abandoned(guard)) await rm(guard, { force: true });
  try {
    // As in `create`: a link is there whole, with our name in it, or not at all.
    await link(draft, guard).catch(async (error: unknown) => {
      if (codeOf(error) === 'EEXIST') throw error;
      await writeExclusive(guard, await readFile(draft));
    });
  } catch (error) {
    if (codeOf(error) === 'EEXIST')
      throw new LockRefused(`${folder}: another process is taking this run over; try again in a minute`, null);
    throw error;
  }
  try {
    const now = await readFile(path, 'utf8').then(parse, () => null);
    if (now !== null && JSON.stringify(now) !== JSON.stringify(dead)) throw refused(folder, now);
    await rename(draft, path);
  } finally {
    await rm(guard, { force: true });
  }
}

/** Whether a guard's process is gone: of this host and dead, or silent for as long as no takeover takes. */
async function abandoned(guard: string): Promise<boolean> {
  try {
    const owner = parse(await readFile(guard, 'utf8'));
    if (owner?.host === hostname()) return processStart(owner.pid) !== owner.processStart;
    return Date.now() - (await stat(guard)).mtimeMs > STALE_AFTER;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

async function writeExclusive(path: string, data: Uint8Array): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await file.writeFile(data);
  } finally {
    await file.close();
  }
}

function hold(path: string, file: FileHandle, identity: Omit<LockFile, 'heartbeat'>): Lock {
  let released = false;
  let tellLost: (line: string) => void = () => undefined;
  const lost = new Promise<string>((resolve) => {
    tellLost = resolve;
  });
  const held = async (): Promise<boolean> => {
    const now = await readFile(path, 'utf8').then(parse, () => null);
    return now !== null && now.host === identity.host && now.pid === identity.pid && now.processStart === identity.processStart;
  };
  const beat = async (): Promise<void> => {
    if (released) return;
    if (await held()) {
      // In place: should somebody replace the lock this instant, we write to the old file and not over theirs.
      if (!released) await write(file, { ...identity, heartbeat: new Date().toISOString() });
    } else if (!released) {
      tellLost(`${path} is no longer ours: another process took this run over`);
    }
  };
  const timer = setInterval(() => void beat().catch(() => undefined), HEARTBEAT_EVERY);
  timer.unref();
  return {
    lost,
    held,
    release: async () => {
      if (released) return;
      released = true;
      clearInterval(timer);
      if (await held()) await rm(path, { force: true });
      await file.close();
    },
  };
}

/** Written over itself: ISO times have one length, so a reader never sees a shorter or longer line than there is. */
async function write(file: FileHandle, lock: LockFile): Promise<void> {
  await file.write(`${JSON.stringify(lock)}\n`, 0);
}

function parse(text: string): LockFile | null {
  try {
    return lockFile.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

function refused(folder: string, lock: LockFile | null): LockRefused {
  const who = lock === null ? 'a process that is just starting' : `pid ${lock.pid} on ${lock.host}`;
  return new LockRefused(`${folder} is being trained by ${who}; stop that run first, or follow it`, lock);
}

async function refusedNow(folder: string): Promise<LockRefused> {
  const state = await inspectLock(folder);
  return refused(folder, 'lock' in state ? state.lock : null);
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error ? String(error.code) : undefined;
}
