import type { Random } from '../../domain/random';
import { messageOf } from '../../protocol/messageOf';
import { keyRefusal } from '../../protocol/trainingServer';
import type { Clock } from '../chat-api/clock';
import { excerpt, networkProblem, readText, redact, retryAfter, TooLong } from '../httpReply';
import { RESUME, ServerError } from './serverError';

/** How a server is reached. */
export interface HttpOptions {
  /** With or without `/api/v1`. */
  readonly baseUrl: string;
  /** Sent as `X-API-Key` to the server's origin, and kept nowhere. */
  readonly key?: string | undefined;
  readonly clock: Clock;
  /** Jitter is drawn from it. */
  readonly random: Random;
  readonly patience: Patience;
}

/** How long we wait, in milliseconds, and how often we try. */
export interface Patience {
  /** Of one attempt, reading the answer included. */
  readonly request: number;
  /** Of one poll for a future, which servers hold for up to 300 s. */
  readonly poll: number;
  /** For a future in all. */
  readonly future: number;
  /** Attempts after the first. */
  readonly retries: number;
  /** First and longest wait between attempts. */
  readonly firstWait: number;
  readonly longestWait: number;
}

/** What is waited by default: a first call compiles or loads weights, and may queue behind others. */
export const PATIENCE: Patience = { request: 60_000, poll: 290_000, future: 60 * 60_000, retries: 7, firstWait: 500, longestWait: 30_000 };

/** One call. */
export interface Call {
  readonly path: string;
  /** GET without a body and POST with one, unless given. */
  readonly method?: 'DELETE';
  /** Nothing for a GET. */
  readonly body?: unknown;
  /** What is sent instead where JSON is refused with 415. */
  readonly protobuf?: () => Uint8Array<ArrayBuffer>;
  /** Whether doing it twice does no harm, so that it may be sent again when no answer came. */
  readonly repeatable: boolean;
  readonly timeout?: number;
  /** Attempts after the first, instead of the usual number. */
  readonly retries?: number;
  readonly signal?: AbortSignal | undefined;
}

/** An answer as it came: the status, and what its body says. */
export interface Answer {
  readonly status: number;
  readonly json: unknown;
  readonly text: string;
  /** Milliseconds that the server asks to wait; null where it does not. */
  readonly wait: number | null;
}

/** Log-probabilities of a batch are the longest that is ever said. */
const MOST_BYTES = 256 * 2 ** 20;

/** A server that asks to wait longer than this many milliseconds has given its answer. */
const LONGEST_ASKED = 10 * 60_000;

/** Too early, as of weights that are still being written, and too many requests: nothing was done yet. */
const LATER: ReadonlySet<number> = new Set([425, 429]);

const JSON_TYPE = 'application/json';
const PROTOBUF_TYPE = 'application/x-protobuf';

/** Talks to one training server, patiently: timeouts, backoff, `Retry-After`, cancellation. Answers 4xx are left to the caller. */
export class Http {
  /** As messages name the server. */
  readonly server: string;
  readonly #root: string;
  #refusesJson = false;

  /** @throws ServerError where the key would travel in clear */
  constructor(private readonly options: HttpOptions) {
    this.server = options.baseUrl.replace(/\/+$/, '').replace(/\/api\/v1$/, '');
    this.#root = `${this.server}/api/v1`;
    const refusal = keyRefusal(options.baseUrl, options.key);
    if (refusal !== null) throw new ServerError(this.server, 'refused', refusal);
  }

  /** What an archive of this server is asked for with. */
  get archive(): { readonly root: string; readonly key: string | undefined } {
    return { root: this.#root, key: this.options.key };
  }

  get patience(): Patience {
    return this.options.patience;
  }

  get clock(): Clock {
    return this.options.clock;
  }

  /** An answer below 500 that asks for no further attempt. @throws ServerError, or the signal's reason */
  async send(call: Call): Promise<Answer> {
    const retries = Math.min(call.retries ?? Number.POSITIVE_INFINITY, this.patience.retries);
    for (let attempt = 0; ; attempt++) {
      const tried = await this.#once(call);
      const answer = 'status' in tried ? tried : undefined;
      if (answer?.status === 415 && call.protobuf && !this.#refusesJson) {
        this.#refusesJson = true;
        continue;
      }
      if (answer && !LATER.has(answer.status) && answer.status < 500) return answer;
      const unsent = answer ? LATER.has(answer.status) || answer.status === 503 : !('status' in tried) && tried.unsent;
      const wait = Math.max(this.backoff(attempt), answer?.wait ?? 0);
      if (attempt >= retries || wait > LONGEST_ASKED || !(call.repeatable || unsent)) throw this.#failed(call, tried, attempt + 1, wait);
      await this.clock.sleep(wait, call.signal);
    }
  }

  /** 0.5 s, 1 s, 2 s … up to 30 s, of which at least half is waited and the rest is left to chance. */
  backoff(attempt: number): number {
    const { firstWait, longestWait } = this.patience;
    return Math.min(longestWait, firstWait * 2 ** attempt) * (0.5 + 0.5 * this.options.random.uniform());
  }

  /** What a server said, without our key in it. */
  said(answer: Answer): string {
    const { json, text, status } = answer;
    const detail = typeof json === 'object' && json !== null && 'detail' in json ? json.detail : undefined;
    const words = typeof detail === 'string' ? detail : detail === undefined ? text : JSON.stringify(detail);
    return redact(`HTTP ${status}: ${excerpt(words)}`, this.options.key);
  }

  async #once({ path, method, body, protobuf, timeout, signal }: Call): Promise<Answer | Lost> {
    signal?.throwIfAborted();
    const { key } = this.options;
    const stop = new AbortController();
    const onAbort = (): void => stop.abort();
    signal?.addEventListener('abort', onAbort, { once: true });
    const milliseconds = timeout ?? this.patience.request;
    const timer = setTimeout(onAbort, milliseconds);
    const binary = this.#refusesJson ? protobuf?.() : undefined;
    try {
      const response = await fetch(`${this.#root}${path}`, {
        method: method ?? (body === undefined ? 'GET' : 'POST'),
        headers: { 'content-type': binary ? PROTOBUF_TYPE : JSON_TYPE, accept: JSON_TYPE, ...(key && { 'x-api-key': key }) },
        ...(body !== undefined && { body: binary ?? JSON.stringify(body) }),
        // A redirect could carry the key to another origin.
        redirect: 'manual',
        signal: stop.signal,
      });
      const text = await readText(response, MOST_BYTES);
      return { status: response.status, json: parsed(text), text, wait: retryAfter(response.headers, this.clock.now()) };
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (error instanceof TooLong) throw new ServerError(this.server, 'garbage', `${path}: ${error.message}`);
      if (stop.signal.aborted) return { what: `no answer to ${path} within ${milliseconds / 1000} s`, fault: 'slow', unsent: false };
      return {
        what: `no connection (${networkProblem(error)})`,
        fault: 'unreachable',
        unsent: /ECONNREFUSED|ENOTFOUND|EAI_AGAIN/.test(codes(error)),
      };
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      // Lets go of a connection whose body was not read to its end.
      stop.abort();
    }
  }

  #failed({ path }: Call, tried: Answer | Lost, attempts: number, wait: number): ServerError {
    const times = attempts > 1 ? `, ${attempts} attempts` : '';
    if (!('status' in tried)) {
      const remedy = tried.fault === 'slow' ? RESUME : `Check the address, and that the server runs. ${RESUME}`;
      return new ServerError(this.server, tried.fault, `${tried.what}${times}. ${remedy}`);
    }
    const said = `${path} ${this.said(tried)}${times}`;
    if (tried.status !== 429) return new ServerError(this.server, 'unreachable', `${said}. See its log. ${RESUME}`, tried.status);
    const patience = wait > LONGEST_ASKED ? `it asks to wait ${Math.round(wait / 60_000)} minutes` : 'it takes no more requests now';
    return new ServerError(this.server, 'slow', `${said}; ${patience}. ${RESUME}`, 429);
  }
}

/** No answer came. */
interface Lost {
  readonly what: string;
  readonly fault: 'slow' | 'unreachable';
  /** Whether the server cannot have seen the request. */
  readonly unsent: boolean;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function codes(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const inner = cause instanceof AggregateError ? cause.errors.map(codes).join(' ') : '';
  return `${cause instanceof Error && 'code' in cause ? String(cause.code) : ''} ${messageOf(cause)} ${inner}`;
}
