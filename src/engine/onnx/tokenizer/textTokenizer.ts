import { join } from 'node:path';
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import type { Constraint } from '../../../domain/games/game';
import type { TokenConstraint, Tokenizer } from '../../engine';
import { readJsonFields } from '../model/jsonFields';
import { ChatTemplate, firstLine } from './chatTemplate';
import { Constraints } from './constraints';

const MISSING = 'a model is a Hugging Face folder with config.json, tokenizer.json, tokenizer_config.json and safetensors';

/** Observations whose tokens are remembered: games show few distinct texts, thousands of times. */
const REMEMBERED = 20_000;

/** A model folder's tokenizer and chat template, as the engine's `Tokenizer`. */
export class TextTokenizer implements Tokenizer {
  readonly stopToken: number;
  private readonly stopText: string;
  private readonly added: ReadonlySet<number>;
  private readonly special: ReadonlySet<number>;
  private readonly constraints: Constraints;
  private readonly known = new Map<string, TokenConstraint>();
  private readonly observed = new Map<string, readonly number[]>();
  private readonly texts = new Map<number, string>();
  private readonly openingTokens: readonly number[];
  /** Whether tokens are whole words that text separates by spaces. */
  private readonly spaced: boolean;

  private constructor(
    private readonly tokenizer: HuggingFaceTokenizer,
    private readonly template: ChatTemplate,
    readonly vocabularySize: number,
    folder: string,
  ) {
    const added = [...tokenizer.get_added_tokens_decoder()];
    this.added = new Set(added.map(([id]) => id));
    this.special = new Set(added.filter(([, token]) => token.special).map(([id]) => id));
    const stop = this.encode(template.afterReply()).find((id) => this.special.has(id));
    if (stop === undefined) throw new Error(`${folder}: the chat template ends a reply with no special token, so nothing would end a turn`);
    this.stopToken = stop;
    this.stopText = tokenizer.id_to_token(stop) ?? '';
    const vocabulary = [...tokenizer.get_vocab(true).values()].sort((a, b) => a - b);
    const largest = vocabulary.at(-1) ?? -1;
    if (largest >= vocabularySize)
      throw new Error(`${folder}: tokenizer.json has token ${largest}, config.json's vocab_size is ${vocabularySize}`);
    const unknown = tokenizer.token_to_id('[UNK]') ?? tokenizer.token_to_id('<unk>');
    this.constraints = new Constraints(
      stop,
      vocabulary.filter((id) => !this.added.has(id) && id !== unknown),
    );
    this.openingTokens = this.encode(template.first('Parley'));
    this.spaced = tokenizer.decoder === null;
  }

  /** Reads `tokenizer.json`, `tokenizer_config.json` and the chat template. @throws Error naming the file that is missing or wrong. */
  static async read(folder: string, vocabularySize: number): Promise<TextTokenizer> {
    const json = (await readJsonFields(join(folder, 'tokenizer.json'), MISSING)).all();
    const config = (await readJsonFields(join(folder, 'tokenizer_config.json'), MISSING)).all();
    const tokenizer = openTokenizer(join(folder, 'tokenizer.json'), json, config);
    return new TextTokenizer(tokenizer, await ChatTemplate.read(folder, config), vocabularySize, folder);
  }

  /** False when the chat template rewrites past replies, so that a long transcript is not exactly what it would render. */
  get growsByAppending(): boolean {
    return this.template.growsByAppending(this.stopText);
  }

  observe(observation: string, { first }: { readonly first: boolean; readonly kind: 'message' | 'action' }): readonly number[] {
    const key = `${first ? 1 : 0}${observation}`;
    let tokens = this.observed.get(key);
    if (!tokens) {
      tokens = this.encode(first ? this.template.first(observation) : this.template.further(observation, this.stopText));
      if (this.observed.size >= REMEMBERED) this.observed.clear();
      this.observed.set(key, tokens);
    }
    return tokens;
  }

  decode(tokens: readonly number[]): string {
    const spoken = tokens.filter((id) => id !== this.stopToken);
    return this.spaced
      ? this.tokenTexts(spoken).join('')
      : this.tokenizer.decode([...spoken], { skip_special_tokens: true, clean_up_tokenization_spaces: false });
  }

  tokenTexts(tokens: readonly number[]): string[] {
    return tokens.map((id, i) => (this.spaced && i > 0 ? ` ${this.textOf(id)}` : this.textOf(id)));
  }

  constrain(constraint: Constraint): TokenConstraint {
    const key = JSON.stringify(constraint);
    let made = this.known.get(key);
    if (!made) {
      made =
        constraint.kind === 'message'
          ? this.constraints.message(constraint.maxTokens, constraint.words && this.wordTokens(constraint.words))
          : this.constraints.choice(constraint.choices.map((text) => this.reply(text)));
      this.known.set(key, made);
    }
    return made;
  }

  /** The tokens of a message's words; undefined, which allows any token, where a word takes several. */
  private wordTokens(words: readonly string[]): number[] | undefined {
    const tokens = words.map((word) => this.reply(word));
    return tokens.every((each) => each.length === 1) ? tokens.flat() : undefined;
  }

  /** A reply's tokens as they stand in the conversation: behind its opening, before its stop token. */
  private reply(text: string): number[] {
    const whole = this.encode(this.template.first('Parley') + text + this.stopText);
    const opening = this.openingTokens;
    const inPlace = whole.at(-1) === this.stopToken && opening.every((id, i) => id === whole[i]);
    const tokens = inPlace ? whole.slice(opening.length, -1) : this.encode(text);
    const unknown = this.tokenizer.token_to_id('[UNK]') ?? this.tokenizer.token_to_id('<unk>');
    if (unknown !== undefined && tokens.includes(unknown))
      throw new RangeError(`the model's vocabulary cannot write ${JSON.stringify(text)}`);
    return tokens;
  }

  private encode(text: string): number[] {
    return this.tokenizer.encode(text, { add_special_tokens: false }).ids;
  }

  private textOf(id: number): string {
    let text = this.texts.get(id);
    if (text === undefined) {
      const raw = this.tokenizer.id_to_token(id) ?? `<${id}>`;
      if (this.spaced || this.added.has(id)) text = raw;
      else if (raw.includes('▁')) text = raw.replaceAll('▁', ' ');
      else text = this.tokenizer.decode([id], { skip_special_tokens: false, clean_up_tokenization_spaces: false }) || raw;
      this.texts.set(id, text);
    }
    return text;
  }
}

/** The library's tokenizer, once it has shown that it can encode and list its words: it checks little of what it is given. */
function openTokenizer(
  path: string,
  json: Readonly<Record<string, unknown>>,
  config: Readonly<Record<string, unknown>>,
): HuggingFaceTokenizer {
  try {
    const tokenizer = new HuggingFaceTokenizer(json, config);
    const { ids } = tokenizer.encode('Parley 1', { add_special_tokens: false });
    const numbers = [...ids, ...tokenizer.get_vocab(true).values(), ...tokenizer.get_added_tokens_decoder().keys()];
    if (!numbers.every((id) => Number.isSafeInteger(id) && id >= 0)) throw new Error('a token has no number');
    tokenizer.decode(ids.slice(0, 1));
    return tokenizer;
  } catch (error) {
    throw new Error(`${path} cannot be used as a tokenizer of Hugging Face's: ${firstLine(error)}`);
  }
}
