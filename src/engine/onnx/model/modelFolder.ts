import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type ModelConfig, readModelConfig } from './config';
import { parseJsonFields, shortened } from './jsonFields';
import { HEAD, type Parameter, parametersOf, transposed } from './parameters';
import { hashFiles, openSafetensors, readTensor, type SafetensorsFile } from './safetensors';

/** A model as read from a Hugging Face folder. */
export interface LoadedModel {
  readonly folder: string;
  readonly config: ModelConfig;
  readonly parameters: readonly Parameter[];
  /** By Hugging Face name, in our layout (linear layers `[in, out]`). */
  readonly weights: ReadonlyMap<string, Float32Array>;
  /** SHA-256 over the weight files. */
  readonly hash: string;
}

/**
 * Loads `config.json` and the weights beside it, `model.safetensors` or the shards of `model.safetensors.index.json`.
 * Everything is checked by name and shape before any weight is read.
 * @throws Error naming the file and what is missing or wrong in it.
 */
export async function loadModelFolder(folder: string): Promise<LoadedModel> {
  const config = await readModelConfig(folder);
  const parameters = parametersOf(config);
  const files = await openWeights(folder);
  const where = new Map<string, SafetensorsFile>();
  for (const file of files) for (const name of file.entries.keys()) where.set(name, file);
  const sources = parameters.map((parameter) => {
    // Some exporters leave out an untied head that equals the embedding: only `tie_word_embeddings` may say so.
    const file = where.get(parameter.name);
    if (!file) {
      const hint = parameter.name === HEAD ? ' (does config.json lack "tie_word_embeddings": true?)' : '';
      throw new Error(`${folder}: tensor ${parameter.name} is missing from ${files.map((each) => each.path).join(', ')}${hint}`);
    }
    const stored = diskShape(parameter);
    const found = file.entries.get(parameter.name)!.shape;
    if (found.length !== stored.length || found.some((dim, i) => dim !== stored[i])) {
      throw new Error(`${file.path}: tensor ${parameter.name} is [${found}], config.json makes it [${stored}]`);
    }
    return { parameter, file };
  });
  const weights = new Map<string, Float32Array>();
  for (const { parameter, file } of sources) weights.set(parameter.name, fromDisk(parameter, readTensor(file, parameter.name)));
  return { folder, config, parameters, weights, hash: await hashFiles(files.map((file) => file.path)) };
}

/** A parameter's shape in Hugging Face's files. */
export function diskShape({ shape, linear }: Parameter): readonly number[] {
  return linear ? [...shape].reverse() : shape;
}

/** From Hugging Face's layout to ours. */
export function fromDisk(parameter: Parameter, data: Float32Array): Float32Array {
  const [inputs, outputs] = parameter.shape;
  return parameter.linear ? transposed(data, outputs!, inputs!) : data;
}

/** From our layout to Hugging Face's. */
export function toDisk(parameter: Parameter, data: Float32Array): Float32Array {
  const [inputs, outputs] = parameter.shape;
  return parameter.linear ? transposed(data, inputs!, outputs!) : data;
}

/** Opens the weight files of a model folder. @throws Error naming the one that is missing or no such file. */
export async function openWeights(folder: string): Promise<SafetensorsFile[]> {
  const indexPath = join(folder, 'model.safetensors.index.json');
  const index = await readFile(indexPath, 'utf8').catch(() => null);
  if (index === null) return [await openSafetensors(join(folder, 'model.safetensors'))];
  const shards = parseJsonFields(index, indexPath).object('weight_map');
  if (!shards) throw new Error(`${indexPath}: weight_map is missing`);
  const names = [...new Set(Object.values(shards.all()))].map((name) => {
    if (typeof name !== 'string' || name !== basename(name))
      throw new Error(`${indexPath}: weight_map names no file with ${shortened(name)}`);
    return name;
  });
  if (names.length === 0) throw new Error(`${indexPath}: weight_map names no file`);
  return Promise.all(names.sort().map((name) => openSafetensors(join(folder, name))));
}
