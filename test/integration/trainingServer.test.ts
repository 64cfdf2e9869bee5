import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import * as vscode from 'vscode';
import { execute, runsFolder, until, workspaceFolder } from './workspace';

/** A server that has a model at once, and trains nothing. */
const SCRIPT = `
const answers = {
  '/create_session': { session_id: 's' },
  '/create_model': { model_id: 'm', request_id: 'r' },
  '/retrieve_future': { model_id: 'm' },
  '/unload_model': {},
};
require('http').createServer((request, response) => {
  const body = answers[request.url.replace('/api/v1', '')];
  response.writeHead(body ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(body ?? { detail: 'Not Found' }));
}).listen(Number(process.argv[1]), '127.0.0.1');
`;

describe('A training server', function () {
  this.timeout(120_000);
  const settings = vscode.workspace.getConfiguration('parley.tinker');
  const set = (name: string, value: unknown): Thenable<void> => settings.update(name, value, vscode.ConfigurationTarget.Global);
  const refusal = async (name: string, args?: unknown): Promise<string> => ((await execute(name, args)) as { error: string }).error;
  const tokenizer = path.join(vscode.extensions.getExtension('parley.parley')?.extensionPath ?? '', 'media/policies/seed');
  let url: string;

  before(async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await new Promise((resolve) => server.close(resolve));
  });
  after(async () => {
    for (const name of ['baseUrl', 'baseModel', 'tokenizer', 'command', 'rank']) await set(name, undefined);
  });

  it('that is not set up is asked for, setting by setting', async () => {
    assert.match(await refusal('startTrainingServer'), /^parley\.tinker\.baseModel is not set/);
    assert.match(await refusal('startRlRun', { game: 'ipd', policy: 'parley.tinker' }), /^parley\.tinker\.baseModel is not set/);
    await set('baseModel', 'test/base');
    assert.match(await refusal('startTrainingServer'), /^parley\.tinker\.tokenizer: give an absolute path/);
    await set('tokenizer', tokenizer);
    assert.match(await refusal('startTrainingServer'), /^parley\.tinker\.command\.cwd: give an absolute path/);
  });

  it('is started, waited for, and stopped', async () => {
    await set('baseUrl', url);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the setting has placeholders of its own
    await set('command', { command: 'node', args: ['-e', SCRIPT, '${port}'], cwd: workspaceFolder() });
    assert.equal(await execute('startTrainingServer'), url);
    assert.match(await refusal('startTrainingServer'), /already: stop it|is at work: stop it first/);
    assert.equal(await execute('stopTrainingServer'), undefined);
    assert.match(await refusal('stopTrainingServer'), /^No training server of this window is at work/);
    await until('the port to be free', async () =>
      fetch(url).then(
        () => undefined,
        () => true,
      ),
    );
  });

  it('that is down, or that cannot do what a preset asks, makes no run, and one line says why', async () => {
    const root = path.join(workspaceFolder(), '.parley/servers');
    const down = await refusal('startRlRun', { game: 'ipd', policy: 'parley.tinker', root });
    assert.match(down, /training server http:\/\/127\.0\.0\.1:\d+: no connection .*Check the address, and that the server runs/);
    const masked = await refusal('startRlRun', { game: 'ipd', policy: 'parley.tinker', preset: 'embedded', root });
    assert.match(masked, /a training server cannot hold sampling to a mask: set decoding=free, or decoding=retry/);
    assert.ok(!existsSync(path.join(root, 'run.json')));
  });

  it('on this machine trains a run, which leaves copies of its adapters, and ends with it', async () => {
    const extension = vscode.extensions.getExtension('parley.parley')?.extensionPath ?? '';
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the setting has placeholders of its own
    const args = [path.join(extension, 'out/test/tinker/main.mjs'), '${port}', tokenizer, '${baseModel}'];
    await set('command', { command: 'node', args, cwd: workspaceFolder() });
    await set('rank', 2);
    assert.equal(await execute('startTrainingServer'), url);
    const settings = { decoding: 'free', negotiations: 4, groupSize: 2, checkpointEvery: 1, iterations: 50 };
    const started = { game: 'ipd', policy: 'parley.tinker', preset: 'embedded', settings };
    const [id] = (await execute('startRlRun', started)) as string[];
    assert.equal(typeof id, 'string');
    const folder = path.join(runsFolder(), String(id));
    await until('two iterations', () => {
      const journal = path.join(folder, 'journal.jsonl');
      return existsSync(journal) && readFileSync(journal, 'utf8').split('\n').length > 3 ? true : undefined;
    });
    assert.equal(JSON.parse(readFileSync(path.join(folder, 'run.json'), 'utf8')).config.adapter.rank, 2);
    assert.ok(existsSync(path.join(folder, 'checkpoints/000001/adapter_model.safetensors')));
    await execute('stopRun', { run: id });
    await until('the server to end with its run', () => fetch(url).then(() => undefined, () => true)); // biome-ignore format: one line
    // Its process may take a moment longer than its port.
    await execute('stopTrainingServer');
    await execute('closeRun', { run: id });
  });

  it('has its key kept under its origin', async () => {
    assert.equal(await execute('setApiKey', { key: 'sesame', origin: url }), url);
    assert.equal(await execute('forgetApiKey', { origin: url }), url);
  });
});
