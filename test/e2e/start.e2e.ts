import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { repository } from '../host/server';

describe('npm start', () => {
  it('serves the workbench on loopback to those who have the token, and ends', () => {
    const script = path.join(repository, 'scripts/start.mjs');
    const { stdout, stderr, status } = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8', timeout: 60_000 });
    expect(status, stderr).toBe(0);
    expect(stdout.trim()).toBe('ok');
  });
});
