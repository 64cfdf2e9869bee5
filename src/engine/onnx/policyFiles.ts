import { existsSync } from 'node:fs';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Adam } from './adam';
import { adapterConfigText, adapterShape, parseAdapterConfig } from './adapterConfig';
import { FlatParameters } from './flatParameters';
import { type LoraShape, loraParameters } from './graphs/loraShape';
import { fromDisk, type LoadedModel, toDisk } from './model/modelFolder';
import { LINEAR_LAYERS, type Parameter } from './model/parameters';
import { openChecked, readTensor, type SafetensorsFile, writeSafetensors } from './model/safetensors';
import type { PolicyWeights } from './policies';

const ADAPTER_CONFIG = 'adapter_config.json';
const ADAPTER = 'adapter_model.safetensors';
const MODEL = 'model.safetensors';
/** What a run on a training server leaves in place of weights. */
const ON_SERVER = 'server_sampler.json';
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
  await writeFile(join(folder, ADAPTER_CONFIG), adapterConfigText(weights.shape, model.folder));
  await writeSafetensors(
    join(folder, ADAPTER),
    tensorsOf(adapterParameters(model, weights.shape), weights.parameters, (name) => PEFT_PREFIX + name),
    metadata,
  );
}

/**
 * Reads a saved policy, ours or PEFT's. Linear layers that an adapter leaves out are not part of its shape.
 * @throws Error naming the file that is missing, foreign or corrupt.
 */
export async function loadPolicyFiles(folder: string, model: LoadedModel): Promise<Exclude<PolicyWeights, { kind: 'base' }>> {
  const configPath = join(folder, ADAPTER_CONFIG);
  const text = await readFile(configPath, 'utf8').catch(() => null);
  if (text === null) {
    if (existsSync(join(folder, ON_SERVER)))
      throw new Error(`${folder}: its weights lie on a training server (${ON_SERVER} says where), and only a run there can use them`);
    const file = await openOurs(join(folder, MODEL), model).catch((error: Error) => {
      throw new Error(`${folder} holds no policy: no ${ADAPTER_CONFIG}, and ${error.message}`);
    });
    return { kind: 'full', parameters: readParameters(file, model.parameters, (name) => name) };
  }
  const said = parseAdapterConfig(text, configPath);
  const file = await openOurs(join(folder, ADAPTER), model);
  const every = loraParameters(model.config, { rank: said.rank, alpha: said.alpha, targets: LINEAR_LAYERS });
  const modules = new Map(every.map(({ name, module }) => [PEFT_PREFIX + name, module]));
  const foreign = [...file.entries.keys()].find((name) => !modules.has(name));
  if (foreign !== undefined)
    throw new Error(
      `${file.path}: tensor ${foreign} belongs to no linear layer of ${model.folder}; the adapter is for another model or trains other layers`,
    );
  if (file.entries.size === 0) throw new Error(`${file.path} holds no LoRA matrices`);
  const adapted = [...new Set([...file.entries.keys()].map((name) => modules.get(name)!))];
  const shape = adapterShape(said, adapted, model.config, { config: configPath, weights: file.path });
  return { kind: 'lora', shape, parameters: readAdapter(file, shape, configPath, model) };
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
export function adapterParameters(model: LoadedModel, shape: LoraShape): Parameter[] {
  return loraParameters(model.config, shape).map(({ name, shape }) => ({ name, shape, linear: true }));
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

/** The matrices of an adapter, whose rank must be what its configuration says. */
function readAdapter(file: SafetensorsFile, shape: LoraShape, configPath: string, model: LoadedModel): FlatParameters {
  for (const { name, matrix } of loraParameters(model.config, shape)) {
    const found = file.entries.get(PEFT_PREFIX + name)?.shape;
    const rank = found?.length === 2 ? found[matrix === 'A' ? 0 : 1] : undefined;
    if (rank !== undefined && rank !== shape.rank)
      throw new Error(`${file.path}: tensor ${PEFT_PREFIX}${name} is of rank ${rank}, ${configPath} says r ${shape.rank}`);
  }
  return readParameters(file, adapterParameters(model, shape), (name) => PEFT_PREFIX + name);
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
