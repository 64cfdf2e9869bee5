import { nearest } from '../../domain/nearest';
import type { LoraShape } from './graphs/loraShape';
import type { ModelConfig } from './model/config';
import { parseJsonFields, shortened } from './model/jsonFields';
import { LINEAR_LAYERS, type LinearLayer } from './model/parameters';

/** What `adapter_config.json` says; what it leaves open is null and follows from the matrices beside it. */
export interface AdapterConfig {
  readonly rank: number;
  readonly alpha: number;
  /** In `LINEAR_LAYERS`' order; null where it is a pattern such as `all-linear`. */
  readonly targets: readonly LinearLayer[] | null;
  /** The adapted blocks, ascending. */
  readonly layers: readonly number[] | null;
}

/** Variants of LoRA that compute something else. */
const UNSUPPORTED = ['use_dora', 'use_rslora', 'fan_in_fan_out', 'lora_bias', 'use_qalora', 'use_bdlora'] as const;

/** What makes other layers or other ranks part of the adapter; empty in a plain one. */
const UNSUPPORTED_UNLESS_EMPTY = {
  rank_pattern: 'all layers share one rank and alpha',
  alpha_pattern: 'all layers share one rank and alpha',
  modules_to_save: 'an adapter holds LoRA matrices only',
  target_parameters: 'an adapter holds LoRA matrices only',
  trainable_token_indices: 'an adapter holds LoRA matrices only',
  layer_replication: 'layers stay as the base model has them',
} as const;

/** Reads `adapter_config.json`, ours or PEFT's. @throws Error of one line that names the file and the field. */
export function parseAdapterConfig(text: string, path: string): AdapterConfig {
  const fields = parseJsonFields(text, path);
  const type = fields.value('peft_type');
  if (type !== 'LORA') throw new Error(`${path}: peft_type ${shortened(type)} is not supported; "LORA" is`);
  for (const field of UNSUPPORTED) if (fields.value(field)) throw new Error(`${path}: ${field} is not supported`);
  for (const [field, why] of Object.entries(UNSUPPORTED_UNLESS_EMPTY)) {
    const value = fields.value(field) ?? {};
    if (typeof value !== 'object' || Object.keys(value).length > 0) throw new Error(`${path}: ${field} is not supported; ${why}`);
  }
  const bias = fields.value('bias') ?? 'none';
  if (bias !== 'none') throw new Error(`${path}: bias ${shortened(bias)} is not supported; "none" is`);
  return {
    rank: fields.integer('r'),
    alpha: fields.positive('lora_alpha'),
    targets: readTargets(fields.value('target_modules'), path),
    layers: readLayers(fields.value('layers_to_transform'), path),
  };
}

/** `adapter_config.json` of an adapter, as PEFT and vLLM read it. */
export function adapterConfigText({ rank, alpha, targets, layers }: LoraShape, base: string): string {
  const json = {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: base,
    r: rank,
    lora_alpha: alpha,
    lora_dropout: 0,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    init_lora_weights: true,
    target_modules: targets,
    ...(layers && { layers_to_transform: layers }),
    use_dora: false,
    use_rslora: false,
  };
  return `${JSON.stringify(json, null, 2)}\n`;
}

/**
 * The shape of an adapter whose file holds these matrices, by PEFT's names: the linear layers that have some, and the blocks that do.
 * Every one of these layers must be adapted in every one of these blocks.
 * @throws Error naming what the two files disagree on.
 */
export function adapterShape(said: AdapterConfig, modules: readonly string[], model: ModelConfig, paths: AdapterPaths): LoraShape {
  const found = modules.map((module) => /^model\.layers\.(\d+)\.\w+\.(\w+)$/.exec(module)!);
  const targets = LINEAR_LAYERS.filter((target) => found.some((match) => match[2] === target));
  const blocks = [...new Set(found.map((match) => Number(match[1])))].sort((a, b) => a - b);
  const missing = said.targets?.find((target) => !targets.includes(target));
  if (missing) throw new Error(`${paths.config} names ${missing} in target_modules, and ${paths.weights} has no matrices for it`);
  const surplus = said.targets && targets.find((target) => !said.targets!.includes(target));
  if (surplus) throw new Error(`${paths.weights} has matrices for ${surplus}, and ${paths.config} does not name it in target_modules`);
  if (said.layers && said.layers.join() !== blocks.join())
    throw new Error(
      `${paths.config} names the layers ${said.layers.join(', ')} in layers_to_transform, and ${paths.weights} has matrices for ${blocks.join(', ')}`,
    );
  const { rank, alpha } = said;
  return { rank, alpha, targets, ...(blocks.length < model.layers && { layers: blocks }) };
}

/** The two files of an adapter, for messages. */
export interface AdapterPaths {
  readonly config: string;
  readonly weights: string;
}

function readTargets(value: unknown, path: string): readonly LinearLayer[] | null {
  // A text is a pattern over module names, or `all-linear`; what it meant is what has matrices.
  if (value == null || typeof value === 'string') return null;
  if (!Array.isArray(value)) throw new Error(`${path}: target_modules must be a list of linear layers, not ${shortened(value)}`);
  const names = value.map((each) => {
    const name = typeof each === 'string' ? each.split('.').at(-1)! : shortened(each);
    if ((LINEAR_LAYERS as readonly string[]).includes(name)) return name;
    const near = nearest(name, LINEAR_LAYERS);
    throw new Error(
      `${path}: target_modules names ${shortened(each)}, which is no linear layer of a block${near ? `; did you mean ${near}?` : `; those are ${LINEAR_LAYERS.join(', ')}`}`,
    );
  });
  return LINEAR_LAYERS.filter((layer) => names.includes(layer));
}

function readLayers(value: unknown, path: string): readonly number[] | null {
  if (value == null) return null;
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const layers = list.filter((each): each is number => Number.isSafeInteger(each) && (each as number) >= 0);
  if (layers.length < list.length) throw new Error(`${path}: layers_to_transform must be layer numbers, not ${shortened(value)}`);
  return layers.length === 0 ? null : [...new Set(layers)].sort((a, b) => a - b);
}
