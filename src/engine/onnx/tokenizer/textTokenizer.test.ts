import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TokenState } from '../../engine';
import { TINY_WORDS, temporaryFolder, writeTinyModel } from '../tinyModel';
import { TextTokenizer } from './textTokenizer';

let root: { path: string; remove: () => Promise<void> };
let tiny: TextTokenizer;

beforeAll(async () => {
  root = await temporaryFolder();
  await writeTinyModel(join(root.path, 'tiny'));
  tiny = await TextTokenizer.read(join(root.path, 'tiny'), TINY_WORDS.length + 2);
});
afterAll(() => root.remove());

/** The byte-level alphabet of GPT-2's tokenizer: printable bytes stand for themselves, the others are moved up. */
function byteAlphabet(): string[] {
  const printable = (byte: number): boolean => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  let moved = 0;
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : 256 + moved++));
}

/** A byte-level BPE folder with a few merges and the special tokens and template of an instruction-tuned model. */
async function chatFolder(name: string, special: readonly string[], template: string): Promise<TextTokenizer> {
  const folder = join(root.path, name);
  await mkdir(folder);
  const merges = [
    ['a', 'p'],
    ['ap', 'p'],
    ['r', 'o'],
    ['ro', 'c'],
    ['roc', 'k'],
  ];
  const words = [...byteAlphabet(), ...merges.map((pair) => pair.join(''))];
  const vocab = Object.fromEntries(words.map((word, id) => [word, id]));
  await writeFile(
    join(folder, 'tokenizer.json'),
    JSON.stringify({
      version: '1.0',
      added_tokens: special.map((content, i) => ({
        id: words.length + i,
        content,
        special: true,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
      })),
      normalizer: null,
      pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
      post_processor: null,
      decoder: { type: 'ByteLevel' },
      model: { type: 'BPE', vocab, merges },
    }),
  );
  await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify({ bos_token: special[0], eos_token: special[1] }));
  await writeFile(join(folder, 'chat_template.jinja'), template);
  return TextTokenizer.read(folder, words.length + special.length + 10);
}

const CHATML = `{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}`;
const LLAMA3 = `{{ bos_token }}{% for message in messages %}<|start|>{{ message.role }}<|end|>\n\n{{ message.content | trim }}<|eot|>{% endfor %}{% if add_generation_prompt %}<|start|>assistant<|end|>\n\n{% endif %}`;
const FORGETFUL = `{% for message in messages %}{% if message.role == 'user' %}<|u|>{{ message.content }}{% else %}<|a|>{{ message.content }}<|e|>{% endif %}{% endfor %}{% if add_generation_prompt %}<|a|><think></think>{% endif %}`;

describe('a word-level tokenizer', () => {
  it('reads words, further observations behind the reply, and ends turns', () => {
    const ids = tiny.observe('r1 you A they B play', { first: true, kind: 'action' });
    expect(tiny.tokenTexts(ids)).toEqual(['r1', ' you', ' A', ' they', ' B', ' play']);
    expect(tiny.observe('r1 you A they B play', { first: false, kind: 'action' })).toEqual(ids);
    expect(tiny.decode([...ids, tiny.stopToken])).toBe('r1 you A they B play');
    expect(tiny.growsByAppending).toBe(true);
    expect(tiny.tokenTexts([tiny.stopToken])).toEqual(['<end>']);
  });

  it('allows exactly the choices, each closed by the stop token', () => {
    const start = tiny.constrain({ kind: 'choice', choices: ['A', 'rock', 'rock paper'] }).start;
    expect(
      paths(start)
        .map((tokens) => tiny.decode(tokens))
        .sort(),
    ).toEqual(['A', 'rock', 'rock paper']);
    expect(tiny.constrain({ kind: 'choice', choices: ['A', 'rock', 'rock paper'] }).start).toBe(start);
  });

  it('shares equal masks', () => {
    const afterA = tiny.constrain({ kind: 'choice', choices: ['A'] }).start;
    const forced = afterA.after(afterA.mask.allowed[0]!)!;
    const message = tiny.constrain({ kind: 'message', maxTokens: 1 }).start;
    const limit = message.after(message.mask.allowed[2]!)!;
    expect(limit.mask).toBe(forced.mask);
    expect([...limit.mask.allowed]).toEqual([tiny.stopToken]);
  });

  it('lets messages hold ordinary words only, up to the limit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.infiniteStream(fc.nat()), (most, picks) => {
        let state: TokenState | null = tiny.constrain({ kind: 'message', maxTokens: most }).start;
        let said = 0;
        while (state) {
          const { allowed }: { allowed: Int32Array } = state.mask;
          const token: number = allowed[picks.next().value! % allowed.length]!;
          state = state.after(token);
          if (token !== tiny.stopToken) {
            said++;
            expect(TINY_WORDS).toContain(tiny.decode([token]));
          }
        }
        expect(said).toBeLessThanOrEqual(most);
      }),
    );
  });

  it('refuses what it cannot write', () => {
    expect(() => tiny.constrain({ kind: 'choice', choices: ['A', 'scissors'] })).toThrow('cannot write "scissors"');
    expect(() => tiny.constrain({ kind: 'choice', choices: [] })).toThrow('a choice among no texts');
    expect(() => tiny.constrain({ kind: 'choice', choices: [''] })).toThrow('makes no token');
    expect(() => tiny.constrain({ kind: 'message', maxTokens: 0 })).toThrow('a message of at most 0 tokens');
  });
});

describe('chat templates', () => {
  it.each([
    ['chatml', ['<|im_start|>', '<|im_end|>'], CHATML, '<|im_end|>'],
    ['llama3', ['<|begin|>', '<|eot|>', '<|start|>', '<|end|>'], LLAMA3, '<|eot|>'],
  ])('%s: what is read and produced grows into what the template renders', async (name, special, template, stop) => {
    const tokenizer = await chatFolder(name, special, template);
    expect(tokenizer.tokenTexts([tokenizer.stopToken])).toEqual([stop]);
    expect(tokenizer.growsByAppending).toBe(true);
    const first = tokenizer.observe('You hold rock.', { first: true, kind: 'message' });
    const reply = paths(tokenizer.constrain({ kind: 'choice', choices: ['rock happens'] }).start)[0]!;
    const second = tokenizer.observe('  They said: äö 🪨 ', { first: false, kind: 'action' });
    const text = tokenizer.tokenTexts([...first, ...reply]).join('');
    expect(text.endsWith(`rock happens${stop}`)).toBe(true);
    expect(text).toContain('You hold rock.');
    expect(tokenizer.decode(reply)).toBe('rock happens');
    expect(tokenizer.tokenTexts(reply)[0]).toBe('rock');
    const opened = tokenizer.tokenTexts(second).join('');
    expect(opened).toContain('They said: ');
    expect(tokenizer.decode(second)).toContain('äö 🪨');
    // The next reply is opened the same way as the first.
    expect(opened.slice(opened.lastIndexOf('assistant'))).toBe(
      tokenizer
        .tokenTexts(first)
        .join('')
        .split('You hold rock.')[1]!
        .slice(-opened.length + opened.lastIndexOf('assistant')),
    );
  });

  it('that rewrite past replies are told apart, and still go on behind the reply', async () => {
    const tokenizer = await chatFolder('forgetful', ['<|u|>', '<|e|>', '<|a|>'], FORGETFUL);
    expect(tokenizer.growsByAppending).toBe(false);
    expect(tokenizer.tokenTexts(tokenizer.observe('x', { first: false, kind: 'action' }))[0]).toBe('<|u|>');
  });

  it('are refused when missing, broken, or without an end', async () => {
    await expect(
      chatFolder('endless', ['<|u|>', '<|e|>'], '{% for message in messages %}{{ message.content }}{% endfor %}'),
    ).rejects.toThrow('ends a reply with no special token');
    await expect(chatFolder('broken', ['<|u|>', '<|e|>'], '{% for %}')).rejects.toThrow(
      /chat_template\.jinja: the chat template does not parse/,
    );
    const folder = join(root.path, 'none');
    await writeTinyModel(folder);
    const path = join(folder, 'tokenizer_config.json');
    const { chat_template: _, ...config } = JSON.parse(await readFile(path, 'utf8'));
    await writeFile(path, JSON.stringify(config));
    await expect(TextTokenizer.read(folder, 100)).rejects.toThrow('has no chat template');
    await expect(TextTokenizer.read(join(root.path, 'tiny'), 5)).rejects.toThrow("config.json's vocab_size is 5");
  });
});

/** Every token sequence that a constraint allows, stop token included. */
function paths(state: TokenState): number[][] {
  return [...state.mask.allowed].flatMap((token) => {
    const next = state.after(token);
    return next ? paths(next).map((rest) => [token, ...rest]) : [[token]];
  });
}
