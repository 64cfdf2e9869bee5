import { open, rm } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { isLoopback } from '../../protocol/trainingServer';
import { readTar, type TarSink } from './tar';

/** What an adapter is in PEFT's layout, and how many bytes each may have. */
const WANTED: ReadonlyMap<string, number> = new Map([
  ['adapter_config.json', 2 ** 20],
  ['adapter_model.safetensors', 8 * 2 ** 30],
]);

/** How long a copy may take, in milliseconds. */
const LONGEST = 30 * 60_000;

/** Where an adapter is copied from. */
export interface ArchiveRequest {
  /** With `/api/v1`. */
  readonly root: string;
  /** As saving gave it: `tinker://MODEL/NAME`. */
  readonly path: string;
  readonly key: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * Copies an adapter that a server keeps into a folder, in PEFT's layout, where the server offers archives: a route that leads to a tar.gz.
 * @returns whether it is there now; nothing is left of a copy that failed
 * @throws the signal's reason
 */
export async function copyAdapter({ root, path, key, signal }: ArchiveRequest, folder: string): Promise<boolean> {
  const [, model, name] = /^tinker:\/\/([^/]+)\/(.+)$/.exec(path) ?? [];
  if (model === undefined || name === undefined) return false;
  const stop = AbortSignal.any([signal, AbortSignal.timeout(LONGEST)]);
  const found = new Map<string, TarSink>();
  try {
    const checkpoints = `${root}/training_runs/${encodeURIComponent(model)}/checkpoints`;
    // Hosted servers name a checkpoint by its kind and name, SkyRL by its name alone.
    const names = new Set([name, name.split('/').at(-1) ?? name]);
    let archive: Response | null = null;
    for (const each of names)
      archive ??= await follow(`${checkpoints}/${each.split('/').map(encodeURIComponent).join('/')}/archive`, key, stop);
    if (archive?.body) {
      const most = [...WANTED.values()].reduce((sum, bytes) => sum + bytes, 2 ** 20);
      // The body of a fetch is the web's stream; Node's types keep the two apart.
      const packed = Readable.fromWeb(archive.body as import('node:stream/web').ReadableStream);
      const unpacked = packed.pipe(createGunzip());
      packed.on('error', (error) => unpacked.destroy(error));
      const opened = async ({ name: entry, size }: { name: string; size: number }): Promise<TarSink | null> => {
        const base = posix.basename(entry);
        if (found.has(base) || size > (WANTED.get(base) ?? -1)) return null;
        const sink = await fileSink(join(folder, base));
        found.set(base, sink);
        return sink;
      };
      await readTar(unpacked, opened, most);
    }
    if (found.size === WANTED.size) return true;
  } catch {
    // A copy is for looking at a policy here: training does not depend on it.
    if (signal.aborted) throw signal.reason;
  }
  for (const [base, sink] of found) {
    await sink.end();
    await rm(join(folder, base), { force: true });
  }
  return false;
}

/** The archive behind a route that answers with it or with where it is; our key goes to the server's own origin alone. */
async function follow(url: string, key: string | undefined, signal: AbortSignal): Promise<Response | null> {
  const first = await fetch(url, { headers: key ? { 'x-api-key': key } : {}, redirect: 'manual', signal });
  if (first.ok) return first;
  await first.body?.cancel();
  const location = first.headers.get('location');
  if (first.status < 300 || first.status >= 400 || location === null) return null;
  const target = new URL(location, url);
  const isOwn = target.origin === new URL(url).origin;
  if (!isOwn && target.protocol !== 'https:' && !isLoopback(target.href)) return null;
  // Storage that a server sends us to does not send us on.
  const second = await fetch(target, { headers: isOwn && key ? { 'x-api-key': key } : {}, redirect: 'manual', signal });
  if (second.ok) return second;
  await second.body?.cancel();
  return null;
}

async function fileSink(path: string): Promise<TarSink> {
  const file = await open(path, 'wx');
  return {
    write: async (bytes) => {
      await file.writeFile(bytes);
    },
    end: () => file.close(),
  };
}
