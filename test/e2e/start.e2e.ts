import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { repository } from '../host/server';

describe('npm start', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'parley-start-'));
  afterAll(() => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));

  it('serves the workbench on loopback to those who have the token, and ends', () => {
    const script = path.join(repository, 'scripts/start.mjs');
    const { stdout, stderr, status } = spawnSync(process.execPath, [script, '--check', '--folder', folder], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect(status, stderr).toBe(0);
    expect(stdout.trim()).toBe('ok');
  });
});
