import { setMaxListeners } from 'node:events';
import type { Random } from '../../domain/random';
import type { ChatEndpoint } from '../../protocol/chatEndpoints';
import { AttemptError, attemptChat, type ChatMessage, type ChatRequest } from './attempt';
import { type Clock, systemClock } from './clock';
import { Limiter } from './limiter';
import type { ChatReply } from './reply';
import { addReply, type ChatUsage, noUsage } from './usage';

/** A chat endpoint that did not answer in the end; the message is one line that names it, and what to do. */
export class ChatError extends Error {
  override readonly name = 'ChatError';
}

/** What a client is opened with. */
export interface ChatClientOptions {
  /** As settings call it; errors name it so. */
  readonly name: string;
  readonly endpoint: ChatEndpoint;
  /** Sent as a bearer token to the endpoint's origin, and kept nowhere. */
  readonly key?: string | undefined;
  /** Jitter is drawn from it. */
  readonly random: Random;
  readonly clock?: Clock;
}

/** First and longest wait between attempts, milliseconds, before jitter. */
const BACKOFF = { first: 500, longest: 30_000 } as const;

/** A server that asks to wait longer than this many milliseconds has given its answer. */
const LONGEST_WAIT = 5 * 60_000;

/** Asks one chat endpoint, patiently: limits, retries with exponential backoff and jitter, usage and cost. */
export class ChatClient {
  readonly name: string;
  readonly endpoint: ChatEndpoint;
  readonly #key: string | undefined;
  readonly #random: Random;
  readonly #clock: Clock;
  readonly #limiter: Limiter;
  #usage: ChatUsage;
  #asked = 0;
  #limitField: ChatRequest['limitField'] = 'max_tokens';

  constructor({ name, endpoint, key, random, clock = systemClock }: ChatClientOptions) {
    this.name = name;
    this.endpoint = endpoint;
    this.#key = key;
    this.#random = random;
    this.#clock = clock;
    this.#limiter = new Limiter(endpoint, clock);
    this.#usage = noUsage(endpoint);
  }

  /** What was asked so far, and what it cost. */
  get usage(): ChatUsage {
    return this.#usage;
  }

  /**
   * The endpoint's reply to a conversation.
   * @param maxTokens of the answer; what a reasoning model may think on top is the endpoint's setting.
   * @throws ChatError when it does not answer, or the signal's reason when it is aborted.
   */
  async complete(messages: readonly ChatMessage[], maxTokens: number, signal?: AbortSignal): Promise<ChatReply> {
    const { endpoint } = this;
    // As many requests as may wait listen to one signal.
    if (signal) setMaxListeners(0, signal);
    const jitter = this.#random.fork('request', this.#asked++);
    for (let attempt = 0; ; attempt++) {
      try {
        const reply = await this.#limiter.run(() => this.#attempt(messages, maxTokens, signal), signal);
        this.#usage = addReply(this.#usage, reply, endpoint);
        return reply;
      } catch (error) {
        if (!(error instanceof AttemptError)) throw error;
        if (this.#renamesLimit(error)) {
          attempt--;
          continue;
        }
        const wait = Math.max(backoff(attempt, jitter), error.retryAfter ?? 0);
        if (!error.again || attempt >= endpoint.retries || wait > LONGEST_WAIT) throw this.#failed(error, attempt + 1, wait);
        this.#usage = { ...this.#usage, retries: this.#usage.retries + 1 };
        await this.#clock.sleep(wait, signal);
      }
    }
  }

  async #attempt(messages: readonly ChatMessage[], maxTokens: number, signal: AbortSignal | undefined): Promise<ChatReply> {
    const { endpoint } = this;
    const request = { endpoint, key: this.#key, messages, maxTokens: maxTokens + endpoint.thinkingTokens, limitField: this.#limitField };
    try {
      return await attemptChat(request, () => this.#clock.now(), signal);
    } catch (error) {
      // Before the next in the queue has its turn: the server asked everybody to wait.
      if (error instanceof AttemptError && error.status === 429 && error.retryAfter !== null) {
        this.#limiter.pauseUntil(this.#clock.now() + Math.min(error.retryAfter, LONGEST_WAIT));
      }
      throw error;
    }
  }

  /** Whether a server refused the older name of the token limit and is asked by the newer one from now on. */
  #renamesLimit({ status, message }: AttemptError): boolean {
    if (status !== 400 || this.#limitField !== 'max_tokens' || !message.includes('max_completion_tokens')) return false;
    this.#limitField = 'max_completion_tokens';
    return true;
  }

  #failed({ message, again, retryAfter }: AttemptError, attempts: number, wait: number): ChatError {
    const tried = attempts > 1 ? ` (${attempts} attempts)` : '';
    const patience = again && retryAfter !== null && wait > LONGEST_WAIT ? `. It asks to wait ${Math.round(wait / 60_000)} minutes` : '';
    return new ChatError(`api:${this.name}: ${message}${patience}${tried}`);
  }
}

/** 0.5 s, 1 s, 2 s … up to 30 s, of which at least half is waited and the rest is left to chance. */
function backoff(attempt: number, random: Random): number {
  return Math.min(BACKOFF.longest, BACKOFF.first * 2 ** attempt) * (0.5 + 0.5 * random.uniform());
}
