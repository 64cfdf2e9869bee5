import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Special tokens of ChatML. */
const SPECIAL = ['<|endoftext|>', '<|im_start|>', '<|im_end|>'];

const CHATML =
  '{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}';

/**
 * Writes a model folder as Hugging Face's transformers saves one: tiny random weights of the family that `test/fixtures/hf` has by that
 * name, a byte-level BPE tokenizer without merges and the chat template of Qwen.
 */
export function writeHuggingFaceModel(folder: string, family: 'qwen2' | 'qwen3' | 'llama' = 'qwen2'): void {
  const fixture = path.join(__dirname, '../fixtures/hf', family);
  cpSync(path.join(fixture, 'model.safetensors'), path.join(folder, 'model.safetensors'), { recursive: true });
  const bytes = byteAlphabet();
  const ids = Object.fromEntries(SPECIAL.map((content, i) => [content, bytes.length + i]));
  const config = JSON.parse(readFileSync(path.join(fixture, 'config.json'), 'utf8')) as Record<string, unknown>;
  const write = (name: string, content: unknown): void => writeFileSync(path.join(folder, name), JSON.stringify(content));
  write('config.json', { ...config, eos_token_id: ids['<|im_end|>'], bos_token_id: ids['<|endoftext|>'] });
  write('tokenizer.json', {
    version: '1.0',
    added_tokens: SPECIAL.map((content) => {
      return { id: ids[content], content, special: true, single_word: false, lstrip: false, rstrip: false, normalized: false };
    }),
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: 'ByteLevel' },
    model: { type: 'BPE', vocab: Object.fromEntries(bytes.map((word, id) => [word, id])), merges: [] },
  });
  write('tokenizer_config.json', { eos_token: '<|im_end|>' });
  writeFileSync(path.join(folder, 'chat_template.jinja'), CHATML);
}

/** The byte-level alphabet of GPT-2's tokenizer: printable bytes stand for themselves, the others are moved up. */
function byteAlphabet(): string[] {
  const isPrintable = (byte: number): boolean => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  let moved = 0;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(isPrintable(byte) ? byte : 256 + moved++));
}
