import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from './processGroup.mjs';

/** Resolves when the process is gone (or a zombie nobody has collected), fails the test where it lives on. */
async function gone(/** @type {number} */ pid) {
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      process.kill(pid, 0);
      if (/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) return;
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect.fail(`process ${pid} lives on`);
}

describe.skipIf(process.platform === 'win32')('run', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'parley-run-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('reports the exit code', async () => {
    expect(await run(process.execPath, ['-e', 'process.exit(3)'], { seconds: 20 })).toEqual({ code: 3, timedOut: false });
  });

  it('reports a command that is not there as 127', async () => {
    expect(await run(path.join(folder, 'nothing'), [], { seconds: 20 })).toEqual({ code: 127, timedOut: false });
  });

  it('ends everything that the command started when its time is up', async () => {
    const file = path.join(folder, 'pid');
    const { timedOut } = await run('bash', ['-c', `sleep 300 & echo $! > ${file}; wait`], { seconds: 1 });
    expect(timedOut).toBe(true);
    await gone(Number(readFileSync(file, 'utf8')));
  });

  it('ends what the command left behind when it ended by itself', async () => {
    const file = path.join(folder, 'pid');
    const { code } = await run('bash', ['-c', `sleep 300 & echo $! > ${file}`], { seconds: 20 });
    expect(code).toBe(0);
    await gone(Number(readFileSync(file, 'utf8')));
  });
});
