import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseAdapterConfig } from './adapterConfig';
import { openWeights } from './model/modelFolder';
import { openChecked, readTensor, type SafetensorsFile } from './model/safetensors';

/** What a checkpoint adds to one weight of its base model. */
export type ModuleUpdate = { readonly name: string } & (
  | {
      /** ΔW = scale · B · A, scale = α ÷ r (Hu et al. 2021), as PEFT keeps them: A `[rank, in]`, B `[out, rank]`. */
      readonly kind: 'factors';
      readonly rank: number;
      readonly scale: number;
      readonly a: Float32Array;
      readonly b: Float32Array;
    }
  | {
      readonly kind: 'dense';
      /** `[out, in]`, or a vector. */
      readonly delta: Float32Array;
    }
);

/** All weights that a checkpoint changes, in the order of their names, numbers in names by value; read one at a time. */
export interface WeightUpdate {
  /** `layers.0.self_attn.q_proj`, … */
  readonly names: readonly string[];
  read(name: string): ModuleUpdate;
}

const A_SUFFIX = '.lora_A.weight';
const B_SUFFIX = '.lora_B.weight';

/**
 * What a checkpoint adds to its base model: an adapter's products, or, where all weights were trained, differences.
 * @param base the base model's folder
 * @throws Error naming the file that is missing, corrupt or foreign.
 */
export async function openWeightUpdate(checkpoint: string, base: string): Promise<WeightUpdate> {
  const configPath = join(checkpoint, 'adapter_config.json');
  const config = await readFile(configPath, 'utf8').catch(() => null);
  if (config === null) return openDifference(await openChecked(join(checkpoint, 'model.safetensors')), await openWeights(base), base);
  const { rank, alpha } = parseAdapterConfig(config, configPath);
  const file = await openChecked(join(checkpoint, 'adapter_model.safetensors'));
  const modules = [...file.entries.keys()].filter((name) => name.endsWith(A_SUFFIX)).map((name) => name.slice(0, -A_SUFFIX.length));
  return named(modules, /^base_model\.model\.(model\.)?/, (module, name) => ({
    kind: 'factors',
    name,
    rank,
    scale: alpha / rank,
    a: readTensor(file, module + A_SUFFIX),
    b: readTensor(file, module + B_SUFFIX),
  }));
}

function openDifference(file: SafetensorsFile, bases: readonly SafetensorsFile[], base: string): WeightUpdate {
  return named([...file.entries.keys()], /^(model\.)?/, (tensor, name) => {
    const source = bases.find(({ entries }) => entries.has(tensor));
    const shape = file.entries.get(tensor)!.shape;
    if (source?.entries.get(tensor)?.shape.join() !== shape.join())
      throw new Error(`${file.path}: tensor ${tensor} is none of ${base}; the checkpoint is of another model`);
    const before = readTensor(source, tensor);
    return { kind: 'dense', name, delta: readTensor(file, tensor).map((value, i) => value - before[i]!) };
  });
}

/** Sorted under their short names. */
function named(keys: readonly string[], prefix: RegExp, read: (key: string, name: string) => ModuleUpdate): WeightUpdate {
  const short = (key: string): string => key.replace(prefix, '').replace(/\.weight$/, '');
  const byName = new Map(keys.map((key) => [short(key), key]));
  const names = [...byName.keys()].sort((x, y) => x.localeCompare(y, 'en', { numeric: true }));
  return { names, read: (name) => read(byName.get(name) ?? name, name) };
}

/** Frobenius norm of an update. */
export function updateNorm(update: ModuleUpdate): number {
  return Math.sqrt(Math.max(0, innerProduct(update, update)));
}

/**
 * Frobenius inner product Σᵢⱼ ΔWᵢⱼ ΔW'ᵢⱼ of two updates of the same weight. Of two factored ones it is
 * s s' Σ (BᵀB') ∘ (A A'ᵀ), which never makes a matrix of the weight's size.
 * @throws Error naming the weight where the two differ in shape.
 */
export function innerProduct(left: ModuleUpdate, right: ModuleUpdate): number {
  if (left.kind === 'dense' && right.kind === 'factors') return innerProduct(right, left);
  if (left.kind === 'dense' || right.kind === 'dense') return denseProduct(left, right as Extract<ModuleUpdate, { kind: 'dense' }>);
  const [inputs, outputs] = [left.a.length / left.rank, left.b.length / left.rank];
  if (right.a.length !== inputs * right.rank || right.b.length !== outputs * right.rank) throw differ(left);
  let total = 0;
  for (let r = 0; r < left.rank; r++) {
    for (let q = 0; q < right.rank; q++) {
      let [overInputs, overOutputs] = [0, 0];
      for (let i = 0; i < inputs; i++) overInputs += left.a[r * inputs + i]! * right.a[q * inputs + i]!;
      for (let o = 0; o < outputs; o++) overOutputs += left.b[o * left.rank + r]! * right.b[o * right.rank + q]!;
      total += overInputs * overOutputs;
    }
  }
  return left.scale * right.scale * total;
}

function denseProduct(left: ModuleUpdate, { delta }: Extract<ModuleUpdate, { kind: 'dense' }>): number {
  let total = 0;
  if (left.kind === 'dense') {
    if (left.delta.length !== delta.length) throw differ(left);
    for (let i = 0; i < delta.length; i++) total += left.delta[i]! * delta[i]!;
    return total;
  }
  const [inputs, outputs] = [left.a.length / left.rank, left.b.length / left.rank];
  if (inputs * outputs !== delta.length) throw differ(left);
  for (let o = 0; o < outputs; o++) {
    for (let r = 0; r < left.rank; r++) {
      let row = 0;
      for (let i = 0; i < inputs; i++) row += left.a[r * inputs + i]! * delta[o * inputs + i]!;
      total += left.b[o * left.rank + r]! * row;
    }
  }
  return left.scale * total;
}

function differ({ name }: ModuleUpdate): Error {
  return new Error(`the two updates of ${name} differ in shape: they are of two base models`);
}

/** Norms of an update. */
export interface UpdateNorms {
  readonly all: number;
  /** By layer, `layers.3`; what belongs to none is left out. */
  readonly layers: readonly NamedNumber[];
  readonly modules: readonly NamedNumber[];
}

/** A number of a layer or a weight. */
export interface NamedNumber {
  readonly name: string;
  readonly value: number;
}

/** Frobenius norms by weight, by layer and in all; weights apart from each other are orthogonal. */
export function updateNorms({ names, read }: WeightUpdate): UpdateNorms {
  const modules = names.map((name) => ({ name, value: updateNorm(read(name)) }));
  const squares = new Map<string, number>();
  for (const { name, value } of modules) {
    const layer = /^layers\.\d+/.exec(name)?.[0];
    if (layer !== undefined) squares.set(layer, (squares.get(layer) ?? 0) + value ** 2);
  }
  return {
    all: Math.hypot(...modules.map(({ value }) => value)),
    layers: [...squares].map(([name, square]) => ({ name, value: Math.sqrt(square) })),
    modules,
  };
}

/** Cosines between two updates; null where one of them is zero or has no such weight. */
export interface UpdateCosines {
  readonly all: number | null;
  readonly modules: readonly { readonly name: string; readonly value: number | null }[];
}

/** Cosines by weight, over the weights of either, and of the two updates as wholes. @throws Error where they are of two base models. */
export function updateCosines(left: WeightUpdate, right: WeightUpdate): UpdateCosines {
  let [inner, leftSquare, rightSquare] = [0, 0, 0];
  const names = [...new Set([...left.names, ...right.names])].sort((x, y) => x.localeCompare(y, 'en', { numeric: true }));
  const modules = names.map((name) => {
    const one = left.names.includes(name) ? left.read(name) : null;
    const another = right.names.includes(name) ? right.read(name) : null;
    const [own, others] = [one ? innerProduct(one, one) : 0, another ? innerProduct(another, another) : 0];
    const both = one && another ? innerProduct(one, another) : 0;
    inner += both;
    leftSquare += own;
    rightSquare += others;
    return { name, value: cosine(both, own, others) };
  });
  return { all: cosine(inner, leftSquare, rightSquare), modules };
}

function cosine(inner: number, left: number, right: number): number | null {
  return left > 0 && right > 0 ? inner / Math.sqrt(left * right) : null;
}
