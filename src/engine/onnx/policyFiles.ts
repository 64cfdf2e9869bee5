import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Adam } from './adam';
import { FlatParameters } from './flatParameters';
import { type LoraShape, loraParameters } from './graphs/weightInputs';
import { fromDisk, type LoadedModel, toDisk } from './model/modelFolder';
import { LINEAR_LAYERS, type Parameter } from './model/parameters';
import { openChecked, readTensor, type SafetensorsFile, writeSafetensors } from './model/safetensors';
import type { PolicyWeights } from './policies';

const ADAPTER_CONFIG = 'adapter_config.json';
const ADAPTER = 'adapter_model.safetensors';
const MODEL = 'model.safetensors';
const OPTIMIZER = 'optimizer.safetensors';

/** What PEFT puts before a module's name. */
const PEFT_PREFIX = 'base_model.model.';

/** Metadata key of the base model's hash. */
const BASE = 'parley.base';

/** Everything but the weights that makes a folder a Hugging Face model. */
const MODEL_FILES = ['config.json', 'tokenizer.json', 'tokenizer_config.json', 'chat_template.jinja', 'generation_config.json'];

/** Writes a policy: PEFT's layout for an adapter, Hugging Face's for all weights. @throws Error for the base model, which is a folder already. */
export async function savePolicyFiles(folder: string, weights: PolicyWeights, model: LoadedModel): Promise<void> {
  if (weights.kind === 'base') throw new Error(`the base model is ${model.folder} already; it is not saved again`);
  const metadata = { format: 'pt', [BASE]: model.hash };
  if (weights.kind === 'full') {
    for (const name of MODEL_FILES) await copyFile(join(model.folder, name), join(folder, name)).catch(ignoreMissing);
    await writeSafetensors(
      join(folder, MODEL),
      tensorsOf(model.parameters, weights.parameters, (name) => name),
      metadata,
    );
    return;
  }
  const { rank, alpha } = weights.shape;
  const config = {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: model.folder,
    r: rank,
    lora_alpha: alpha,
    lora_dropout: 0,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    target_modules: [...LINEAR_LAYERS],
    use_dora: false,
    use_rslora: false,
  };
  await writeFile(join(folder, ADAPTER_CONFIG), `${JSON.stringify(config, null, 2)}\n`);
  await writeSafetensors(
    join(folder, ADAPTER),
    tensorsOf(adapterParameters(model, rank), weights.parameters, (name) => PEFT_PREFIX + name),
    metadata,
  );
}

/**
 * Reads a saved policy, ours or PEFT's. Modules that an adapter leaves out get a zero adapter.
 * @throws Error naming the file that is missing, foreign or corrupt.
 */
export async function loadPolicyFiles(folder: string, model: LoadedModel): Promise<Exclude<PolicyWeights, { kind: 'base' }>> {
  const configPath = join(folder, ADAPTER_CONFIG);
  const text = await readFile(configPath, 'utf8').catch(() => null);
  if (text === null) {
    const file = await openOurs(join(folder, MODEL), model).catch((error: Error) => {
      throw new Error(`${folder} holds no policy: no ${ADAPTER_CONFIG}, and ${error.message}`);
    });
    return { kind: 'full', parameters: readParameters(file, model.parameters, (name) => name) };
  }
  const shape = parseAdapterConfig(text, configPath);
  const file = await openOurs(join(folder, ADAPTER), model);
  const parameters = adapterParameters(model, shape.rank);
  const known = new Set(parameters.map(({ name }) => PEFT_PREFIX + name));
  const foreign = [...file.entries.keys()].find((name) => !known.has(name));
  if (foreign)
    throw new Error(
      `${file.path}: tensor ${foreign} belongs to no linear layer of ${model.folder}; the adapter is for another model or trains other layers`,
    );
  const present = parameters.filter(({ name }) => file.entries.has(PEFT_PREFIX + name));
  if (present.length === 0) throw new Error(`${file.path} holds no LoRA matrices`);
  const read = readParameters(file, present, (name) => PEFT_PREFIX + name);
  const all = new FlatParameters(parameters);
  for (const { name } of present) all.view(name).set(read.view(name));
  return { kind: 'lora', shape, parameters: all };
}

/** Writes the optimizer's moments and its step count. */
export async function saveOptimizerFile(folder: string, adam: Adam, parameters: readonly Parameter[]): Promise<void> {
  const moments = (['m', 'v'] as const).flatMap((moment) =>
    tensorsOf(parameters, new FlatParameters(parameters, adam[moment]), (name) => `${moment}.${name}`),
  );
  await writeSafetensors(join(folder, OPTIMIZER), moments, { format: 'pt', steps: String(adam.steps) });
}

/** Reads them back. @throws Error naming the file when it is missing, corrupt or of another learner. */
export async function loadOptimizerFile(
  folder: string,
  parameters: readonly Parameter[],
): Promise<{ m: Float32Array; v: Float32Array; steps: number }> {
  const file = await openChecked(join(folder, OPTIMIZER));
  const steps = Number(file.metadata.steps);
  if (!Number.isSafeInteger(steps) || steps < 0)
    throw new Error(`${file.path} does not say how many steps were taken; it is not a file of ours`);
  const [m, v] = (['m', 'v'] as const).map((moment) => readParameters(file, parameters, (name) => `${moment}.${name}`).data) as [
    Float32Array,
    Float32Array,
  ];
  return { m, v, steps };
}

/** The adapter's matrices as parameters that lie transposed on disk. */
export function adapterParameters(model: LoadedModel, rank: number): Parameter[] {
  return loraParameters(model.config, rank).map(({ name, shape }) => ({ name, shape, linear: true }));
}

async function openOurs(path: string, model: LoadedModel): Promise<SafetensorsFile> {
  const file = await openChecked(path);
  const base = file.metadata[BASE];
  if (base !== undefined && base !== model.hash) {
    throw new Error(
      `${path} was trained from another base model (SHA-256 ${base.slice(0, 12)}…) than ${model.folder} (${model.hash.slice(0, 12)}…)`,
    );
  }
  return file;
}

function parseAdapterConfig(text: string, path: string): LoraShape {
  let json: Record<string, unknown>;
  try {
    json = JSON.parse(text) as Record<string, unknown>;
  } catch {
    throw new Error(`${path} is not JSON`);
  }
  if (json.peft_type !== 'LORA') throw new Error(`${path}: peft_type ${String(json.peft_type)} is not supported; LORA is`);
  for (const field of ['use_dora', 'use_rslora', 'fan_in_fan_out', 'lora_bias']) {
    if (json[field]) throw new Error(`${path}: ${field} is not supported`);
  }
  for (const field of ['rank_pattern', 'alpha_pattern']) {
    if (Object.keys((json[field] as object | null) ?? {}).length > 0)
      throw new Error(`${path}: ${field} is not supported; all layers share one rank and alpha`);
  }
  if (json.bias !== undefined && json.bias !== 'none') throw new Error(`${path}: bias ${String(json.bias)} is not supported; none is`);
  const { r: rank, lora_alpha: alpha } = json;
  if (typeof rank !== 'number' || !Number.isSafeInteger(rank) || rank < 1)
    throw new Error(`${path}: r must be a whole number above 0, not ${String(rank)}`);
  if (typeof alpha !== 'number' || !(alpha > 0)) throw new Error(`${path}: lora_alpha must be a number above 0, not ${String(alpha)}`);
  return { rank, alpha };
}

function tensorsOf(
  parameters: readonly Parameter[],
  flat: FlatParameters,
  named: (name: string) => string,
): { name: string; shape: readonly number[]; data: Float32Array }[] {
  return parameters.map((parameter) => ({
    name: named(parameter.name),
    shape: parameter.linear ? [...parameter.shape].reverse() : parameter.shape,
    data: toDisk(parameter, flat.view(parameter.name)),
  }));
}

function readParameters(file: SafetensorsFile, parameters: readonly Parameter[], named: (name: string) => string): FlatParameters {
  const flat = new FlatParameters(parameters);
  for (const parameter of parameters) {
    const name = named(parameter.name);
    const found = file.entries.get(name);
    if (!found) throw new Error(`${file.path} has no tensor ${name}`);
    const stored = parameter.linear ? [...parameter.shape].reverse() : parameter.shape;
    if (found.shape.join() !== stored.join())
      throw new Error(`${file.path}: tensor ${name} is [${found.shape}], here it must be [${stored}]`);
    flat.view(parameter.name).set(fromDisk(parameter, readTensor(file, name)));
  }
  return flat;
}

function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}
