import { type ChatEndpoint, originOf } from '../../protocol/chatEndpoints';
import { excerpt, networkProblem, readText, redact, retryAfter, TooLong } from '../httpReply';
import { type ChatReply, type Failure, readFailure, readReply } from './reply';

/** A message of a conversation. */
export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** One request. */
export interface ChatRequest {
  readonly endpoint: ChatEndpoint;
  readonly key: string | undefined;
  readonly messages: readonly ChatMessage[];
  readonly maxTokens: number;
  /** What the server calls its token limit: OpenAI's reasoning models know the newer name only, most others the older. */
  readonly limitField: 'max_tokens' | 'max_completion_tokens';
}

/** An attempt that failed, in one line, and whether another can help. */
export class AttemptError extends Error {
  override readonly name = 'AttemptError';

  constructor(
    message: string,
    readonly again: boolean,
    /** Milliseconds that the server asked to wait; null where it did not. */
    readonly retryAfter: number | null = null,
    /** HTTP status; 0 where there was none. */
    readonly status = 0,
  ) {
    super(message);
  }
}

/** Replies are short; what is longer than this many bytes is no reply. */
const MOST_BYTES = 8 * 2 ** 20;

/** Codes under which servers say that money is lacking: waiting does not help. */
const NO_MONEY = /insufficient_quota|billing|credit|spend|balance/i;

/**
 * Asks an endpoint once.
 * @param now milliseconds since the epoch, to read dates in `Retry-After` against.
 * @throws AttemptError, or the signal's reason when it is aborted.
 */
export async function attemptChat(request: ChatRequest, now: () => number, signal?: AbortSignal): Promise<ChatReply> {
  const { endpoint, key } = request;
  signal?.throwIfAborted();
  const stop = new AbortController();
  const onAbort = (): void => stop.abort();
  signal?.addEventListener('abort', onAbort, { once: true });
  const timer = setTimeout(onAbort, endpoint.timeoutSeconds * 1000);
  try {
    const response = await fetch(urlOf(endpoint), {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json', ...(key && { authorization: `Bearer ${key}` }) },
      body: JSON.stringify(bodyOf(request)),
      // A redirect could carry the key to another origin.
      redirect: 'manual',
      signal: stop.signal,
    });
    const text = await readText(response, MOST_BYTES);
    return interpret(request, response, text, now);
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (error instanceof AttemptError) throw error;
    if (error instanceof TooLong) throw new AttemptError(error.message, false);
    if (stop.signal.aborted) throw new AttemptError(`no reply within ${endpoint.timeoutSeconds} s`, true);
    throw new AttemptError(`no connection to ${originOf(endpoint)}: ${networkProblem(error)}`, true);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    // Lets go of a connection whose body was not read to its end.
    stop.abort();
  }
}

function urlOf({ baseUrl }: ChatEndpoint): string {
  return `${baseUrl.replace(/\/+$/, '').replace(/\/chat\/completions$/, '')}/chat/completions`;
}

function bodyOf({ endpoint, messages, maxTokens, limitField }: ChatRequest): Record<string, unknown> {
  return {
    ...endpoint.body,
    model: endpoint.model,
    messages,
    stream: false,
    [limitField]: maxTokens,
    ...(endpoint.temperature !== undefined && { temperature: endpoint.temperature }),
  };
}

function interpret(request: ChatRequest, response: Response, text: string, now: () => number): ChatReply {
  const { status } = response;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = undefined;
  }
  if (status >= 300 && status < 400) {
    throw new AttemptError(`it redirects to ${response.headers.get('location') ?? 'nowhere'}: set that as baseUrl`, false, null, status);
  }
  const failure = readFailure(json);
  const reply = response.ok ? readReply(json) : '';
  if (typeof reply !== 'string') return reply;
  if (response.ok && !failure) {
    const what = json === undefined ? `a reply that is not JSON (${excerpt(text)})` : `a reply that is no chat completion (${reply})`;
    throw new AttemptError(what, true, null, status);
  }
  // Gateways answer 200 with an error inside.
  const told = failure ?? { message: excerpt(text), code: '' };
  const effective = response.ok && /^[45]\d\d$/.test(told.code) ? Number(told.code) : response.ok ? 502 : status;
  throw refusal(request, effective, told, retryAfter(response.headers, now()));
}

function refusal({ endpoint, key }: ChatRequest, status: number, failure: Failure, wait: number | null): AttemptError {
  const said = redact(`HTTP ${status}${failure.message ? `: ${excerpt(failure.message)}` : ''}`, key);
  const out = status === 402 || (status === 429 && NO_MONEY.test(failure.code));
  if (out) return new AttemptError(`${said}. The account is out of credit: waiting does not help`, false, null, status);
  if (status === 401 || status === 403) return new AttemptError(`${said}. ${keyAdvice(endpoint, key)}`, false, null, status);
  if (status === 404)
    return new AttemptError(`${said}. Check baseUrl (${endpoint.baseUrl}) and model (${endpoint.model})`, false, null, status);
  const again = status === 408 || status === 409 || status === 425 || status === 429 || status >= 500;
  return new AttemptError(said, again, wait, status);
}

function keyAdvice({ keyVariable }: ChatEndpoint, key: string | undefined): string {
  if (key !== undefined) return `The key${keyVariable ? ` in ${keyVariable}` : ''} is not accepted: check it, and what it may use`;
  return keyVariable
    ? `${keyVariable} is not set: put the key there`
    : 'It wants a key: name the environment variable that holds it in keyVariable';
}
