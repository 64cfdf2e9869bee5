import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Random, random } from '../../../domain/random';
import { type ModelConfig, parseModelConfig } from './config';
import { toDisk } from './modelFolder';
import { EMBEDDING, HEAD, parametersOf } from './parameters';
import { writeSafetensors } from './safetensors';

/** The sizes of a fresh Llama-shaped model whose tokens are whole words. */
export interface FreshModel {
  readonly hiddenSize: number;
  readonly layers: number;
  readonly heads: number;
  readonly intermediateSize: number;
  readonly maxPositions: number;
  /** The words it can read and write, without special tokens, each once. */
  readonly words: readonly string[];
  readonly seed: number;
  /** See `ModelConfig`. */
  readonly attendsWhole?: boolean;
}

/** Token that ends a turn. */
export const END = '<end>';

/** Special tokens come first: 0 stands for a word that is not in the vocabulary, 1 ends a turn. */
const SPECIAL = ['[UNK]', END];

/** The chat template of such a model: what is shown, then the reply and its end, nothing around them. */
const TEMPLATE = `{% for message in messages %}{{ message.content }}{% if message.role == 'assistant' %}${END}{% else %} {% endif %}{% endfor %}`;

/**
 * Writes a Hugging Face folder with random weights, a word-level tokenizer and its chat template. The folder must exist or
 * be makeable; files of these names in it are replaced. The same settings make the same bytes.
 * @throws RangeError when a word holds whitespace or occurs twice.
 */
export async function writeFreshModel(folder: string, model: FreshModel): Promise<void> {
  const words = [...SPECIAL, ...model.words];
  if (new Set(words).size !== words.length) throw new RangeError('a word occurs twice in the vocabulary');
  for (const word of model.words) if (!/^\S+$/u.test(word)) throw new RangeError(`${JSON.stringify(word)} is not one word`);
  await mkdir(folder, { recursive: true });
  const json = {
    architectures: ['LlamaForCausalLM'],
    model_type: 'llama',
    attention_bias: false,
    mlp_bias: false,
    dtype: 'float32',
    eos_token_id: 1,
    head_dim: model.hiddenSize / model.heads,
    hidden_act: 'silu',
    hidden_size: model.hiddenSize,
    intermediate_size: model.intermediateSize,
    max_position_embeddings: model.maxPositions,
    num_attention_heads: model.heads,
    num_hidden_layers: model.layers,
    num_key_value_heads: model.heads,
    rms_norm_eps: 1e-5,
    rope_theta: 10000,
    tie_word_embeddings: false,
    vocab_size: words.length,
    ...(model.attendsWhole && { parley: { attendsWhole: true } }),
  };
  const config = parseModelConfig(json, join(folder, 'config.json'));
  const write = (name: string, value: unknown): Promise<void> => writeFile(join(folder, name), `${JSON.stringify(value, null, 2)}\n`);
  await write('config.json', json);
  await write('tokenizer.json', {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: SPECIAL.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: { type: 'WhitespaceSplit' },
    post_processor: null,
    decoder: null,
    model: { type: 'WordLevel', vocab: Object.fromEntries(words.map((word, id) => [word, id])), unk_token: '[UNK]' },
  });
  await write('tokenizer_config.json', {
    tokenizer_class: 'PreTrainedTokenizerFast',
    unk_token: '[UNK]',
    eos_token: END,
    chat_template: TEMPLATE,
  });
  const weights = freshWeights(config, model.seed);
  const tensors = parametersOf(config).map((parameter) => ({
    name: parameter.name,
    shape: parameter.linear ? [...parameter.shape].reverse() : parameter.shape,
    data: toDisk(parameter, weights.get(parameter.name)!),
  }));
  await writeSafetensors(join(folder, 'model.safetensors'), tensors, { format: 'pt' });
}

/**
 * Random weights by Hugging Face name, in our layout: normal with variance 1/inputs (what adds to the residual stream less,
 * by 1/√(2 · layers), as GPT-2 does), embeddings normal(0, 1), norms 1, biases 0.
 */
export function freshWeights(config: ModelConfig, seed: number): Map<string, Float32Array> {
  const weights = new Map<string, Float32Array>();
  for (const { name, shape, linear } of parametersOf(config)) {
    const size = shape.reduce((product, dim) => product * dim, 1);
    const draw = random(seed, 'weights', name);
    if (name === EMBEDDING) weights.set(name, normals(size, config.tiedHead ? 1 / Math.sqrt(config.hiddenSize) : 1, draw));
    // The final norm fixes the length of what the head reads, so the head's weights bound how sure the model can ever be, and
    // adapters leave them alone: from 0.5/√hidden an adapter could not push a choice of two beyond 95 %.
    else if (name === HEAD) weights.set(name, normals(size, 2 / Math.sqrt(config.hiddenSize), draw));
    else if (linear) {
      const residual = name.includes('o_proj') || name.includes('down_proj') ? 1 / Math.sqrt(2 * config.layers) : 1;
      weights.set(name, normals(size, residual / Math.sqrt(shape[0]!), draw));
    } else weights.set(name, new Float32Array(size).fill(name.endsWith('.bias') || config.gemmaNorms ? 0 : 1));
  }
  return weights;
}

/** Normal numbers of a standard deviation (Box & Muller 1958). */
export function normals(count: number, deviation: number, draw: Random): Float32Array {
  const numbers = new Float32Array(count);
  for (let i = 0; i < count; i += 2) {
    const radius = deviation * Math.sqrt(-2 * Math.log(draw.uniform()));
    const angle = 2 * Math.PI * draw.uniform();
    numbers[i] = radius * Math.cos(angle);
    if (i + 1 < count) numbers[i + 1] = radius * Math.sin(angle);
  }
  return numbers;
}
