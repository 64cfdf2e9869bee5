import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { unzipSync } from 'fflate';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packagedExtension } from './workbench';

describe('The .vsix', () => {
  const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), 'parley-vsix-'));
  const extension = path.join(folder, 'extension');
  let files: string[] = [];

  beforeAll(() => {
    const entries = unzipSync(fs.readFileSync(packagedExtension()));
    files = Object.keys(entries).filter((file) => file.startsWith('extension/'));
    for (const [file, content] of Object.entries(entries)) {
      const place = path.join(folder, file);
      fs.mkdirSync(path.dirname(place), { recursive: true });
      fs.writeFileSync(place, content);
    }
  });
  afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

  it('carries the native runtime of its platform and of no other', () => {
    const binaries = files.filter((file) => file.includes('/bin/napi-v6/'));
    expect(binaries.length).toBeGreaterThan(0);
    const here = `extension/node_modules/onnxruntime-node/bin/napi-v6/${process.platform}/${process.arch}/`;
    expect(binaries.filter((file) => !file.startsWith(here))).toEqual([]);
  });

  it('carries no source, no test, no source map and no build leftovers', () => {
    const strays = files.filter((file) => /\.(ts|tsx|map|tmp|tsbuildinfo)$|^extension\/(src|test|scripts|out|webview)\//.test(file));
    expect(strays).toEqual([]);
  });

  it('carries everything that package.json points at', () => {
    const { main, icon } = JSON.parse(fs.readFileSync(path.join(extension, 'package.json'), 'utf8')) as { main: string; icon?: string };
    for (const file of [main, icon, 'LICENSE.txt', 'ThirdPartyNotices.txt', 'dist/trainer.js', 'dist/webview.js']) {
      if (file !== undefined) expect(fs.existsSync(path.join(extension, file)), file).toBe(true);
    }
  });

  it('loads the native runtime with no node_modules above it', () => {
    const program = "const ort = require('onnxruntime-node'); process.stdout.write(ort.listSupportedBackends().map((b) => b.name).join())";
    const { stdout, stderr, status } = spawnSync(process.execPath, ['-e', program], { cwd: extension, encoding: 'utf8', timeout: 30_000 });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(stdout.split(',')).toContain('cpu');
  });
});
