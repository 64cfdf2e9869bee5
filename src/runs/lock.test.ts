import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LockFile } from '../protocol/runFiles';
import { acquireLock, inspectLock, LockRefused, STALE_AFTER } from './lock';
import { processStart } from './processStart';

describe('the lock of a run folder', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'lock-'));
    path = join(folder, 'lock.json');
  });
  afterEach(() => rm(folder, { recursive: true }));

  const put = (lock: Partial<LockFile>): Promise<void> =>
    writeFile(path, JSON.stringify({ host: hostname(), pid: process.pid, processStart: '', heartbeat: new Date().toISOString(), ...lock }));
  const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();
  const deadPid = async (): Promise<number> => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    return child.pid!;
  };

  it('is taken, refuses a second trainer with the first one’s host and pid, and is gone when released', async () => {
    const lock = await acquireLock(folder, { takeOver: false });
    expect(await lock.held()).toBe(true);
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({
      host: hostname(),
      pid: process.pid,
      processStart: processStart(process.pid),
    });
    await expect(acquireLock(folder, { takeOver: true })).rejects.toThrow(`being trained by pid ${process.pid} on ${hostname()}`);
    await lock.release();
    await lock.release();
    expect(await readdir(folder)).toEqual([]);
    expect(await inspectLock(folder)).toEqual({ state: 'free' });
  });

  it('of many that want it at once, one gets it', async () => {
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => acquireLock(folder, { takeOver: false })));
    const won = tries.filter((result) => result.status === 'fulfilled');
    expect(won).toHaveLength(1);
    for (const result of tries) if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(LockRefused);
    await won[0]!.value.release();
  });

  it('of many that find its process dead, one takes it over', async () => {
    await put({ pid: await deadPid() });
    expect((await inspectLock(folder)).state).toBe('dead');
    const tries = await Promise.allSettled(Array.from({ length: 8 }, () => acquireLock(folder, { takeOver: false })));
    const won = tries.filter((result) => result.status === 'fulfilled');
    expect(won).toHaveLength(1);
    expect(await won[0]!.value.held()).toBe(true);
    await won[0]!.value.release();
    expect(await readdir(folder)).toEqual([]);
  });

  it('is taken in spite of what processes left that were killed while they took it', async () => {
    const dead = { host: hostname(), pid: await deadPid(), processStart: '1', heartbeat: ago(0) };
    const mark = encodeURIComponent(hostname());
    await put(dead);
    await writeFile(`${path}.takeover`, JSON.stringify(dead));
    await writeFile(`${path}.${mark}.${dead.pid}.1`, '');
    await writeFile(`${path}.elsewhere.${dead.pid}.1`, 'another host’s draft is not ours to judge');
    const lock = await acquireLock(folder, { takeOver: false });
    expect(await readdir(folder)).toEqual(['lock.json', `lock.json.elsewhere.${dead.pid}.1`]);
    await lock.release();
  });

  it('knows a process by its start, so that a reused pid does not hold it', async () => {
    await put({ processStart: 'another boot' });
    expect((await inspectLock(folder)).state).toBe(processStart(process.pid) === '' ? 'held' : 'dead');
    await put({ processStart: processStart(process.pid)! });
    expect((await inspectLock(folder)).state).toBe('held');
  });

  it('of another host: fresh is refused, stale is refused with the remedy, stale is taken when asked', async () => {
    await put({ host: 'elsewhere', pid: 7 });
    await expect(acquireLock(folder, { takeOver: true })).rejects.toThrow('pid 7 on elsewhere');
    await put({ host: 'elsewhere', pid: 7, heartbeat: ago(STALE_AFTER + 1000) });
    await expect(acquireLock(folder, { takeOver: false })).rejects.toThrow('--take-over');
    const lock = await acquireLock(folder, { takeOver: true });
    expect(await lock.held()).toBe(true);
    await lock.release();
  });

  it('that is being written is held; one that was torn long ago is not', async () => {
    await writeFile(path, '{"host":');
    expect(await inspectLock(folder)).toEqual({ state: 'held', lock: null });
    const old = new Date(Date.now() - STALE_AFTER - 1000);
    await utimes(path, old, old);
    const lock = await acquireLock(folder, { takeOver: false });
    await lock.release();
  });

  it('that somebody else took is not ours any more, and is not removed by us', async () => {
    const lock = await acquireLock(folder, { takeOver: false });
    await rm(path);
    await put({ host: 'elsewhere', pid: 7 });
    expect(await lock.held()).toBe(false);
    await lock.release();
    expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ host: 'elsewhere' });
  });
});

describe('processStart', () => {
  it('is the same on every look, and undefined for a process that is gone', async () => {
    expect(processStart(process.pid)).toBe(processStart(process.pid));
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    expect(processStart(child.pid!)).toBeUndefined();
  });
});
