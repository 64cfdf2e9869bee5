import * as z from 'zod';

/** Tokens of one reply, as the server counted them. */
export interface TokenCounts {
  readonly prompt: number;
  /** All that was produced, reasoning included. */
  readonly completion: number;
  /** The part of `completion` that was reasoning; 0 where the server does not tell. */
  readonly reasoning: number;
}

/** What an endpoint answered. */
export interface ChatReply {
  /** The answer, without what the model thought before it. */
  readonly text: string;
  /** What it thought, where the server shows that; it is nobody's to read but the experimenter's. */
  readonly reasoning: string;
  /** Whether it was cut off at the token limit. */
  readonly cutOff: boolean;
  /** Null where the server does not count. */
  readonly tokens: TokenCounts | null;
}

const part = z.looseObject({ type: z.string(), text: z.string().optional(), thinking: z.unknown().optional() });
const count = z.number().nonnegative();

/** The parts of a chat completion that are read; servers add many of their own. */
const completion = z.looseObject({
  choices: z
    .array(
      z.looseObject({
        message: z.looseObject({
          content: z.union([z.string(), z.array(part), z.null()]).optional(),
          // Named so by vLLM, DeepSeek and others; by OpenRouter and newer vLLM.
          reasoning_content: z.string().nullish(),
          reasoning: z.string().nullish().catch(null),
          refusal: z.string().nullish(),
        }),
        finish_reason: z.string().nullish(),
      }),
    )
    .min(1),
  usage: z
    .looseObject({
      prompt_tokens: count,
      completion_tokens: count,
      completion_tokens_details: z.looseObject({ reasoning_tokens: count.nullish() }).nullish(),
    })
    .nullish()
    .catch(null),
});

/** How servers wrap what went wrong. */
const failure = z.union([
  z.looseObject({
    error: z.looseObject({ message: z.string(), code: z.union([z.string(), z.number()]).nullish(), type: z.string().nullish() }),
  }),
  z.looseObject({ error: z.string() }),
  z.looseObject({ message: z.string(), code: z.union([z.string(), z.number()]).nullish() }),
  z.looseObject({ detail: z.string() }),
]);

/** What a server says of an error. */
export interface Failure {
  readonly message: string;
  readonly code: string;
}

/** Reads a chat completion. @returns what is wrong with it, as a text, where it is none. */
export function readReply(json: unknown): ChatReply | string {
  const parsed = completion.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    return `${issue?.path.join('.') || 'the reply'}: ${issue?.message ?? 'invalid'}`;
  }
  const { choices, usage } = parsed.data;
  const { message, finish_reason } = choices[0]!;
  const { text, reasoning } = withoutReasoning(contentOf(message.content) || (message.refusal ?? ''));
  return {
    text,
    reasoning: [message.reasoning_content ?? message.reasoning ?? '', reasoning].filter(Boolean).join('\n'),
    cutOff: finish_reason === 'length',
    tokens: usage
      ? {
          prompt: usage.prompt_tokens,
          completion: usage.completion_tokens,
          reasoning: usage.completion_tokens_details?.reasoning_tokens ?? 0,
        }
      : null,
  };
}

/** Reads what a server says of an error; null where it says nothing in a known form. */
export function readFailure(json: unknown): Failure | null {
  const parsed = failure.safeParse(json);
  if (!parsed.success) return null;
  const said = parsed.data;
  if ('detail' in said && typeof said.detail === 'string') return { message: said.detail, code: '' };
  if ('error' in said && typeof said.error === 'string') return { message: said.error, code: '' };
  const { message, code, type } = ('error' in said ? said.error : said) as { message: string; code?: unknown; type?: unknown };
  return { message, code: String(code ?? type ?? '') };
}

/**
 * Takes what a model thought out of its answer: `<think>…</think>` anywhere, an opening tag without an end (it was cut
 * off) to the end, and an end without an opening tag (the chat template had opened it) from the start.
 */
export function withoutReasoning(content: string): { readonly text: string; readonly reasoning: string } {
  const thoughts: string[] = [];
  const take = (pattern: RegExp, text: string): string =>
    text.replace(pattern, (_, thought: string) => {
      thoughts.push(thought.trim());
      return '';
    });
  let text = take(/<think(?:ing)?>([\s\S]*?)<\/think(?:ing)?>/g, content);
  text = take(/^([\s\S]*)<\/think(?:ing)?>/, text);
  text = take(/<think(?:ing)?>([\s\S]*)$/, text);
  return { text: text.trim(), reasoning: thoughts.filter(Boolean).join('\n') };
}

function contentOf(content: string | z.infer<typeof part>[] | null | undefined): string {
  if (typeof content === 'string') return content;
  return (content ?? []).map(({ type, text }) => (type === 'text' ? (text ?? '') : '')).join('');
}
