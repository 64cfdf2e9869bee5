import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseSafetensorsMetadata } from '@huggingface/hub';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { mergedWeights } from './mergedWeights';
import { toBfloat16, toFloat16 } from './model/halves';
import { openSafetensors, readTensor } from './model/safetensors';
import { scoreTokens } from './scoreTokens';
import { temporaryFolder } from './tinyModel';

const FIXTURES = join(__dirname, '../../../test/fixtures/hf');

/** What transformers and PEFT computed of the base model, and of the adapter on it. */
interface Reference {
  readonly inputIds: number[][];
  readonly adapter: { readonly logProbs: number[][] };
}

let root: string;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ path: root, remove } = await temporaryFolder());
});
afterAll(() => remove());

/** Writes the merged twin of a model folder. */
async function merge(base: string, adapter: string, name: string): Promise<string> {
  const out = join(root, name);
  await mkdir(out);
  for (const file of await mergedWeights(base, adapter)) {
    const pieces: Uint8Array[] = [];
    for await (const piece of file.pieces()) pieces.push(piece);
    const bytes = Buffer.concat(pieces);
    expect(bytes.length).toBe(file.bytes);
    await writeFile(join(out, file.name), bytes);
  }
  await cp(join(base, 'config.json'), join(out, 'config.json'));
  await cp(join(base, 'model.safetensors.index.json'), join(out, 'model.safetensors.index.json')).catch(() => undefined);
  return out;
}

/** A model folder's headers as the hub's own library reads them, which is given the folder's files for a server's. */
function readByHub(folder: string) {
  return parseSafetensorsMetadata({
    repo: 'parley/merged',
    computeParametersCount: true,
    fetch: async (input, init) => {
      const name = new URL(input instanceof Request ? input.url : input).pathname.split('/').at(-1)!;
      const bytes = await readFile(join(folder, name)).catch(() => null);
      if (bytes === null) return new Response(null, { status: 404 });
      const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(new Headers(init?.headers).get('range') ?? '') ?? [];
      const etag = `"${name}"`;
      if (start === undefined) return new Response(init?.method === 'HEAD' ? null : new Uint8Array(bytes), { headers: { etag } });
      const part = new Uint8Array(bytes.subarray(Number(start), Number(end) + 1));
      const range = { etag, 'content-range': `bytes ${start}-${Number(start) + part.length - 1}/${bytes.length}` };
      return new Response(part, { status: 206, headers: range });
    },
  });
}

/** The model in another number format, in one file or two, with the tensors of `model` otherwise as they are. */
async function rewrite(base: string, name: string, dtype: 'F16' | 'BF16', shards: number): Promise<string> {
  const out = join(root, name);
  await mkdir(out);
  await cp(join(base, 'config.json'), join(out, 'config.json'));
  const file = await openSafetensors(join(base, 'model.safetensors'));
  const names = [...file.entries.keys()];
  const map: Record<string, string> = {};
  for (let shard = 0; shard < shards; shard++) {
    const path = shards === 1 ? 'model.safetensors' : `model-0000${shard + 1}-of-0000${shards}.safetensors`;
    const header: Record<string, unknown> = {};
    const data: Buffer[] = [];
    let at = 0;
    for (const tensor of names.filter((_, i) => i % shards === shard)) {
      const halves = (dtype === 'F16' ? toFloat16 : toBfloat16)(readTensor(file, tensor));
      header[tensor] = { dtype, shape: file.entries.get(tensor)!.shape, data_offsets: [at, at + halves.byteLength] };
      map[tensor] = path;
      data.push(Buffer.from(halves.buffer));
      at += halves.byteLength;
    }
    const text = Buffer.from(JSON.stringify(header));
    const lead = Buffer.alloc(8);
    lead.writeBigUInt64LE(BigInt(text.length));
    await writeFile(join(out, path), Buffer.concat([lead, text, ...data]));
  }
  if (shards > 1) await writeFile(join(out, 'model.safetensors.index.json'), JSON.stringify({ metadata: {}, weight_map: map }));
  return out;
}

describe('mergedWeights', () => {
  it.each(['llama', 'llama3-rope', 'qwen2', 'qwen3', 'gemma3'])('of %s gives the log-probabilities of base and adapter', async (family) => {
    const base = join(FIXTURES, family);
    const { inputIds, adapter } = JSON.parse(await readFile(join(base, 'reference.json'), 'utf8')) as Reference;
    const merged = await merge(base, join(base, 'adapter'), family);
    const options = { threads: 1, device: 'cpu', spinning: false } as const;
    const apart = await scoreTokens({ ...options, model: base, adapter: join(base, 'adapter') }, { inputIds });
    const { logProbs } = await scoreTokens({ ...options, model: merged }, { inputIds });
    let largest = 0;
    logProbs.forEach((row, i) => {
      row.forEach((value, j) => {
        largest = Math.max(largest, Math.abs(value - apart.logProbs[i]![j]!));
        // As PEFT has it.
        expect(value).toBeCloseTo(adapter.logProbs[i]![j]!, 4);
      });
    });
    expect(largest).toBeLessThan(1e-5);
    const read = await readByHub(merged);
    const original = await readByHub(base);
    expect({ ...read, header: null }).toEqual({ ...original, header: null });
    if (read.sharded || original.sharded) throw new Error('the fixtures are of one file');
    for (const [name, { dtype, shape }] of Object.entries(original.header).filter(([key]) => key !== '__metadata__')) {
      expect(read.header[name]).toMatchObject({ dtype, shape });
    }
  });

  it.each([
    ['F16', 1],
    ['BF16', 2],
  ] as const)('keeps %s in %i files, rounded once', async (dtype, shards) => {
    const base = await rewrite(join(FIXTURES, 'llama'), `base-${dtype}`, dtype, shards);
    const adapter = join(FIXTURES, 'llama/adapter');
    const merged = await merge(base, adapter, `merged-${dtype}`);
    const read = await readByHub(merged);
    expect(read.sharded).toBe(shards > 1);
    expect(Object.keys(read.parameterCount)).toEqual([dtype]);
    // The slow way: every number by the formula.
    const lora = await openSafetensors(join(adapter, 'adapter_model.safetensors'));
    const config = JSON.parse(await readFile(join(adapter, 'adapter_config.json'), 'utf8')) as { r: number; lora_alpha: number };
    let compared = 0;
    for (const path of read.filepaths.filter((each) => each.endsWith('.safetensors'))) {
      const before = await openSafetensors(join(base, path));
      const after = await openSafetensors(join(merged, path));
      expect([...after.entries.keys()]).toEqual([...before.entries.keys()]);
      for (const name of before.entries.keys()) {
        const matrix = (which: string): string => `base_model.model.${name.replace('.weight', `.lora_${which}.weight`)}`;
        const w = readTensor(before, name);
        const found = readTensor(after, name);
        if (!lora.entries.has(matrix('A'))) {
          expect(found).toEqual(w);
          continue;
        }
        const [a, b] = [readTensor(lora, matrix('A')), readTensor(lora, matrix('B'))];
        const [outputs, inputs] = before.entries.get(name)!.shape as [number, number];
        const expected = Float64Array.from({ length: outputs * inputs }, (_, at) => {
          const [o, i] = [Math.floor(at / inputs), at % inputs];
          let sum = w[at]!;
          for (let r = 0; r < config.r; r++) sum += (config.lora_alpha / config.r) * b[o * config.r + r]! * a[r * inputs + i]!;
          return sum;
        });
        const halves = (dtype === 'F16' ? toFloat16 : toBfloat16)(expected);
        const { start, end } = after.entries.get(name)!;
        const bytes = new Uint8Array((await readFile(after.path)).subarray(start, end));
        expect(new Uint16Array(bytes.buffer)).toEqual(halves);
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(0);
  });

  it('refuses what does not fit, naming the file', async () => {
    const llama = join(FIXTURES, 'llama');
    await expect(mergedWeights(join(FIXTURES, 'gemma3'), join(llama, 'adapter'))).rejects.toThrow(
      /adapter’s matrices are for another shape|does not have/,
    );
    await expect(mergedWeights(llama, join(root, 'nothing'))).rejects.toThrow(/nothing holds no policy: no adapter_config\.json/);
    const broken = join(root, 'broken');
    await cp(join(llama, 'adapter'), broken, { recursive: true });
    await rm(join(broken, 'adapter_model.safetensors'));
    await expect(mergedWeights(llama, broken)).rejects.toThrow(/broken\/adapter_model\.safetensors is missing/);
  });
});
