import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../host/browser';
import { repository } from '../host/server';

const script = path.join(repository, 'scripts/start.mjs');

/** The iterations that each run in the workspace has committed: what its journal holds, by run. */
function committed(workspace: string): Record<string, number> {
  const runs = path.join(workspace, '.parley/runs');
  if (!fs.existsSync(runs)) return {};
  const journals = fs.readdirSync(runs).map((run) => [run, path.join(runs, run, 'journal.jsonl')] as const);
  return Object.fromEntries(
    journals.map(([run, file]) => [
      run,
      fs.existsSync(file)
        ? fs
            .readFileSync(file, 'utf8')
            .split('\n')
            .slice(0, -1)
            .filter((line) => line.includes('"iteration"')).length
        : 0,
    ]),
  );
}

describe('npm start', () => {
  const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'parley-start-'));
  afterAll(() => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));

  it('serves the workbench on loopback to those who have the token, and ends', () => {
    const { stdout, stderr, status } = spawnSync(process.execPath, [script, '--check', '--folder', folder], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect(status, stderr).toBe(0);
    expect(stdout.trim()).toBe('ok');
  });

  it('starts the paired run once the workbench is open, and Ctrl-C ends it', { timeout: 150_000 }, async () => {
    const starting = spawn(process.execPath, [script, '--folder', folder], {
      env: { ...process.env, VSCODE_HOST: 'server', DISPLAY: '', WAYLAND_DISPLAY: '' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const ended = once(starting, 'exit');
    const browser = await launchBrowser();
    try {
      let printed = '';
      for await (const chunk of starting.stdout) {
        printed += String(chunk);
        if (/Ctrl-C/.test(printed)) break;
      }
      const url = /http:\/\/127\.0\.0\.1:\S+/.exec(printed)?.[0];
      expect(url, printed).toBeDefined();
      const page = await browser.newPage();
      await page.goto(url ?? '');
      const workspace = path.join(folder, 'workspace');
      await expect
        .poll(() => Object.values(committed(workspace)).filter((iterations) => iterations > 0).length, { timeout: 100_000 })
        .toBe(2);
      const runs = Object.keys(committed(workspace));
      expect(runs.filter((run) => /-rl$/.test(run))).toHaveLength(1);
      expect(runs.filter((run) => /-aa$/.test(run))).toHaveLength(1);
    } finally {
      await browser.close();
      starting.kill('SIGINT');
    }
    expect((await ended)[0]).toBe(0);
  });
});
