import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findDesktop } from './desktop.mjs';
import { dependenciesAreCurrent } from './prepare.mjs';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'parley-prepare-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('dependenciesAreCurrent', () => {
  const wanted = {
    '': { version: '0.1.0' },
    'node_modules/a': { version: '1.0.0' },
    'node_modules/elsewhere-only': { version: '2.0.0', optional: true },
  };
  const install = (/** @type {Record<string, { version: string }>} */ present) => {
    writeFileSync(path.join(folder, 'package-lock.json'), JSON.stringify({ packages: wanted }));
    mkdirSync(path.join(folder, 'node_modules'));
    writeFileSync(path.join(folder, 'node_modules/.package-lock.json'), JSON.stringify({ packages: present }));
  };

  it('is true where every version is the wanted one, packages of other platforms aside', () => {
    install({ 'node_modules/a': { version: '1.0.0' } });
    expect(dependenciesAreCurrent(folder)).toBe(true);
  });

  it('is false where a version differs or a package is missing', () => {
    install({ 'node_modules/a': { version: '0.9.0' } });
    expect(dependenciesAreCurrent(folder)).toBe(false);
    writeFileSync(path.join(folder, 'node_modules/.package-lock.json'), JSON.stringify({ packages: {} }));
    expect(dependenciesAreCurrent(folder)).toBe(false);
  });

  it('is false in a fresh clone', () => {
    writeFileSync(path.join(folder, 'package-lock.json'), JSON.stringify({ packages: wanted }));
    expect(dependenciesAreCurrent(folder)).toBe(false);
  });
});

describe.skipIf(process.platform !== 'linux')('findDesktop', () => {
  const environment = () => ({ PATH: path.join(folder, 'share/code/bin'), DISPLAY: ':0' });
  beforeEach(() => {
    mkdirSync(path.join(folder, 'share/code/bin'), { recursive: true });
    writeFileSync(path.join(folder, 'share/code/bin/code'), '');
    writeFileSync(path.join(folder, 'share/code/code'), '');
  });

  it('finds the executable behind the command', () => {
    expect(findDesktop(environment())).toBe(path.join(folder, 'share/code/code'));
  });

  it('finds none without a screen, in a remote terminal, or where the server is wanted', () => {
    expect(findDesktop({ ...environment(), DISPLAY: '' })).toBeUndefined();
    expect(findDesktop({ ...environment(), VSCODE_IPC_HOOK_CLI: '/tmp/socket' })).toBeUndefined();
    expect(findDesktop({ ...environment(), VSCODE_HOST: 'server' })).toBeUndefined();
  });

  it('takes the one that is named', () => {
    expect(findDesktop({ VSCODE_EXECUTABLE_PATH: '/opt/code' })).toBe('/opt/code');
  });
});
