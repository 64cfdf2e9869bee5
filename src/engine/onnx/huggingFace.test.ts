import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Lane } from '../engine';
import { openSafetensors, readTensor, writeSafetensors } from './model/safetensors';
import { openModel } from './openModel';
import { OnnxPolicy, WeightFeeds } from './policies';
import { loadPolicyFiles } from './policyFiles';
import { Sampler } from './sampler';
import { scoreTokens } from './scoreTokens';

const FIXTURES = join(__dirname, '../../../test/fixtures/hf');

interface Reference {
  inputIds: number[][];
  logProbs: number[][];
  adapter: {
    logProbs: number[][];
    advantages: number[][];
    mask: number[][];
    loss: number;
    gradNorm: number;
    gradNorms: Record<string, number>;
    greedy: number[];
  };
}

function largest(a: readonly (readonly number[])[], b: readonly (readonly number[])[]): number {
  expect(a.map((row) => row.length)).toEqual(b.map((row) => row.length));
  return Math.max(...a.flatMap((row, i) => row.map((x, j) => Math.abs(x - b[i]![j]!))));
}

const options = { threads: 1, device: 'cpu', spinning: false } as const;

describe.each(['llama', 'llama3-rope', 'qwen2', 'qwen3', 'gemma3'])('%s, against transformers and PEFT', (name) => {
  const model = join(FIXTURES, name);
  let reference: Reference;

  beforeAll(async () => {
    reference = JSON.parse(await readFile(join(model, 'reference.json'), 'utf8'));
  });

  it('gives the base model’s log-probabilities', async () => {
    const { logProbs } = await scoreTokens({ ...options, model }, { inputIds: reference.inputIds });
    expect(largest(logProbs, reference.logProbs)).toBeLessThan(1e-4);
  });

  for (const layerwise of [false, true]) {
    it(`gives the adapter’s log-probabilities, loss and gradients${layerwise ? ', layer by layer' : ''}`, async () => {
      const { inputIds, adapter } = reference;
      const found = await scoreTokens(
        { ...options, model, adapter: join(model, 'adapter'), layerwise },
        { inputIds, advantages: adapter.advantages, mask: adapter.mask },
      );
      expect(largest(found.logProbs, adapter.logProbs)).toBeLessThan(1e-4);
      expect(Math.abs(found.loss! - adapter.loss)).toBeLessThan(1e-4);
      expect(Math.abs(found.gradNorm! / adapter.gradNorm - 1)).toBeLessThan(1e-3);
      expect(Object.keys(found.gradNorms!).sort()).toEqual(Object.keys(adapter.gradNorms).sort());
      for (const [tensor, norm] of Object.entries(adapter.gradNorms))
        expect(Math.abs(found.gradNorms![tensor]! / norm - 1), tensor).toBeLessThan(1e-3);
    });
  }
});

// Gemma's layers alternate between two attention windows, so that whole and layer-wise graphs differ by layer.
describe.each(['llama', 'gemma3'])('%s, an adapter of some layers', (name) => {
  const model = join(FIXTURES, name);
  const targets = ['q_proj', 'v_proj', 'down_proj'];
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'parley-partial-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** PEFT's adapter with fewer matrices, or with those zero: then B·A adds nothing, and the rest must compute the same. */
  async function partial(kept: (tensor: string) => boolean, left: 'out' | 'zero', changes: object): Promise<string> {
    const adapter = await mkdtemp(join(folder, `${left}-`));
    const source = await openSafetensors(join(model, 'adapter/adapter_model.safetensors'));
    const tensors = [...source.entries].map(([tensor, { shape }]) => ({ name: tensor, shape, data: readTensor(source, tensor) }));
    const written = left === 'out' ? tensors.filter(({ name: tensor }) => kept(tensor)) : tensors;
    if (left === 'zero') for (const { name: tensor, data } of tensors) if (!kept(tensor) && tensor.includes('lora_B')) data.fill(0);
    await writeSafetensors(join(adapter, 'adapter_model.safetensors'), written, {});
    const config = JSON.parse(await readFile(join(model, 'adapter/adapter_config.json'), 'utf8'));
    await writeFile(join(adapter, 'adapter_config.json'), JSON.stringify({ ...config, ...changes }));
    return adapter;
  }

  const subsets: [string, (tensor: string) => boolean, object][] = [
    ['in all blocks', (tensor) => targets.some((target) => tensor.includes(target)), { target_modules: targets }],
    [
      'in one block',
      (tensor) => targets.some((target) => tensor.includes(target)) && tensor.includes('layers.1.'),
      { target_modules: targets, layers_to_transform: [1] },
    ],
    ['named by a pattern', (tensor) => tensor.includes('mlp.'), { target_modules: '.*mlp.*_proj' }],
  ];
  it.each(subsets)('%s scores, and is differentiated, as if the others were zero', async (_, kept, changes) => {
    const { inputIds, adapter }: Reference = JSON.parse(await readFile(join(model, 'reference.json'), 'utf8'));
    const input = { inputIds, advantages: adapter.advantages, mask: adapter.mask };
    const padded = await scoreTokens({ ...options, model, adapter: await partial(kept, 'zero', {}) }, input);
    const fewer = await partial(kept, 'out', changes);
    for (const layerwise of [false, true]) {
      const found = await scoreTokens({ ...options, model, adapter: fewer, layerwise }, input);
      expect(largest(found.logProbs, padded.logProbs)).toBeLessThan(1e-5);
      expect(largest(found.logProbs, adapter.logProbs)).toBeGreaterThan(1e-3);
      const wanted = Object.entries(padded.gradNorms!).filter(([tensor]) => kept(tensor));
      expect(Object.keys(found.gradNorms!)).toEqual(wanted.map(([tensor]) => tensor));
      for (const [tensor, norm] of wanted) expect(Math.abs(found.gradNorms![tensor]! / norm - 1), tensor).toBeLessThan(1e-3);
    }
  });

  it('is refused by name where its two files disagree', async () => {
    const some = (tensor: string): boolean => targets.some((target) => tensor.includes(target));
    const score = async (left: 'out' | 'zero', changes: object, kept = some) =>
      scoreTokens({ ...options, model, adapter: await partial(kept, left, changes) }, { inputIds: [[1, 2]] });
    await expect(score('out', {})).rejects.toThrow(/target_modules, and \S+adapter_model.safetensors has no matrices for it/);
    await expect(score('zero', { target_modules: targets })).rejects.toThrow(
      /has matrices for k_proj, and \S+ does not name it in target_modules/,
    );
    await expect(score('out', { target_modules: targets, layers_to_transform: [0] })).rejects.toThrow(
      'names the layers 0 in layers_to_transform',
    );
    await expect(score('zero', { target_modules: ['q_proj', 'v_porj'] })).rejects.toThrow(
      'target_modules names "v_porj", which is no linear layer of a block; did you mean v_proj?',
    );
    await expect(score('zero', { target_modules: ['lm_head'] })).rejects.toThrow(
      'target_modules names "lm_head", which is no linear layer',
    );
    await expect(score('zero', { r: 8 })).rejects.toThrow(/tensor \S+lora_A.weight is of rank 4, \S+adapter_config.json says r 8/);
    const ragged = (tensor: string): boolean => some(tensor) && !tensor.includes('layers.0.self_attn.q_proj');
    await expect(score('out', { target_modules: targets }, ragged)).rejects.toThrow(/has no tensor \S+layers.0.self_attn.q_proj.lora_A/);
  });
});

describe.each(['llama', 'llama3-rope', 'qwen2', 'qwen3', 'gemma3'])('%s', (name) => {
  it('continues greedily as generate does, with the cache', async () => {
    const model = join(FIXTURES, name);
    const { inputIds, adapter }: Reference = JSON.parse(await readFile(join(model, 'reference.json'), 'utf8'));
    const opened = await openModel({ ...options, model });
    for (const merge of [true, false]) {
      const weights = new WeightFeeds(opened.sessions, opened.model.config, opened.weights.base, merge);
      const policy = new OnnxPolicy('adapter', await loadPolicyFiles(join(model, 'adapter'), opened.model));
      const sampler = new Sampler(opened.sessions, opened.model.config, weights, -1);
      // The prompt in two parts, the second behind a cache; beside a lane of another length.
      const [lane, other] = sampler.open(policy, 2, 64);
      const turn = (on: Lane, read: number[], maxTokens: number) => ({
        lane: on,
        read,
        constraint: null,
        validAgainst: null,
        maxTokens,
        uniform: () => 0.5,
      });
      const prompt = inputIds[0]!.slice(0, 10);
      const greedy = { temperature: 1, topP: 1, topK: 1 };
      await sampler.sample([turn(other!, inputIds[1]!.slice(0, 27), 3)], greedy);
      sampler.read([{ lane: lane!, tokens: prompt.slice(0, 4) }]);
      const [sample] = await sampler.sample([turn(lane!, prompt.slice(4), adapter.greedy.length - 10), turn(other!, [5], 2)], greedy);
      expect([...prompt, ...sample!.tokens]).toEqual(adapter.greedy);
    }
    await opened.sessions.dispose();
  });
});

describe.each(['llama', 'gemma3'])('%s, all weights', (name) => {
  it('have the same gradient layer by layer as in one graph', async () => {
    const model = join(FIXTURES, name);
    const { inputIds, adapter }: Reference = JSON.parse(await readFile(join(model, 'reference.json'), 'utf8'));
    const input = { inputIds, advantages: adapter.advantages, mask: adapter.mask };
    const [whole, layers] = [
      await scoreTokens({ ...options, model, layerwise: false }, input),
      // Two micro-batches besides.
      await scoreTokens({ ...options, model, layerwise: true, tokensARun: 40 }, input),
    ];
    expect(largest(layers.logProbs, whole.logProbs)).toBeLessThan(1e-5);
    expect(layers.loss).toBeCloseTo(whole.loss!, 6);
    for (const [tensor, norm] of Object.entries(whole.gradNorms!))
      expect(Math.abs(layers.gradNorms![tensor]! / norm - 1), tensor).toBeLessThan(1e-3);
  });
});

describe('a model folder as older tools write it', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'parley-hf-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('has rope_theta and rope_scaling at the top', async () => {
    await cp(join(FIXTURES, 'llama3-rope'), folder, { recursive: true });
    const path = join(folder, 'config.json');
    const { rope_parameters, ...config } = JSON.parse(await readFile(path, 'utf8'));
    const { rope_theta, ...rope_scaling } = rope_parameters;
    await writeFile(path, JSON.stringify({ ...config, rope_theta, rope_scaling }));
    const reference: Reference = JSON.parse(await readFile(join(folder, 'reference.json'), 'utf8'));
    const { logProbs } = await scoreTokens({ ...options, model: folder }, { inputIds: reference.inputIds });
    expect(largest(logProbs, reference.logProbs)).toBeLessThan(1e-4);
  });
});

describe('a sharded folder in bfloat16', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'parley-shards-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('loads as its parts say, and a missing tensor or shard is named', async () => {
    const source = join(FIXTURES, 'llama');
    await cp(join(source, 'config.json'), join(folder, 'config.json'));
    const file = await openSafetensors(join(source, 'model.safetensors'));
    const names = [...file.entries.keys()];
    const weightMap: Record<string, string> = {};
    for (const part of [0, 1]) {
      const shard = `model-0000${part + 1}-of-00002.safetensors`;
      const mine = names.filter((_, i) => i % 2 === part);
      for (const name of mine) weightMap[name] = shard;
      await writeBfloat16(
        join(folder, shard),
        mine.map((name) => ({ name, shape: file.entries.get(name)!.shape, data: readTensor(file, name) })),
      );
    }
    const index = join(folder, 'model.safetensors.index.json');
    await writeFile(index, JSON.stringify({ weight_map: weightMap }));
    const reference: Reference = JSON.parse(await readFile(join(source, 'reference.json'), 'utf8'));
    const { logProbs } = await scoreTokens({ ...options, model: folder }, { inputIds: reference.inputIds });
    // Weights kept to 8 bits of mantissa: near the reference, and not it.
    expect(largest(logProbs, reference.logProbs)).toBeLessThan(0.2);
    expect(largest(logProbs, reference.logProbs)).toBeGreaterThan(1e-4);
    await rm(join(folder, 'model-00002-of-00002.safetensors'));
    await expect(scoreTokens({ ...options, model: folder }, { inputIds: [[1, 2]] })).rejects.toThrow(
      'model-00002-of-00002.safetensors is missing',
    );
    await writeFile(index, JSON.stringify({ weight_map: { x: 'model-00001-of-00002.safetensors' } }));
    await expect(scoreTokens({ ...options, model: folder }, { inputIds: [[1, 2]] })).rejects.toThrow(/tensor \S+ is missing from/);
  });
});

/** A safetensors file whose numbers are cut to their upper halves. */
async function writeBfloat16(
  path: string,
  tensors: readonly { name: string; shape: readonly number[]; data: Float32Array }[],
): Promise<void> {
  let offset = 0;
  const header: Record<string, unknown> = {};
  const parts = tensors.map(({ name, shape, data }) => {
    const halves = Uint16Array.from(new Uint32Array(data.buffer, data.byteOffset, data.length), (word) => word >>> 16);
    header[name] = { dtype: 'BF16', shape, data_offsets: [offset, offset + halves.byteLength] };
    offset += halves.byteLength;
    return Buffer.from(halves.buffer);
  });
  const text = Buffer.from(JSON.stringify(header));
  const lead = Buffer.alloc(8);
  lead.writeBigUInt64LE(BigInt(text.length));
  await writeFile(path, Buffer.concat([lead, text, ...parts]));
}

describe('what cannot be scored', () => {
  const model = join(FIXTURES, 'llama');
  it.each([
    [{ inputIds: [] }, 'inputIds must be a list of rows'],
    [{ inputIds: [[1, 2, 320]] }, 'inputIds[0] holds 320; the vocabulary has 320 tokens'],
    [{ inputIds: [[1, 2, 3]], advantages: [[1]] }, 'advantages[0] must have 2 numbers'],
    [{ inputIds: [[1, 2, 3]], mask: [[1, 1]] }, 'mask without advantages'],
  ])('%j', async (input, message) => {
    await expect(scoreTokens({ ...options, model }, input)).rejects.toThrow(message);
  });

  it('an adapter of another model', async () => {
    await expect(scoreTokens({ ...options, model, adapter: join(FIXTURES, 'qwen3/adapter') }, { inputIds: [[1, 2]] })).rejects.toThrow(
      /adapter_model\.safetensors: tensor .* here it must be/,
    );
  });
});
