import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ExternalRun, readExternalCommand } from './externalRun';

const FIXTURE = join(__dirname, '../../test/fixtures/adalign/ipd');

describe('an external run', () => {
  let cwd: string;
  let lines: string[];
  let external: ExternalRun;
  beforeEach(() => {
    cwd = mkdtempSync(join(tmpdir(), 'external-'));
    lines = [];
    external = new ExternalRun((line) => lines.push(line));
  });
  afterEach(() => {
    external.dispose();
    rmSync(cwd, { recursive: true, force: true });
  });
  const script = (code: string) => readExternalCommand({ command: process.execPath, args: ['-e', code], cwd, output: 'outputs' });

  it('is logged line by line, its folder is found below the output folder, and an older one is not', async () => {
    const old = join(cwd, 'outputs/2026-01-01/old');
    mkdirSync(old, { recursive: true });
    cpSync(FIXTURE, old, { recursive: true });
    const made = join(cwd, 'outputs/2026-01-02/12-00-00');
    const code = `console.log('one'); require('fs').cpSync(${JSON.stringify(FIXTURE)}, ${JSON.stringify(made)}, { recursive: true }); console.error('two')`;
    const command = script(code);
    const { ended } = await external.start(command);
    expect(external.isRunning).toBe(true);
    expect(await ended).toEqual({ isStopped: false, isFailure: false, line: `${process.execPath} ended with code 0` });
    expect(lines).toEqual(expect.arrayContaining(['one', 'two']));
    expect(external.isRunning).toBe(false);
    expect(await external.findFolder(command)).toBe(made);
  });

  it('is stopped with what it started', async () => {
    const child = `process.on('SIGTERM', () => process.exit(0)); console.log('child'); setInterval(() => {}, 1000)`;
    const { ended } = await external.start(
      script(
        `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(child)}], { stdio: 'inherit' }); setInterval(() => {}, 1000)`,
      ),
    );
    await expect(external.start(script(''))).rejects.toThrow('stop it first');
    await vi.waitFor(() => expect(lines).toContain('child'), 15_000);
    await external.stop();
    // Its pipes are closed only once nobody has them any more.
    expect(await ended).toMatchObject({ isStopped: true, isFailure: false });
  });

  it('that fails says why, and one that cannot begin, too', async () => {
    const { ended } = await external.start(script(`console.error('ModuleNotFoundError: no hydra'); process.exit(3)`));
    expect(await ended).toMatchObject({ isFailure: true, line: `${process.execPath} ended with code 3: ModuleNotFoundError: no hydra` });
    await expect(external.start({ command: join(cwd, 'none'), args: [], cwd, output: cwd })).rejects.toThrow('cannot be started');
    expect(external.isRunning).toBe(false);
  });

  it.each([
    [{}, 'parley.externalRun is not set'],
    [{ command: 'python', cwd: 'here', output: 'o' }, 'parley.externalRun.cwd: give an absolute path'],
    [{ command: 'python', args: 'run.py', cwd: '/', output: 'o' }, 'parley.externalRun.args'],
  ])('refuses the setting %j', (value, why) => {
    expect(() => readExternalCommand(value)).toThrow(why);
  });
});
