import type { ChatEndpoint } from '../../protocol/chatEndpoints';
import type { ChatReply } from './reply';

/** What an endpoint was asked so far, and what it cost. */
export interface ChatUsage {
  /** Replies that came. */
  readonly replies: number;
  /** Attempts that failed and were made again. */
  readonly retries: number;
  readonly promptTokens: number;
  /** Reasoning included. */
  readonly completionTokens: number;
  /** As far as servers tell. */
  readonly reasoningTokens: number;
  /** Characters of reasoning that were seen and taken out of replies. */
  readonly reasoningCharacters: number;
  /** Replies that ended at the token limit. */
  readonly cutOff: number;
  /** Replies whose tokens the server did not count; the cost lacks them. */
  readonly uncounted: number;
  /** US dollars; null without prices. */
  readonly cost: number | null;
}

/** Nothing asked yet. */
export function noUsage({ prices }: Pick<ChatEndpoint, 'prices'>): ChatUsage {
  return {
    replies: 0,
    retries: 0,
    promptTokens: 0,
    completionTokens: 0,
    reasoningTokens: 0,
    reasoningCharacters: 0,
    cutOff: 0,
    uncounted: 0,
    cost: prices ? 0 : null,
  };
}

/** Usage after one more reply. */
export function addReply(usage: ChatUsage, { tokens, reasoning, cutOff }: ChatReply, { prices }: Pick<ChatEndpoint, 'prices'>): ChatUsage {
  const { prompt = 0, completion = 0, reasoning: thought = 0 } = tokens ?? {};
  return {
    ...usage,
    replies: usage.replies + 1,
    promptTokens: usage.promptTokens + prompt,
    completionTokens: usage.completionTokens + completion,
    reasoningTokens: usage.reasoningTokens + thought,
    reasoningCharacters: usage.reasoningCharacters + reasoning.length,
    cutOff: usage.cutOff + (cutOff ? 1 : 0),
    uncounted: usage.uncounted + (tokens ? 0 : 1),
    cost: prices ? (usage.cost ?? 0) + (prompt * prices.input + completion * prices.output) / 1e6 : null,
  };
}

/** Usage in one line, for a log or a terminal: `412 replies, 3 retries, 81,204 + 2,060 tokens, $0.0131`. */
export function usageLine(usage: ChatUsage): string {
  const { replies, retries, promptTokens, completionTokens, reasoningTokens, cutOff, uncounted, cost } = usage;
  const whole = (n: number): string => n.toLocaleString('en-US');
  return [
    `${whole(replies)} ${replies === 1 ? 'reply' : 'replies'}`,
    retries > 0 ? `${whole(retries)} ${retries === 1 ? 'retry' : 'retries'}` : '',
    `${whole(promptTokens)} + ${whole(completionTokens)} tokens${reasoningTokens > 0 ? ` (${whole(reasoningTokens)} of them reasoning)` : ''}`,
    cutOff > 0 ? `${whole(cutOff)} cut off at the token limit (raise thinkingTokens)` : '',
    uncounted > 0 ? `${whole(uncounted)} not counted by the server` : '',
    cost === null ? 'cost unknown (no prices)' : `$${cost.toFixed(4)}`,
  ]
    .filter((piece) => piece !== '')
    .join(', ');
}
