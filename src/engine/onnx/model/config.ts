import { join } from 'node:path';
import { JsonFields, readJsonFields } from './jsonFields';

/** The families of models that the engine runs. */
export type Architecture = 'llama' | 'qwen2' | 'qwen3' | 'gemma3';

/** Rotary frequencies: θ^(−2i/size), changed by a scaling rule. */
export interface RopeConfig {
  readonly theta: number;
  readonly scaling:
    | { readonly kind: 'default' }
    | { readonly kind: 'linear'; readonly factor: number }
    | {
        readonly kind: 'llama3';
        readonly factor: number;
        readonly lowFrequencyFactor: number;
        readonly highFrequencyFactor: number;
        readonly originalPositions: number;
      };
}

/** What a model is made of; a difference between families is a field here, so that there is one forward pass. */
export interface ModelConfig {
  readonly architecture: Architecture;
  readonly vocabularySize: number;
  readonly hiddenSize: number;
  readonly intermediateSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly normEpsilon: number;
  readonly tiedHead: boolean;
  readonly maxPositions: number;
  readonly activation: 'silu' | 'gelu-tanh';
  /** Biases of q, k and v; of o. */
  readonly attentionBias: { readonly queryKeyValue: boolean; readonly output: boolean };
  readonly mlpBias: boolean;
  /** RMS norms over each head's queries and keys. */
  readonly queryKeyNorm: boolean;
  /** Gemma: norms multiply by 1 + w, two more norms a layer, embeddings scaled by √hidden. */
  readonly gemmaNorms: boolean;
  readonly attentionScale: number;
  /** Rotary frequencies of full and of sliding layers. */
  readonly rope: { readonly full: RopeConfig; readonly sliding: RopeConfig };
  /** By layer: how many positions back it sees; null is all. */
  readonly windows: readonly (number | null)[];
  /** Whether long sequences attend in one piece instead of in parts, which round differently: as the embedded policies were made. */
  readonly attendsWhole: boolean;
}

const ARCHITECTURES: Readonly<Record<string, Architecture>> = {
  LlamaForCausalLM: 'llama',
  Qwen2ForCausalLM: 'qwen2',
  Qwen3ForCausalLM: 'qwen3',
  Gemma3ForCausalLM: 'gemma3',
};

/** No model has so many; a number beyond it is a mistake that would be found only once memory is full. */
const MOST_LAYERS = 10_000;

/** Reads and checks `config.json` of a model folder. @throws Error naming the file and the field. */
export async function readModelConfig(folder: string): Promise<ModelConfig> {
  const path = join(folder, 'config.json');
  const fields = await readJsonFields(path, 'a model is a Hugging Face folder with config.json, tokenizer.json and safetensors');
  return parseModelConfig(fields.all(), path);
}

/** The same from parsed JSON; `path` is for messages. */
export function parseModelConfig(json: unknown, path: string): ModelConfig {
  const fields = new JsonFields(json, path);
  const named = fields.optional('architectures', Array.isArray)?.[0];
  const architecture = typeof named === 'string' && Object.hasOwn(ARCHITECTURES, named) ? ARCHITECTURES[named] : undefined;
  if (!architecture) {
    throw new Error(`${path}: architecture ${String(named)} is not supported; ${Object.keys(ARCHITECTURES).join(', ')} are`);
  }
  const heads = fields.integer('num_attention_heads');
  const hiddenSize = fields.integer('hidden_size');
  const layers = fields.integer('num_hidden_layers');
  if (layers > MOST_LAYERS) throw new Error(`${path}: num_hidden_layers ${layers} is more than ${MOST_LAYERS}`);
  const keyValueHeads = fields.integer('num_key_value_heads', heads);
  const headSize = fields.integer('head_dim', hiddenSize / heads);
  if (heads % keyValueHeads !== 0)
    throw new Error(`${path}: num_attention_heads ${heads} is no multiple of num_key_value_heads ${keyValueHeads}`);
  if (headSize % 2 !== 0) throw new Error(`${path}: head_dim ${headSize} is odd`);
  const gemma = architecture === 'gemma3';
  for (const field of ['attn_logit_softcapping', 'final_logit_softcapping']) {
    if (fields.value(field) != null) throw new Error(`${path}: ${field} is not supported`);
  }
  const activation = fields.string(gemma ? 'hidden_activation' : 'hidden_act', gemma ? 'gelu_pytorch_tanh' : 'silu');
  if (activation !== 'silu' && activation !== 'gelu_pytorch_tanh')
    throw new Error(`${path}: activation ${activation} is not supported; silu and gelu_pytorch_tanh are`);
  const bias = fields.boolean('attention_bias', false);
  const scalar = gemma ? fields.number('query_pre_attn_scalar', 256) : headSize;
  return {
    architecture,
    vocabularySize: fields.integer('vocab_size'),
    hiddenSize,
    intermediateSize: fields.integer('intermediate_size'),
    layers,
    heads,
    keyValueHeads,
    headSize,
    normEpsilon: fields.number('rms_norm_eps', 1e-6),
    tiedHead: fields.boolean('tie_word_embeddings', gemma),
    maxPositions: fields.integer('max_position_embeddings', 2048),
    activation: activation === 'silu' ? 'silu' : 'gelu-tanh',
    attentionBias: { queryKeyValue: architecture === 'qwen2' || bias, output: architecture !== 'qwen2' && bias },
    mlpBias: fields.boolean('mlp_bias', false),
    queryKeyNorm: architecture === 'qwen3' || gemma,
    gemmaNorms: gemma,
    attentionScale: 1 / Math.sqrt(scalar),
    rope: readRope(fields, gemma),
    windows: readWindows(fields, architecture, layers),
    attendsWhole: fields.object('parley')?.boolean('attendsWhole', false) ?? false,
  };
}

/** Newer folders nest `rope_parameters` (Gemma: one a layer type); older ones write `rope_theta` and `rope_scaling` at the top. */
function readRope(fields: JsonFields, gemma: boolean): ModelConfig['rope'] {
  const parameters = fields.object('rope_parameters');
  if (gemma && parameters?.object('full_attention')) {
    const of = (kind: string): RopeConfig => {
      const part = parameters.object(kind);
      if (!part) throw new Error(`${fields.path}: rope_parameters.${kind} is missing`);
      return ropeConfig(part.number('rope_theta'), part);
    };
    return { full: of('full_attention'), sliding: of('sliding_attention') };
  }
  const theta = parameters?.number('rope_theta') ?? fields.number('rope_theta', gemma ? 1_000_000 : 10_000);
  const full = ropeConfig(theta, parameters ?? fields.object('rope_scaling'));
  return { full, sliding: gemma ? { theta: fields.number('rope_local_base_freq', 10_000), scaling: { kind: 'default' } } : full };
}

function ropeConfig(theta: number, scaling: JsonFields | null): RopeConfig {
  const kind = scaling?.string('rope_type', scaling.string('type', 'default')) ?? 'default';
  if (!scaling || kind === 'default') return { theta, scaling: { kind: 'default' } };
  if (kind === 'linear') return { theta, scaling: { kind, factor: scaling.number('factor') } };
  if (kind !== 'llama3') throw new Error(`${scaling.path}: rope type ${kind} is not supported; default, linear and llama3 are`);
  return {
    theta,
    scaling: {
      kind,
      factor: scaling.number('factor'),
      lowFrequencyFactor: scaling.number('low_freq_factor'),
      highFrequencyFactor: scaling.number('high_freq_factor'),
      originalPositions: scaling.number('original_max_position_embeddings'),
    },
  };
}

function readWindows(fields: JsonFields, architecture: Architecture, layers: number): (number | null)[] {
  const window = fields.value('sliding_window');
  const uses = architecture === 'gemma3' || (architecture.startsWith('qwen') && fields.boolean('use_sliding_window', false));
  if (!uses || typeof window !== 'number') return new Array<null>(layers).fill(null);
  const types = fields.optional('layer_types', Array.isArray);
  const pattern = fields.integer('sliding_window_pattern', fields.integer('_sliding_window_pattern', 6));
  const firstSliding = fields.integer('max_window_layers', layers);
  return Array.from({ length: layers }, (_, layer) => {
    if (types) return types[layer] === 'sliding_attention' ? window : null;
    const slides = architecture === 'gemma3' ? (layer + 1) % pattern !== 0 : layer >= firstSliding;
    return slides ? window : null;
  });
}
