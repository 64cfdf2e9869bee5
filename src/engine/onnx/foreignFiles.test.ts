import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FlatParameters } from './flatParameters';
import { loraParameters } from './graphs/loraShape';
import { estimateMemory } from './memory';
import { type LoadedModel, loadModelFolder } from './model/modelFolder';
import { loadPolicyFiles, savePolicyFiles } from './policyFiles';
import { temporaryFolder, writeTinyModel } from './tinyModel';
import { TextTokenizer } from './tokenizer/textTokenizer';

let root: { path: string; remove: () => Promise<void> };
let folder: string;
let adapter: string;
let base: Promise<LoadedModel>;

beforeAll(async () => {
  root = await temporaryFolder();
  folder = join(root.path, 'model');
  adapter = join(root.path, 'adapter');
  await writeTinyModel(folder);
  await mkdir(adapter);
  base = loadModelFolder(folder);
  const model = await base;
  const shape = { rank: 2, alpha: 4, targets: ['q_proj', 'v_proj'] } as const;
  await savePolicyFiles(adapter, { kind: 'lora', shape, parameters: new FlatParameters(loraParameters(model.config, shape)) }, model);
});
afterAll(() => root.remove());

/** Reads a model's weights and configuration, its tokenizer, or an adapter, as before a graph is made. */
const READ = {
  model: async (copy: string): Promise<void> => {
    await loadModelFolder(copy);
    await estimateMemory(copy, { adapter: { kind: 'full' }, transcriptTokens: 16, transcripts: 2, snapshots: 0 });
  },
  tokenizer: async (copy: string): Promise<void> => void (await TextTokenizer.read(copy, 20)),
  adapter: async (copy: string): Promise<void> => void (await loadPolicyFiles(copy, await base)),
} as const;

/** A JSON value with one part, at any depth, exchanged for something else. */
function mutated(whole: unknown): fc.Arbitrary<unknown> {
  const paths: (string | number)[][] = [];
  const walk = (value: unknown, path: (string | number)[]): void => {
    paths.push(path);
    if (typeof value === 'object' && value !== null && paths.length < 400)
      for (const [key, inner] of Object.entries(value)) walk(inner, [...path, Array.isArray(value) ? Number(key) : key]);
  };
  walk(whole, []);
  const odd = fc.oneof(
    fc.constantFrom<unknown>(null, [], {}, '', 'toString', -1, 0.5, 1e12, true, [null], { '': null }),
    fc.jsonValue({ maxDepth: 2 }),
  );
  return fc.tuple(fc.constantFrom(...paths), odd).map(([path, value]) => exchange(whole, path, value));
}

function exchange(whole: unknown, [first, ...rest]: readonly (string | number)[], value: unknown): unknown {
  if (first === undefined) return value;
  const inner = exchange((whole as Record<string | number, unknown>)[first], rest, value);
  return Array.isArray(whole) ? whole.map((each, i) => (i === first ? inner : each)) : { ...(whole as object), [first]: inner };
}

/** A safetensors file with another header over the same data. */
function withHeader(bytes: Buffer, header: string): Buffer {
  const length = Number(bytes.readBigUInt64LE());
  const text = Buffer.from(header);
  const lead = Buffer.alloc(8);
  lead.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([lead, text, bytes.subarray(8 + length)]);
}

describe('a file of somebody else’s that is not what it should be', () => {
  const files: [string, keyof typeof READ][] = [
    ['config.json', 'model'],
    ['model.safetensors.index.json', 'model'],
    ['model.safetensors', 'model'],
    ['tokenizer.json', 'tokenizer'],
    ['tokenizer_config.json', 'tokenizer'],
    ['adapter_config.json', 'adapter'],
    ['adapter_model.safetensors', 'adapter'],
  ];
  it.each(files)('%s: any JSON in it is read, or refused in one line that names its folder', async (name, kind) => {
    const copy = join(root.path, `with other ${name}`);
    await cp(kind === 'adapter' ? adapter : folder, copy, { recursive: true });
    const path = join(copy, name);
    const original = await readFile(path).catch(() => Buffer.from('{"weight_map":{"model.norm.weight":"model.safetensors"}}'));
    const tensors = name.endsWith('.safetensors');
    const json = JSON.parse(tensors ? original.subarray(8, 8 + Number(original.readBigUInt64LE())).toString() : original.toString());
    const write = (value: unknown): Promise<void> => {
      const text = JSON.stringify(value);
      return writeFile(path, tensors ? withHeader(original, text) : text);
    };
    await write(json);
    await READ[kind](copy);
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(fc.oneof({ arbitrary: mutated(json), weight: 3 }, fc.jsonValue()), async (value) => {
        await write(value);
        const error = await READ[kind](copy).then(
          () => null,
          (found: unknown) => found,
        );
        if (error === null) return;
        refused++;
        expect(error).toBeInstanceOf(Error);
        const { name: type, message } = error as Error;
        expect(type, message).toBe('Error');
        expect(message).not.toMatch(/\n/);
        expect(message).toContain(copy);
        // What the tokenizer's library says is passed on.
        if (kind !== 'tokenizer') expect(message).not.toMatch(/Cannot read|is not a function|not iterable/);
      }),
      { numRuns: 100 },
    );
    expect(refused).toBeGreaterThan(10);
  });

  it('config.json whose architecture is no name of one, but of what every object has', async () => {
    const copy = join(root.path, 'odd architecture');
    await cp(folder, copy, { recursive: true });
    const json = JSON.parse(await readFile(join(copy, 'config.json'), 'utf8'));
    await writeFile(join(copy, 'config.json'), JSON.stringify({ ...json, architectures: ['toString'] }));
    await expect(loadModelFolder(copy)).rejects.toThrow('architecture toString is not supported');
  });

  it.each(['null', '[]', '"x"', '7', '{', ''])('adapter_config.json that is %j', async (text) => {
    const policy = join(root.path, 'odd adapter');
    await cp(adapter, policy, { recursive: true });
    await writeFile(join(policy, 'adapter_config.json'), text);
    await expect(loadPolicyFiles(policy, await base)).rejects.toThrow(/adapter_config\.json is not (a JSON object|JSON)$/);
  });
});
