import { LORA_TARGETS, type LoraTarget } from '../../../protocol/runConfig';
import type { ModelConfig } from './config';

/** The linear layers of a block, by the names that Hugging Face and PEFT give them. */
export const LINEAR_LAYERS = LORA_TARGETS;

export type LinearLayer = LoraTarget;

/** One weight of a model. */
export interface Parameter {
  /** Hugging Face's name. */
  readonly name: string;
  /** As we hold it: a linear layer's is `[in, out]`, all else as on disk. */
  readonly shape: readonly number[];
  /** A linear layer inside a block; on disk it lies transposed, `[out, in]`. */
  readonly linear: boolean;
}

export const EMBEDDING = 'model.embed_tokens.weight';
export const FINAL_NORM = 'model.norm.weight';
export const HEAD = 'lm_head.weight';

/** `model.layers.3.self_attn.q_proj`: the module that a linear layer is. */
export function moduleName(layer: number, linear: LinearLayer): string {
  const part = linear.endsWith('gate_proj') || linear === 'up_proj' || linear === 'down_proj' ? 'mlp' : 'self_attn';
  return `model.layers.${layer}.${part}.${linear}`;
}

/** `[in, out]` of a linear layer. */
export function linearShape(config: ModelConfig, linear: LinearLayer): readonly [number, number] {
  const { hiddenSize, intermediateSize } = config;
  const queries = config.heads * config.headSize;
  const keys = config.keyValueHeads * config.headSize;
  switch (linear) {
    case 'q_proj':
      return [hiddenSize, queries];
    case 'k_proj':
    case 'v_proj':
      return [hiddenSize, keys];
    case 'o_proj':
      return [queries, hiddenSize];
    case 'gate_proj':
    case 'up_proj':
      return [hiddenSize, intermediateSize];
    case 'down_proj':
      return [intermediateSize, hiddenSize];
  }
}

/** Whether a linear layer has a bias. */
export function hasBias(config: ModelConfig, linear: LinearLayer): boolean {
  if (linear === 'o_proj') return config.attentionBias.output;
  if (linear === 'q_proj' || linear === 'k_proj' || linear === 'v_proj') return config.attentionBias.queryKeyValue;
  return config.mlpBias;
}

/** The norms of a block, by name. */
export function blockNorms(config: ModelConfig): readonly string[] {
  const gemma = ['pre_feedforward_layernorm', 'post_feedforward_layernorm'];
  return ['input_layernorm', 'post_attention_layernorm', ...(config.gemmaNorms ? gemma : [])];
}

/** Every weight of a model, in a fixed order. */
export function parametersOf(config: ModelConfig): Parameter[] {
  const { hiddenSize } = config;
  const parameter = (name: string, shape: readonly number[], linear = false): Parameter => ({ name, shape, linear });
  const list = [parameter(EMBEDDING, [config.vocabularySize, hiddenSize])];
  for (let layer = 0; layer < config.layers; layer++) {
    for (const norm of blockNorms(config)) list.push(parameter(`model.layers.${layer}.${norm}.weight`, [hiddenSize]));
    for (const linear of LINEAR_LAYERS) {
      const shape = linearShape(config, linear);
      const name = moduleName(layer, linear);
      list.push(parameter(`${name}.weight`, shape, true));
      if (hasBias(config, linear)) list.push(parameter(`${name}.bias`, [shape[1]]));
    }
    if (config.queryKeyNorm) {
      for (const norm of ['q_norm', 'k_norm']) list.push(parameter(`model.layers.${layer}.self_attn.${norm}.weight`, [config.headSize]));
    }
  }
  list.push(parameter(FINAL_NORM, [hiddenSize]));
  if (!config.tiedHead) list.push(parameter(HEAD, [config.vocabularySize, hiddenSize]));
  return list;
}

/** Numbers in all of them. */
export function parameterCount(parameters: readonly Pick<Parameter, 'shape'>[]): number {
  return parameters.reduce((total, { shape }) => total + shape.reduce((product, dim) => product * dim, 1), 0);
}

/** A matrix `[rows, columns]` transposed, row-major. */
export function transposed(data: Float32Array, rows: number, columns: number): Float32Array {
  const out = new Float32Array(data.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) out[j * rows + i] = data[i * columns + j]!;
  return out;
}
