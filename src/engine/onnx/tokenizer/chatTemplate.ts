import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Template } from '@huggingface/jinja';

/** A message of a conversation as chat templates take it. */
export interface ChatMessage {
  readonly role: 'user' | 'assistant';
  readonly content: string;
}

/** Stands for texts that a template wraps; nothing that a template would trim or split. */
const MARK = { shown: 'Parleyshown', reply: 'Parleyreply', next: 'Parleynext' } as const;

/** What a model's chat template makes of a conversation. */
export class ChatTemplate {
  private readonly template: Template;

  private constructor(
    source: string,
    private readonly variables: Readonly<Record<string, unknown>>,
    private readonly path: string,
  ) {
    try {
      this.template = new Template(source);
    } catch (error) {
      throw new Error(`${path}: the chat template does not parse: ${firstLine(error)}`);
    }
  }

  /** Reads `chat_template.jinja`, or `chat_template` of `tokenizer_config.json`. @throws Error naming what is missing. */
  static async read(folder: string, tokenizerConfig: Readonly<Record<string, unknown>>): Promise<ChatTemplate> {
    const path = join(folder, 'chat_template.jinja');
    const file = await readFile(path, 'utf8').catch(() => null);
    const inConfig = tokenizerConfig.chat_template;
    const source = file ?? (Array.isArray(inConfig) ? namedDefault(inConfig) : inConfig);
    if (typeof source !== 'string') {
      throw new Error(
        `${folder} has no chat template: neither chat_template.jinja nor chat_template in tokenizer_config.json; an instruction-tuned model has one`,
      );
    }
    const variables = Object.fromEntries(
      ['bos_token', 'eos_token', 'unk_token', 'pad_token'].map((name) => [name, tokenText(tokenizerConfig[name])]),
    );
    return new ChatTemplate(source, variables, file === null ? join(folder, 'tokenizer_config.json') : path);
  }

  /** A conversation as text; with `opening`, up to where the assistant speaks next. Thinking is switched off where a template offers it. */
  render(messages: readonly ChatMessage[], opening: boolean): string {
    try {
      return this.template.render({ ...this.variables, messages, add_generation_prompt: opening, enable_thinking: false });
    } catch (error) {
      throw new Error(`${this.path}: the chat template fails: ${firstLine(error)}`);
    }
  }

  /** What a first observation becomes, the opening of the reply included. */
  first(observation: string): string {
    return this.render([{ role: 'user', content: observation }], true);
  }

  /**
   * What a further observation becomes after a reply and its stop token: found by rendering a conversation and cutting
   * it behind the reply, so that it holds for any template.
   */
  further(observation: string, stop: string): string {
    const whole = this.render(
      [
        { role: 'user', content: MARK.shown },
        { role: 'assistant', content: MARK.reply },
        { role: 'user', content: observation },
      ],
      true,
    );
    const reply = whole.indexOf(MARK.reply);
    const end = reply < 0 ? -1 : whole.indexOf(stop, reply + MARK.reply.length);
    if (end < 0) throw new Error(`${this.path}: the chat template does not end a reply with ${stop}`);
    return whole.slice(end + stop.length);
  }

  /** What follows a reply: the text whose first special token ends a turn. */
  afterReply(): string {
    const whole = this.render(
      [
        { role: 'user', content: MARK.shown },
        { role: 'assistant', content: MARK.reply },
      ],
      false,
    );
    const reply = whole.indexOf(MARK.reply);
    if (reply < 0) throw new Error(`${this.path}: the chat template leaves replies out`);
    return whole.slice(reply + MARK.reply.length);
  }

  /**
   * Whether what was read and produced so far stays as it was when the conversation goes on. Templates that drop the
   * thinking of past replies break this; what they would render differs from what the model has read.
   */
  growsByAppending(stop: string): boolean {
    const before = this.first(MARK.shown);
    const whole = this.render(
      [
        { role: 'user', content: MARK.shown },
        { role: 'assistant', content: MARK.reply },
        { role: 'user', content: MARK.next },
      ],
      true,
    );
    return whole === before + MARK.reply + stop + this.further(MARK.next, stop);
  }
}

/** Newer configs write tokens as objects. */
export function tokenText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  const content = (value as { content?: unknown } | null | undefined)?.content;
  return typeof content === 'string' ? content : undefined;
}

function namedDefault(list: readonly unknown[]): unknown {
  const named = list as readonly ({ name?: unknown; template?: unknown } | null)[];
  return (named.find((each) => each?.name === 'default') ?? named[0])?.template;
}

/** What a library complained of, in one line. */
export function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
}
