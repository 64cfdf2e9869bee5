import type * as z from 'zod';
import type { Answer, Call, Http } from './http';
import { RESUME, ServerError } from './serverError';
import { failedResult, promise, tryAgain } from './wire';

/** What a server may do with a call that it is asked once. */
type CallOptions = Pick<Call, 'path' | 'body' | 'repeatable' | 'protobuf' | 'retries' | 'signal'> & {
  /** What was asked, for messages: `training`, `sampling`. */
  readonly what: string;
  /** Whether it is asked before anything is known of the server: what it does not know then is the API. */
  readonly isFirst?: boolean;
};

/** A 408 that comes sooner than this many milliseconds was no long poll: the next waits. */
const REAL_POLL = 1000;

/** Asks for something that is done at once. @throws ServerError */
export async function ask<T>(http: Http, schema: z.ZodType<T>, call: CallOptions): Promise<T> {
  const answer = await http.send(call);
  if (answer.status >= 200 && answer.status < 300) return read(http, schema, answer, call.what);
  if (call.isFirst && (answer.status === 404 || answer.status === 405))
    throw new ServerError(http.server, 'garbage', `${call.what}: ${http.said(answer)}. Is it a server of the Tinker API?`, answer.status);
  throw refusal(http, answer, call.what);
}

/** Asks for something heavy and waits until it is done. @throws ServerError, or the signal's reason */
export async function askAndWait<T>(http: Http, schema: z.ZodType<T>, call: CallOptions): Promise<T> {
  const { request_id: request } = await ask(http, promise, call);
  return waitFor(http, schema, request, call);
}

/**
 * Waits for a future: 200 is its result, 400 its failure, 404 and 410 are of a server that knows it no more; 408, 429 and
 * `try_again` mean to ask again.
 * @throws ServerError, or the signal's reason
 */
export async function waitFor<T>(
  http: Http,
  schema: z.ZodType<T>,
  request: string | number,
  { what, signal }: Pick<CallOptions, 'what' | 'signal'>,
): Promise<T> {
  const { clock, patience } = http;
  const began = clock.now();
  for (let quick = 0; ; ) {
    const asked = clock.now();
    const answer = await poll(http, request, signal);
    const waiting = stillWaiting(answer);
    if (waiting === null) {
      if (answer.status < 300) return result(http, schema, answer, what);
      throw refusal(http, answer, what);
    }
    if (clock.now() - began > patience.future) {
      const minutes = Math.round(patience.future / 60_000);
      const state = waiting === '' ? '' : ` (${waiting})`;
      throw new ServerError(http.server, 'slow', `${what} took longer than ${minutes} minutes${state}. See the server's log. ${RESUME}`);
    }
    quick = clock.now() - asked < REAL_POLL ? quick + 1 : 0;
    const wait = Math.max(answer.wait ?? 0, quick > 0 ? http.backoff(quick - 1) : 0);
    if (wait > 0) await clock.sleep(wait, signal);
  }
}

/** A poll that got no answer in time is like one that was told to ask again. */
async function poll(http: Http, request: string | number, signal: AbortSignal | undefined): Promise<Answer> {
  try {
    return await http.send({
      path: '/retrieve_future',
      body: { request_id: request },
      repeatable: true,
      timeout: http.patience.poll,
      signal,
    });
  } catch (error) {
    // Asked for patience, or silent: both are for the future's own limit to judge.
    if (error instanceof ServerError && error.fault === 'slow') return { status: 408, json: undefined, text: '', wait: null };
    throw error;
  }
}

/** What a server says of a future that is not done; null where it is. */
function stillWaiting({ status, json }: Answer): string | null {
  if (status === 408) return '';
  const again = tryAgain.safeParse(json);
  return again.success ? `its queue is ${again.data.queue_state ?? 'waiting'}` : null;
}

function result<T>(http: Http, schema: z.ZodType<T>, answer: Answer, what: string): T {
  const failed = failedResult.safeParse(answer.json);
  if (failed.success)
    throw new ServerError(http.server, 'refused', `${what} failed: ${http.said({ ...answer, json: { detail: failed.data.error } })}`);
  return read(http, schema, answer, what);
}

function read<T>(http: Http, schema: z.ZodType<T>, answer: Answer, what: string): T {
  const parsed = schema.safeParse(answer.json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue && issue.path.length > 0 ? `${issue.path.map(String).join('.')}: ` : '';
  const why = answer.json === undefined ? 'no JSON' : `${where}${issue?.message ?? 'of another shape'}`;
  throw new ServerError(
    http.server,
    'garbage',
    `what it answers to ${what} cannot be understood (${why}): ${http.said(answer)}. Is it a server of the Tinker API?`,
    answer.status,
  );
}

function refusal(http: Http, answer: Answer, what: string): ServerError {
  const { status } = answer;
  const said = http.said(answer);
  const make = (fault: ServerError['fault'], remedy: string): ServerError =>
    new ServerError(http.server, fault, `${what}: ${said}. ${remedy}`, status);
  if (status >= 300 && status < 400) return make('refused', 'It redirects: set the address that it leads to');
  if (status === 401 || status === 403) return make('refused', 'Give its key: set TINKER_API_KEY, or choose Set API Key…');
  // An engine that was restarted behind its database fails operations on models that it has not loaded.
  const forgotten = status === 404 || status === 410 || (status === 400 && /\bmodel\b.*\bnot (loaded|found)/i.test(said));
  if (forgotten) return make('forgotten', `It does not know this any more, as after a restart. ${RESUME}`);
  if (status === 409) return make('refused', 'Another client seems to use the same model');
  if (status === 415) return make('refused', 'It takes neither JSON nor protobuf');
  return make('refused', 'See the server’s log');
}
