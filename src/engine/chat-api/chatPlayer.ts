import type { TurnRequest } from '../../domain/games/game';
import type { PendingTurn } from '../../domain/rollout';
import type { ChatMessage } from './attempt';
import type { ChatClient } from './client';
import type { ChatReply } from './reply';

/** How a chat player answers. */
export interface ChatPlayerSettings {
  /** Times that an action which does not parse is asked for again; then the game's default counts. */
  readonly retries: number;
}

/** What came of a chat player's turns. */
export interface ChatTurns {
  readonly turns: number;
  /** Answers that did not parse and were asked for again. */
  readonly retries: number;
  /** Actions that did not parse in the end. */
  readonly invalid: number;
}

/** Tokens that an action may take: the longest proposals take a dozen, and some models cannot do without a preamble. */
const ACTION_TOKENS = 48;

/** Characters of English in a token, where the server does not count. */
const CHARACTERS_A_TOKEN = 4;

/** Choices that are listed when an answer is asked for again. */
const MOST_LISTED = 4;

/** An endpoint at the table: it keeps a conversation for every seat that it takes. */
export class ChatPlayer {
  /** Conversations, by negotiation and seat. */
  readonly #conversations = new Map<string, ChatMessage[]>();
  #count: ChatTurns = { turns: 0, retries: 0, invalid: 0 };

  constructor(
    private readonly client: ChatClient,
    private readonly settings: ChatPlayerSettings,
  ) {}

  /** What came of its turns so far. */
  get count(): ChatTurns {
    return this.#count;
  }

  /**
   * Answers turns that are due, all at once as far as the endpoint's limits allow. What a seat is shown becomes a
   * user's message, what it says an assistant's.
   * @throws ChatError of the first turn that gets no answer; requests that are still under way are called off then.
   */
  async answer(pending: readonly PendingTurn[], signal?: AbortSignal): Promise<string[]> {
    const stop = new AbortController();
    const onAbort = (): void => stop.abort(signal?.reason);
    if (signal?.aborted) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.all(pending.map((turn) => this.#turn(turn, stop.signal)));
    } catch (error) {
      stop.abort(error);
      throw error;
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /** Puts turns on record that somebody took before, as if this player had. */
  replay(turns: readonly (PendingTurn & { readonly text: string })[]): void {
    for (const { negotiation, seat, request, text } of turns) {
      const key = `${negotiation} ${seat}`;
      const before = this.#conversations.get(key) ?? [];
      this.#conversations.set(key, [...before, { role: 'user', content: request.observation }, assistant(text)]);
    }
  }

  async #turn({ negotiation, seat, request }: PendingTurn, signal: AbortSignal): Promise<string> {
    const key = `${negotiation} ${seat}`;
    const before = this.#conversations.get(key) ?? [];
    const asked: ChatMessage[] = [...before, { role: 'user', content: request.observation }];
    const limit = request.constraint.kind === 'message' ? request.constraint.maxTokens : ACTION_TOKENS;
    let text = said(await this.client.complete(asked, limit, signal), request);
    for (let retry = 0; retry < this.settings.retries && !request.parses(text); retry++) {
      this.#count = { ...this.#count, retries: this.#count.retries + 1 };
      // The failure and its correction are shown once and then forgotten: they are no part of the game.
      const again: ChatMessage[] = [...asked, assistant(text), { role: 'user', content: correction(request) }];
      text = said(await this.client.complete(again, limit, signal), request);
    }
    this.#conversations.set(key, [...asked, assistant(text)]);
    this.#count = { ...this.#count, turns: this.#count.turns + 1, invalid: this.#count.invalid + (request.parses(text) ? 0 : 1) };
    return text;
  }
}

/** What a reply says at a turn; a message no longer than the game allows. */
function said(reply: ChatReply, { constraint }: TurnRequest): string {
  const { text } = reply;
  if (constraint.kind !== 'message') return text;
  // The server's limit includes what may be thought, so that a long message can slip through.
  const length = tokensOf(reply);
  if (length <= constraint.maxTokens) return text;
  const characters = [...text];
  return characters
    .slice(0, Math.floor((characters.length * constraint.maxTokens) / length))
    .join('')
    .trimEnd();
}

/** About how many tokens an answer has, without what was thought. */
function tokensOf({ text, reasoning, tokens }: ChatReply): number {
  if (!tokens) return text.length / CHARACTERS_A_TOKEN;
  if (tokens.reasoning > 0) return tokens.completion - tokens.reasoning;
  // Thoughts that stood in the text itself are counted with it.
  return text === '' ? 0 : (tokens.completion * text.length) / (text.length + reasoning.length);
}

function correction({ constraint }: TurnRequest): string {
  const choices = constraint.kind === 'choice' ? constraint.choices : [];
  const form = choices.length <= MOST_LISTED ? choices.join(' or ') : `something like: ${choices.at(Math.floor(choices.length / 2))}`;
  return `That is not a valid answer. Answer with ${form} and nothing else.`;
}

/** A reply as it stands in a conversation; many servers refuse an empty message. */
function assistant(text: string): ChatMessage {
  return { role: 'assistant', content: text || '…' };
}
