import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { execute, until } from './workspace';

const FIXTURE = path.join(vscode.extensions.getExtension('parley.parley')?.extensionPath ?? '', 'test/fixtures/adalign/tas/seed_0');

describe('Runs of AdAlignLLM', function () {
  this.timeout(120_000);
  let source: string;
  let id: string | undefined;
  const copyIteration = (number: number, to: number): void =>
    cpSync(path.join(FIXTURE, `iteration_00${number}`), path.join(source, `seed_0/iteration_00${to}`), { recursive: true });

  before(() => {
    source = path.join(mkdtempSync(path.join(tmpdir(), 'adalign-')), 'tas');
    copyIteration(0, 0);
  });
  after(async () => {
    if (id !== undefined) await execute('closeRun', { run: id });
    rmSync(path.dirname(source), { recursive: true, force: true });
  });

  const text = async (place: Record<string, unknown>): Promise<string> => {
    const uri = await execute('openTranscript', { run: id, ...place });
    assert.equal(typeof uri, 'string', JSON.stringify(uri));
    return (await vscode.workspace.openTextDocument(vscode.Uri.parse(String(uri)))).getText();
  };

  it('open once their settings are confirmed, with negotiations and texts', async () => {
    const refused = (await execute('openRun', { folder: source, settings: 'gamma=7' })) as { error: string };
    assert.match(refused.error, /^Open Run: settings: gamma: /);
    const opened = await execute('openRun', { folder: source, settings: 'beta=2 gamma=0.96' });
    assert.ok(typeof opened === 'string', JSON.stringify(opened));
    id = opened;
    // Files that were copied this moment may be half written: the iteration follows.
    const document = await until('the first transcript', async () => text({ iteration: 1, negotiation: 0 }).catch(() => undefined));
    assert.match(document, /^Negotiation 0 of iteration 1\ntrust-and-split · aa · seed group 0\n/);
    assert.match(document, /\nRound 4\n/);
  });

  it('show what they gain while they are open', async () => {
    copyIteration(1, 1);
    const document = await until('the second iteration', async () => text({ iteration: 2, negotiation: 1 }).catch(() => undefined));
    assert.match(document, /^Negotiation 1 of iteration 2\n/);
  });

  it('are neither resumed nor forked nor trained against, which one line says', async () => {
    const refusal = async (command: string, args = {}): Promise<string> =>
      ((await execute(command, { run: id, ...args })) as { error: string }).error;
    assert.match(await refusal('resumeRun'), /nothing to resume/);
    assert.match(await refusal('trainBestResponse'), /no checkpoint/);
    assert.match(await refusal('forkHere', { iteration: 1, negotiation: 0, turn: 1 }), /was imported/);
    // Opened again, nothing is asked.
    assert.equal(await execute('openRun', { folder: source }), id);
  });

  it('that an external command writes are opened as they appear, and the command is stopped with its children', async () => {
    const cwd = mkdtempSync(path.join(tmpdir(), 'external-'));
    const configure = (value: unknown): Thenable<void> =>
      vscode.workspace.getConfiguration('parley').update('externalRun', value, vscode.ConfigurationTarget.Global);
    const copy = `require('fs').cpSync(${JSON.stringify(path.dirname(FIXTURE))}, 'outputs/today/external-tas', { recursive: true });`;
    try {
      const unset = (await execute('startExternalRun')) as { error: string };
      assert.match(unset.error, /^parley\.externalRun is not set/);
      await configure({ command: 'node', args: ['-e', `${copy} setInterval(() => {}, 1000)`], cwd, output: 'outputs' });
      assert.equal(await execute('startExternalRun', { settings: '' }), undefined);
      const digest = (seed: number): string => {
        const from = { format: 'adalign', folder: realpathSync(path.join(cwd, 'outputs/today/external-tas')), seed };
        return createHash('sha256').update(JSON.stringify(from)).digest('hex').slice(0, 8);
      };
      const place = await until('the run of the command', async () => {
        if (!existsSync(path.join(cwd, 'outputs/today/external-tas'))) return undefined;
        const run = `external-tas-seed_0-${digest(0)}`;
        const uri = await execute('openTranscript', { run, iteration: 2, negotiation: 0 });
        return typeof uri === 'string' ? { run } : undefined;
      });
      assert.match(((await execute('startExternalRun')) as { error: string }).error, /stop it first/);
      assert.equal(await execute('stopExternalRun'), undefined);
      assert.match(((await execute('stopExternalRun')) as { error: string }).error, /No external run is at work/);
      await execute('closeRun', place);
    } finally {
      await configure(undefined);
      rmSync(cwd, { recursive: true, force: true });
    }
  });
});
