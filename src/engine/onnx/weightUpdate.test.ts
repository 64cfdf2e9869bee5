import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSafetensors, readTensor, writeSafetensors } from './model/safetensors';
import { innerProduct, type ModuleUpdate, openWeightUpdate, updateCosines, updateNorm, updateNorms } from './weightUpdate';

const IN = 5;
const OUT = 4;
const numbers = (length: number): fc.Arbitrary<Float32Array> =>
  fc.float32Array({ minLength: length, maxLength: length, min: -2, max: 2, noNaN: true });
const factors = fc.integer({ min: 1, max: 3 }).chain((rank) =>
  fc.record({ a: numbers(rank * IN), b: numbers(OUT * rank), scale: fc.constantFrom(0.5, 2, 4) }).map(
    (each): ModuleUpdate => ({ kind: 'factors', name: 'w', rank, ...each }), // biome-ignore format: one line
  ),
);
const dense = numbers(OUT * IN).map((delta): ModuleUpdate => ({ kind: 'dense', name: 'w', delta }));

/** The update as a matrix `[out][in]`, by its definition. */
function matrix(update: ModuleUpdate): number[] {
  if (update.kind === 'dense') return [...update.delta];
  const { a, b, rank, scale } = update;
  return Array.from({ length: OUT * IN }, (_, at) => {
    const [o, i] = [Math.floor(at / IN), at % IN];
    return scale * Array.from({ length: rank }, (__, r) => b[o * rank + r]! * a[r * IN + i]!).reduce((x, y) => x + y, 0);
  });
}

const dot = (x: readonly number[], y: readonly number[]): number => x.reduce((sum, value, i) => sum + value * y[i]!, 0);

describe('updates of a weight', () => {
  it('have the inner product and the norm of their matrices, factored or not', () => {
    fc.assert(
      fc.property(fc.oneof(factors, dense), fc.oneof(factors, dense), (left, right) => {
        expect(innerProduct(left, right)).toBeCloseTo(dot(matrix(left), matrix(right)), 3);
        expect(updateNorm(left)).toBeCloseTo(Math.hypot(...matrix(left)), 3);
      }),
    );
  });

  it('of two shapes are refused by name', () => {
    const one: ModuleUpdate = { kind: 'dense', name: 'layers.0.mlp.up_proj', delta: new Float32Array(4) };
    expect(() => innerProduct(one, { ...one, delta: new Float32Array(6) })).toThrow('layers.0.mlp.up_proj differ in shape');
  });

  it('add up to norms of layers and the whole, and to cosines between 1 and −1', () => {
    const make = (change: number): { names: string[]; read(name: string): ModuleUpdate } => ({
      names: ['layers.0.q', 'layers.0.v', 'layers.1.q', 'norm'],
      read: (name) => ({ kind: 'dense', name, delta: Float32Array.of(3, 4 * change, name === 'norm' ? 12 : 0) }),
    });
    const norms = updateNorms(make(1));
    expect(norms.modules.map(({ value }) => value)).toEqual([5, 5, 5, 13]);
    expect(norms.layers).toEqual([
      { name: 'layers.0', value: Math.sqrt(50) },
      { name: 'layers.1', value: 5 },
    ]);
    expect(norms.all).toBeCloseTo(Math.sqrt(75 + 169));
    expect(updateCosines(make(1), make(1)).all).toBeCloseTo(1);
    expect(updateCosines(make(1), make(-1)).modules[0]).toEqual({ name: 'layers.0.q', value: -7 / 25 });
    const none = { names: [], read: make(1).read };
    expect(updateCosines(make(1), none)).toMatchObject({ all: null, modules: [{ name: 'layers.0.q', value: null }, {}, {}, {}] });
  });
});

describe('openWeightUpdate', () => {
  const fixture = join(__dirname, '../../../test/fixtures/hf/llama');
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'update-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('reads an adapter of PEFT, each product as its definition has it', async () => {
    const update = await openWeightUpdate(join(fixture, 'adapter'), fixture);
    const file = await openSafetensors(join(fixture, 'adapter/adapter_model.safetensors'));
    const name = 'base_model.model.model.layers.0.self_attn.q_proj';
    const [a, b] = [readTensor(file, `${name}.lora_A.weight`), readTensor(file, `${name}.lora_B.weight`)];
    const [rank = 0, inputs = 0] = file.entries.get(`${name}.lora_A.weight`)!.shape;
    const config = await import(join(fixture, 'adapter/adapter_config.json'));
    const alpha = (config as { lora_alpha: number }).lora_alpha;
    let square = 0;
    for (let o = 0; o < b.length / rank; o++) {
      for (let i = 0; i < inputs; i++) {
        let sum = 0;
        for (let r = 0; r < rank; r++) sum += b[o * rank + r]! * a[r * inputs + i]!;
        square += ((alpha / rank) * sum) ** 2;
      }
    }
    expect(square).toBeGreaterThan(0);
    expect(update.names[0]).toBe('layers.0.mlp.down_proj');
    expect(updateNorm(update.read('layers.0.self_attn.q_proj'))).toBeCloseTo(Math.sqrt(square), 5);
  });

  it('takes the difference where all weights were trained', async () => {
    const base = await openSafetensors(join(fixture, 'model.safetensors'));
    const tensors = [...base.entries].map(([name, { shape }]) => ({ name, shape, data: readTensor(base, name) }));
    const moved = tensors.map((tensor) =>
      tensor.name.includes('layers.1.mlp.up_proj') ? { ...tensor, data: tensor.data.map((x) => x + 0.5) } : tensor,
    );
    await writeSafetensors(join(folder, 'model.safetensors'), moved, { format: 'pt' });
    const norms = updateNorms(await openWeightUpdate(folder, fixture));
    const size = tensors.find(({ name }) => name.includes('layers.1.mlp.up_proj'))!.data.length;
    expect(norms.modules.filter(({ value }) => value > 0).map(({ name }) => name)).toEqual(['layers.1.mlp.up_proj']);
    expect(norms.all).toBeCloseTo(0.5 * Math.sqrt(size), 3);
  });

  it('names the file that is wrong', async () => {
    await expect(openWeightUpdate(join(folder, 'none'), fixture)).rejects.toThrow('model.safetensors is missing');
    await writeFile(join(folder, 'adapter_config.json'), '{"peft_type": "IA3"}');
    await expect(openWeightUpdate(folder, fixture)).rejects.toThrow('adapter_config.json: peft_type');
    await rm(join(folder, 'adapter_config.json'));
    await writeSafetensors(join(folder, 'model.safetensors'), [{ name: 'model.other', shape: [1], data: Float32Array.of(1) }], {});
    const foreign = await openWeightUpdate(folder, fixture);
    expect(() => foreign.read('other')).toThrow('the checkpoint is of another model');
  });
});
