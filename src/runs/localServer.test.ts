// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the settings have placeholders of their own
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LocalServer } from './localServer';
import { readServer, readServerCommand, serverLayer } from './serverSettings';

/** A server that answers 408 twice before its model is loaded. */
const SCRIPT = `
let polls = 0;
const answers = {
  '/create_session': () => [200, { session_id: 's' }],
  '/create_model': () => [200, { model_id: 'm', request_id: 'r' }],
  '/retrieve_future': () => (process.env.BROKEN ? [400, { detail: 'no such model' }] : ++polls < 3 ? [408, {}] : [200, { model_id: 'm' }]),
  '/unload_model': () => { console.log('unloaded'); return [200, {}]; },
};
require('http').createServer((request, response) => {
  const [status, body] = answers[request.url.replace('/api/v1', '')]();
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}).listen(Number(process.argv[1]), '127.0.0.1', () => console.log('listening'));
`;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('a training server that we start', () => {
  let lines: string[];
  let local: LocalServer;
  let settings: Record<string, unknown>;
  beforeEach(async () => {
    lines = [];
    local = new LocalServer((line) => lines.push(line));
    const command = { command: process.execPath, args: ['-e', SCRIPT, '${port}'], cwd: process.cwd() };
    settings = { baseUrl: `http://127.0.0.1:${await freePort()}`, baseModel: 'm', tokenizer: '/t', rank: 4, normalisation: 'sum', command };
  });
  afterEach(async () => {
    delete process.env.BROKEN;
    await local.stop();
  });
  const serve = (signal = new AbortController().signal) =>
    local.serve(readServerCommand(settings, '/storage'), readServer(settings), undefined, signal);

  it('is ready once its model answers, and is stopped', async () => {
    const { ended } = await serve();
    expect(local.url).toBe(settings.baseUrl);
    await expect.poll(() => lines).toEqual(['listening', 'unloaded']);
    await expect(local.start(readServerCommand(settings, '/storage'))).rejects.toThrow('a training server is at work: stop it first');
    await expect(
      new LocalServer(() => undefined).serve(
        readServerCommand(settings, '/storage'),
        readServer(settings),
        undefined,
        new AbortController().signal,
      ),
    ).rejects.toThrow(/something answers at .* already: stop it, or set another port/);
    await local.stop();
    expect(await ended).toMatchObject({ isStopped: true, isFailure: false });
    expect([local.isRunning, local.url]).toEqual([false, null]);
  });

  it('that ends before, says why', async () => {
    settings.command = {
      command: process.execPath,
      args: ['-e', "console.error('ImportError: no jax'); process.exit(3)"],
      cwd: process.cwd(),
    };
    await expect(serve()).rejects.toThrow('ended with code 3: ImportError: no jax');
    expect(local.isRunning).toBe(false);
  });

  it('that cannot load its model is stopped, and so is one that is called off', async () => {
    process.env.BROKEN = '1';
    await expect(serve()).rejects.toThrow('it does not load m: HTTP 400: {"detail":"no such model"}');
    expect(local.isRunning).toBe(false);
    settings.command = {
      command: process.execPath,
      args: ['-e', "setInterval(() => {}, 1000); console.log('loading')"],
      cwd: process.cwd(),
    };
    const stop = new AbortController();
    const starting = serve(stop.signal);
    await expect.poll(() => lines.at(-1)).toBe('loading');
    stop.abort(new Error('called off'));
    await expect(starting).rejects.toThrow('called off');
    expect(local.isRunning).toBe(false);
  });

  it('is told model, port, rank and where to keep things', () => {
    settings.baseUrl = 'http://localhost:8123';
    settings.command = {
      command: 'uv',
      args: ['--port', '${port}', '${baseModel}:${rank}', 'sqlite:///${storage}/db', '${home}'],
      cwd: '/skyrl',
    };
    expect(readServerCommand(settings, '/s')).toEqual({
      command: 'uv',
      args: ['--port', '8123', 'm:4', 'sqlite:////s/db', '${home}'],
      cwd: '/skyrl',
    });
    expect(serverLayer(readServer(settings)).settings).toEqual({
      policy: '/t',
      adapter: { rank: 4 },
      engine: { kind: 'tinker', baseUrl: 'http://localhost:8123', baseModel: 'm', normalisation: 'sum' },
    });
  });

  it.each([
    [{ baseModel: '' }, 'parley.tinker.baseModel is not set'],
    [{ tokenizer: '' }, 'parley.tinker.tokenizer: give an absolute path'],
    [{ tokenizer: 'models' }, 'parley.tinker.tokenizer: give an absolute path'],
    [{ baseUrl: 'ftp://x' }, 'parley.tinker.baseUrl: give an http or https URL'],
    [{ baseUrl: 'http://key@x' }, 'a key does not belong in a URL'],
    [{ baseUrl: 'http://10.0.0.1:8000' }, 'parley.tinker.baseUrl http://10.0.0.1:8000 is not this machine'],
    [{ command: { command: 'uv', args: [], cwd: '' } }, 'parley.tinker.command.cwd: give an absolute path'],
    [
      { command: { command: 'uv', args: ['--host', '0.0.0.0'], cwd: '/' } },
      'parley.tinker.command: 0.0.0.0 would let other machines use the server',
    ],
    [{ command: { command: 'uv', args: ['--host=::'], cwd: '/' } }, 'would let other machines use the server'],
  ])('refuses %j', (change, why) => {
    expect(() => readServerCommand({ ...settings, ...change }, '/storage')).toThrow(why);
  });
});
