import { setTimeout as wait } from 'node:timers/promises';
import * as z from 'zod';
import type { ConfiguredServer } from './serverSettings';

/** What a server says of what it was asked; the rest is none of our business. */
const session = z.looseObject({ session_id: z.string() });
const model = z.looseObject({ model_id: z.string().optional(), request_id: z.union([z.string(), z.int()]) });
const ready = z.looseObject({ model_id: z.string().optional() });

/** How often a server that does not answer yet is asked again, and how long one answer may take, in milliseconds. */
const ASK_EVERY = 500;
const LONGEST_ANSWER = 310_000;

/** No answer that is waited for is longer. */
const MOST_CHARACTERS = 1_000_000;

/**
 * Waits until a server has loaded its model: until an adapter can be made, which is let go again. `/healthz` would answer long before.
 * @throws Error in one line where the server refuses, or the signal's reason
 */
export async function waitForModel(
  { baseUrl, baseModel, rank }: Pick<ConfiguredServer, 'baseUrl' | 'baseModel' | 'rank'>,
  key: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const root = `${baseUrl.replace(/\/+$/, '').replace(/\/api\/v1$/, '')}/api/v1`;
  const post = async (path: string, body: object): Promise<{ status: number; json: unknown; text: string }> => {
    const response = await fetch(`${root}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(key && { 'x-api-key': key }) },
      body: JSON.stringify(body),
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(LONGEST_ANSWER)]),
    });
    const text = await shortText(response);
    return { status: response.status, json: parsed(text), text };
  };
  const ask = async <T>(path: string, body: object, schema: z.ZodType<T>): Promise<T> => {
    const { status, json, text } = await post(path, body);
    const answer = schema.safeParse(json);
    if (status === 200 && answer.success) return answer.data;
    throw new Error(`${path} answers HTTP ${status}: ${text.slice(0, 200).replace(/\s+/g, ' ')}`);
  };
  const { session_id } = await untilUp(() => ask('/create_session', { tags: ['parley'], sdk_version: 'parley' }, session), signal);
  const made = await ask('/create_model', { session_id, base_model: baseModel, lora_config: { rank } }, model);
  for (;;) {
    signal.throwIfAborted();
    const { status, json, text } = await post('/retrieve_future', { request_id: made.request_id });
    const again =
      status === 408 || status === 429 || (typeof json === 'object' && json !== null && 'type' in json && json.type === 'try_again');
    if (again) {
      await wait(ASK_EVERY, undefined, { signal });
      continue;
    }
    const answer = ready.safeParse(json);
    if (status !== 200 || !answer.success)
      throw new Error(`it does not load ${baseModel}: HTTP ${status}: ${text.slice(0, 200).replace(/\s+/g, ' ')}`);
    await post('/unload_model', { model_id: answer.data.model_id ?? made.model_id }).catch(() => undefined);
    return;
  }
}

/** Asks until there is an answer: a server that is starting refuses connections. */
async function untilUp<T>(ask: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      signal.throwIfAborted();
      // fetch says TypeError where no connection came to be.
      if (!(error instanceof TypeError)) throw error;
      await wait(ASK_EVERY, undefined, { signal });
    }
  }
}

async function shortText(response: Response): Promise<string> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > MOST_CHARACTERS) throw new Error('its answer is too long for a training server’s');
  }
  return text;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
