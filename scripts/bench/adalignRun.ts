import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What a made-up run of AdAlignLLM's takes. */
export interface AdAlignRunSize {
  /** Of test/fixtures/adalign. */
  readonly game: 'ipd' | 'split' | 'tas';
  readonly negotiations: number;
  /** Negotiations of an iteration; at most 256. */
  readonly batch: number;
  /** Whether every negotiation has token-wise logs. */
  readonly logs: boolean;
}

const WRITTEN = new Date('2026-11-24T22:26:21Z');

const FIXTURES = 'test/fixtures/adalign';

/** Ends a storage's keys; a count of 8 bytes and the numbers follow. */
const STORAGE = Buffer.from('q\x01a.', 'latin1');
const LONG = Buffer.from('LongStorage');
const FLOAT = Buffer.from('FloatStorage');

/** The key `id` with a one-byte integer, as the fixtures have it. */
const ID = Buffer.from('\x8c\x02id\x94K', 'latin1');

/**
 * Writes a run of as many negotiations as asked for: those of the fixtures over and over, with token ids and log-probabilities of
 * their own, so that no column repeats itself more than a run's does.
 * @param root the repository's
 * @returns bytes of all files
 */
export async function makeAdAlignRun(root: string, folder: string, { game, negotiations, batch, logs }: AdAlignRunSize): Promise<number> {
  const iteration = join(root, FIXTURES, game, 'seed_0/iteration_001');
  const names = (await readdir(iteration)).filter((name) => name.endsWith('.rt.pkl')).sort();
  const originals = await Promise.all(names.map((name) => readFile(join(iteration, name))));
  const [logFolder = ''] = (await readdir(iteration)).filter((name) => name.endsWith('_tokenwise.csv'));
  const logNames = await readdir(join(iteration, logFolder));
  const random = counterRandom();
  let bytes = 0;
  const put = async (path: string, content: Buffer | string): Promise<void> => {
    bytes += Buffer.byteLength(content);
    await writeFile(path, content);
    // What was written this moment would be taken for unfinished.
    await utimes(path, WRITTEN, WRITTEN);
  };
  for (let n = 0; n < negotiations; n++) {
    const into = join(folder, `seed_0/iteration_${String(Math.floor(n / batch)).padStart(3, '0')}`);
    if (n % batch === 0) await mkdir(logs ? join(into, logFolder) : into, { recursive: true });
    const original = n % originals.length;
    const id = n % batch;
    const logProbs = new Map<string, number>();
    await put(join(into, `mgid_${id}.rt.pkl`), rewritten(originals[original]!, id, random, logProbs));
    if (!logs) continue;
    const prefix = `${names[original]!.replace('.rt.pkl', '')}_agent_id_`;
    for (const name of logNames.filter((each) => each.startsWith(prefix))) {
      const text = await readFile(join(iteration, logFolder, name), 'utf8');
      await put(join(into, logFolder, name.replace(prefix, `mgid_${id}_agent_id_`)), relogged(text, logProbs));
    }
  }
  return bytes;
}

/** A rollout with another id, other token ids and other log-probabilities; new log-probabilities by the old. */
function rewritten(original: Buffer, id: number, random: () => number, logProbs: Map<string, number>): Buffer {
  const bytes = Buffer.from(original);
  bytes[bytes.indexOf(ID) + ID.length] = id;
  for (let at = bytes.indexOf(STORAGE); at >= 0; at = bytes.indexOf(STORAGE, at + 1)) {
    const count = bytes.readUInt32LE(at + STORAGE.length);
    const start = at + STORAGE.length + 8;
    const isLong = bytes.lastIndexOf(LONG, at) > bytes.lastIndexOf(FLOAT, at);
    for (let i = 0; i < count; i++) {
      if (isLong) bytes.writeUInt32LE(Math.floor(random() * 50_000), start + i * 8);
      else {
        const before = bytes.readFloatLE(start + i * 4);
        bytes.writeFloatLE(Math.log(random() + 1e-4), start + i * 4);
        logProbs.set(String(before), bytes.readFloatLE(start + i * 4));
      }
    }
  }
  return bytes;
}

/** A token-wise log whose sampling log-probabilities are the rollout's new ones. */
function relogged(text: string, logProbs: ReadonlyMap<string, number>): string {
  return text.replaceAll(/^(\d+,"[^"]*",[^,]*,[^,]*,[^,]*,)([^,]*)/gm, (_line, before: string, logged: string) => {
    const known = logProbs.get(String(Math.fround(Number(logged))));
    if (known === undefined) throw new Error(`a log has log-probability ${logged}, which its rollout has not`);
    return `${before}${known}`;
  });
}

/** The same numbers in [0, 1) each time. */
function counterRandom(): () => number {
  let state = 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
