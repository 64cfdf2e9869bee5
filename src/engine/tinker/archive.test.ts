import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Packed, tarOf } from '../../../test/tinker/archive';
import { copyAdapter } from './archive';
import { readTar } from './tar';

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Every regular file, by name. */
async function unpacked(bytes: Uint8Array, size: number, most = 1e9): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  const open = async ({ name }: { name: string }) => {
    const parts: Uint8Array[] = [];
    return {
      write: async (part: Uint8Array) => void parts.push(Buffer.from(part)),
      end: async () => void files.set(name, Buffer.concat(parts)),
    };
  };
  await readTar(inPieces(bytes, size), open, most);
  return files;
}

describe('readTar', () => {
  const file = fc.record({ name: fc.stringMatching(/^[a-z]{1,20}$/), bytes: fc.uint8Array({ maxLength: 1500 }) });
  const files = fc.uniqueArray(file, { selector: ({ name }) => name, maxLength: 5 });

  it('gives back what was packed, in whatever pieces it comes', async () => {
    await fc.assert(
      fc.asyncProperty(files, fc.integer({ min: 1, max: 2000 }), async (packed, size) => {
        const found = await unpacked(tarOf(packed), size);
        expect([...found].map(([name, bytes]) => [name, [...bytes]])).toEqual(packed.map(({ name, bytes }) => [name, [...bytes]]));
      }),
      { numRuns: 50 },
    );
  });

  it('passes links and folders over, and refuses what is cut off, damaged, no archive, or too much', async () => {
    const link: Packed = { name: 'adapter_config.json', bytes: new Uint8Array(), type: '2' };
    expect(await unpacked(tarOf([link, { name: 'a', bytes: Buffer.from('x') }]), 100)).toEqual(new Map([['a', Buffer.from('x')]]));
    const whole = tarOf([{ name: 'a', bytes: new Uint8Array(2000) }]);
    await expect(unpacked(whole.subarray(0, 1500), 100)).rejects.toThrow('the archive is cut off');
    await expect(unpacked(Buffer.alloc(2000, 7), 100)).rejects.toThrow('no tar archive, or damaged');
    await expect(unpacked(whole, 100, 1000)).rejects.toThrow('the archive has more than');
  });
});

describe('copyAdapter', () => {
  const NAMES = ['adapter_config.json', 'adapter_model.safetensors'];
  let folder: string;
  let server: Server | undefined;
  const seen: { url: string; key: unknown }[] = [];
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'archive-'));
    seen.length = 0;
  });
  afterEach(async () => {
    server?.closeAllConnections();
    server?.close();
    await rm(folder, { recursive: true });
  });
  const serve = async (listener: RequestListener): Promise<string> => {
    server = createServer((request, response) => {
      seen.push({ url: request.url ?? '', key: request.headers['x-api-key'] });
      listener(request, response);
    });
    await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const copy = (url: string, path = 'tinker://m/step 1', signal = new AbortController().signal) =>
    copyAdapter({ root: `${url}/api/v1`, path, key: 'sesame', signal }, folder);
  const packed = gzipSync(tarOf(NAMES.map((name) => ({ name: `deep/${name}`, bytes: Buffer.from(name) }))));

  it('follows the route to the archive and keeps the two files, wherever they lie in it', async () => {
    const url = await serve((request, response) => {
      if (request.url?.endsWith('/archive')) response.writeHead(302, { location: '/there.tar.gz' }).end();
      else response.end(packed);
    });
    expect(await copy(url)).toBe(true);
    expect((await readdir(folder)).sort()).toEqual(NAMES);
    expect(await readFile(join(folder, NAMES[0]!), 'utf8')).toBe(NAMES[0]);
    expect(seen).toEqual([
      { url: '/api/v1/training_runs/m/checkpoints/step%201/archive', key: 'sesame' },
      { url: '/there.tar.gz', key: 'sesame' },
    ]);
  });

  it('asks by the name alone where a server does not know it with its kind', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/api/v1/training_runs/m/checkpoints/a/archive') response.end(packed);
      else response.writeHead(404).end();
    });
    expect(await copy(url, 'tinker://m/sampler_weights/a')).toBe(true);
  });

  it('takes no key to another origin', async () => {
    const elsewhere = createServer((request, response) => {
      seen.push({ url: 'elsewhere', key: request.headers['x-api-key'] });
      response.end(packed);
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve));
    const { port } = elsewhere.address() as AddressInfo;
    const url = await serve((_, response) => response.writeHead(307, { location: `http://127.0.0.1:${port}/x` }).end());
    expect(await copy(url)).toBe(true);
    expect(seen.at(-1)).toEqual({ url: 'elsewhere', key: undefined });
    elsewhere.close();
  });

  const nothing: readonly [string, RequestListener][] = [
    ['has no such route', (_, response) => response.writeHead(404).end('{}')],
    ['redirects for ever', (_, response) => response.writeHead(302, { location: '/again' }).end()],
    ['leads to plain http elsewhere', (_, response) => response.writeHead(302, { location: 'http://10.0.0.9/x' }).end()],
    ['sends no gzip', (_, response) => response.end('hello')],
    ['sends half an archive', (_, response) => response.end(packed.subarray(0, packed.length / 2))],
    ['sends one file only', (_, response) => response.end(gzipSync(tarOf([{ name: NAMES[0]!, bytes: Buffer.from('{}') }])))],
    ['sends files that climb', (_, response) => response.end(gzipSync(tarOf([{ name: `../../${NAMES[0]}x`, bytes: Buffer.from('{}') }])))],
    [
      'breaks off',
      (_, response) => {
        response.writeHead(200, { 'content-length': '100000' }).write(packed);
        setImmediate(() => response.destroy());
      },
    ],
  ];
  it.each(nothing)('leaves nothing where the server %s', async (_, listener) => {
    expect(await copy(await serve(listener))).toBe(false);
    expect(await readdir(folder)).toEqual([]);
  });

  it('is called off with the run', async () => {
    const stop = new AbortController();
    const url = await serve(() => stop.abort(new Error('stopped')));
    await expect(copy(url, 'tinker://m/a', stop.signal)).rejects.toThrow('stopped');
  });
});
