import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { random } from '../../domain/random';
import { type ChatEndpoint, chatEndpoint, originOf } from '../../protocol/chatEndpoints';
import { retryAfter } from '../httpReply';
import { ChatClient, ChatError } from './client';
import { systemClock } from './clock';
import {
  type Behaviour,
  hangs,
  json,
  late,
  type MisbehavingServer,
  raw,
  resets,
  says,
  stalls,
  startMisbehavingServer,
} from './misbehavingServer';
import { usageLine } from './usage';

const KEY = 'sk-very-secret';

/** A clock that is wound on by those who sleep, at once. */
class FakeClock {
  time = 1_700_000_000_000;
  readonly slept: number[] = [];
  now = (): number => this.time;
  sleep = async (milliseconds: number, signal?: AbortSignal): Promise<void> => {
    signal?.throwIfAborted();
    this.slept.push(milliseconds);
    this.time += milliseconds;
    await new Promise((resolve) => setImmediate(resolve));
  };
}

let server: MisbehavingServer;
let clock: FakeClock;
beforeEach(async () => {
  server = await startMisbehavingServer();
  clock = new FakeClock();
});
afterEach(() => server.close());

function client(settings: Partial<ChatEndpoint> = {}, key: string | undefined = KEY): ChatClient {
  const endpoint = chatEndpoint.parse({ baseUrl: server.url, model: 'test-model', timeoutSeconds: 5, ...settings });
  return new ChatClient({ name: 'test', endpoint, key, random: random(7), clock });
}

const ask = (chat: ChatClient, signal?: AbortSignal) => chat.complete([{ role: 'user', content: 'A or B?' }], 16, signal);

async function failure(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ChatError);
  const { message } = error as ChatError;
  expect(message).not.toContain('\n');
  expect(message).not.toContain(KEY);
  return message;
}

describe('a request', () => {
  it('is an OpenAI chat completion with the key as a bearer token', async () => {
    server.script(says('A'));
    const chat = client({ temperature: 0.5, thinkingTokens: 1000, body: { reasoning_effort: 'low' } });
    expect(await ask(chat)).toMatchObject({ text: 'A', reasoning: '', cutOff: false });
    const { path, headers, body } = server.seen[0]!;
    expect(path).toBe('/v1/chat/completions');
    expect(headers.authorization).toBe(`Bearer ${KEY}`);
    expect(body).toEqual({
      model: 'test-model',
      messages: [{ role: 'user', content: 'A or B?' }],
      stream: false,
      max_tokens: 1016,
      temperature: 0.5,
      reasoning_effort: 'low',
    });
  });

  it('carries no key where there is none', async () => {
    const endpoint = chatEndpoint.parse({ baseUrl: `${server.url}/`, model: 'm' });
    await ask(new ChatClient({ name: 'local', endpoint, random: random(1) }));
    expect(server.seen[0]!.headers.authorization).toBeUndefined();
    expect(server.seen[0]!.path).toBe('/v1/chat/completions');
  });

  it('takes the newer name of the token limit once the server asks for it', async () => {
    server.script(
      json(400, { error: { message: "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.", code: null } }),
    );
    const chat = client({ retries: 0 });
    await ask(chat);
    await ask(chat);
    expect(server.seen.map(({ body }) => ['max_tokens' in body, 'max_completion_tokens' in body])).toEqual([
      [true, false],
      [false, true],
      [false, true],
    ]);
  });

  it('follows no redirect, which could carry the key elsewhere', async () => {
    server.script(raw(307, '', { location: 'http://elsewhere.example/v1' }));
    expect(await failure(ask(client()))).toBe('api:test: it redirects to http://elsewhere.example/v1: set that as baseUrl');
    expect(server.seen).toHaveLength(1);
  });
});

describe('a server that misbehaves', () => {
  it('429 with Retry-After: waits at least as long, and so does everybody else', async () => {
    const arrived: number[] = [];
    const noting = (behaviour: Behaviour): Behaviour => {
      return (response, request) => {
        arrived.push(clock.time);
        behaviour(response, request);
      };
    };
    server.otherwise(noting(says('A')));
    server.script(noting(json(429, { error: { message: 'slow down' } }, { 'retry-after': '7' })));
    const chat = client({ concurrency: 1 });
    const replies = await Promise.all([ask(chat), ask(chat), ask(chat)]);
    expect(replies.map(({ text }) => text)).toEqual(['A', 'A', 'A']);
    const [first, ...others] = arrived;
    expect(others).toHaveLength(3);
    for (const time of others) expect(time - first!).toBeGreaterThanOrEqual(7000);
    expect(chat.usage.retries).toBe(1);
  });

  it('500, garbage, a wrong schema, an error in a 200, a reset connection: tries again, waiting longer each time', async () => {
    server.script(
      raw(500, 'oops'),
      raw(200, '<html>garbage</html>'),
      json(200, { choices: [] }),
      json(200, { error: { message: 'upstream is down', code: 502 } }),
      resets,
      says('B'),
    );
    const chat = client();
    expect((await ask(chat)).text).toBe('B');
    expect(chat.usage).toMatchObject({ retries: 5, replies: 1 });
    clock.slept.forEach((slept, attempt) => {
      expect(slept).toBeGreaterThanOrEqual(250 * 2 ** attempt);
      expect(slept).toBeLessThanOrEqual(500 * 2 ** attempt);
    });
    expect(clock.slept).toHaveLength(5);
  });

  it('draws its jitter from the given stream', async () => {
    const slept = async () => {
      clock = new FakeClock();
      server.script(raw(503, ''), raw(503, ''), says('A'));
      await ask(client());
      return clock.slept;
    };
    expect(await slept()).toEqual(await slept());
  });

  it('hangs or stalls: gives up on the attempt and tries again', async () => {
    server.script(hangs, stalls, says('B'));
    expect((await ask(client({ timeoutSeconds: 0.08 }))).text).toBe('B');
    server.otherwise(hangs);
    expect(await failure(ask(client({ timeoutSeconds: 0.05, retries: 1 })))).toBe('api:test: no reply within 0.05 s (2 attempts)');
  });

  it('slow: waits within the timeout', async () => {
    server.script(late(60, says('B')));
    expect((await ask(client({ timeoutSeconds: 5, retries: 0 }))).text).toBe('B');
  });

  it('is not there', async () => {
    await server.close();
    expect(await failure(ask(client({ retries: 1 })))).toMatch(
      /^api:test: no connection to http:\/\/127\.0\.0\.1:\d+: .*ECONNREFUSED.* \(2 attempts\)$/,
    );
    server = await startMisbehavingServer();
  });

  it.each([
    [
      '401',
      json(401, { error: { message: `Incorrect API key provided: ${KEY}` } }),
      /HTTP 401: Incorrect API key provided: \(key\)\. The key in TEST_KEY is not accepted/,
    ],
    ['404', json(404, { detail: 'Not Found' }), /HTTP 404: Not Found\. Check baseUrl \(http.*\) and model \(test-model\)$/],
    ['400', json(400, { message: 'context\nlength exceeded' }), /HTTP 400: context length exceeded$/],
    ['402', json(402, { error: 'pay first' }), /HTTP 402: pay first\. The account is out of credit/],
    ['429 for lack of money', json(429, { error: { message: 'You exceeded your quota', code: 'insufficient_quota' } }), /out of credit/],
    [
      '429 for hours',
      json(429, { error: { message: 'daily limit' } }, { 'retry-after': '7200' }),
      /daily limit\. It asks to wait 120 minutes$/,
    ],
  ])('%s: gives up at once and says what to do', async (_, behaviour, message) => {
    server.script(behaviour);
    expect(await failure(ask(client({ keyVariable: 'TEST_KEY' })))).toMatch(message);
    expect(server.seen).toHaveLength(1);
    expect(clock.slept).toEqual([]);
  });

  it('names the variable where a key is wanted and none is set', async () => {
    server.otherwise(json(401, { error: { message: 'no key' } }));
    const endpoint = (keyVariable?: string) => chatEndpoint.parse({ baseUrl: server.url, model: 'm', ...(keyVariable && { keyVariable }) });
    const keyless = (keyVariable?: string) => new ChatClient({ name: 'test', endpoint: endpoint(keyVariable), random: random(1), clock });
    expect(await failure(ask(keyless('LAB_KEY')))).toContain('LAB_KEY is not set: put the key there');
    expect(await failure(ask(keyless()))).toContain('name the environment variable that holds it in keyVariable');
  });
});

describe('limits', () => {
  it('keeps no more requests under way than allowed', async () => {
    server.otherwise(late(15, says('A')));
    const chat = client({ concurrency: 3 });
    await Promise.all(Array.from({ length: 10 }, () => ask(chat)));
    expect(server.mostAtOnce).toBe(3);
    expect(server.seen).toHaveLength(10);
  });

  it('begins no more requests in any minute than allowed', async () => {
    const begun: number[] = [];
    server.otherwise((response, request) => {
      begun.push(clock.time);
      says('A')(response, request);
    });
    const chat = client({ requestsPerMinute: 4, concurrency: 2 });
    for (let asked = 0; asked < 10; asked++) {
      clock.time += 1000;
      await ask(chat);
    }
    begun.forEach((time, i) => {
      if (i >= 4) expect(time - begun[i - 4]!).toBeGreaterThanOrEqual(60_000);
    });
    expect(begun).toHaveLength(10);
  });

  it('stops where it is asked to: under way, in the queue, between attempts', async () => {
    server.otherwise(hangs);
    const underWay = new AbortController();
    const chat = client({ concurrency: 1 });
    const asked = [ask(chat, underWay.signal), ask(chat, underWay.signal)];
    setTimeout(() => underWay.abort(new Error('enough')), 30);
    for (const each of asked) await expect(each).rejects.toThrow('enough');

    server.otherwise(raw(500, ''));
    const patient = new ChatClient({ name: 'test', endpoint: chat.endpoint, random: random(1), clock: systemClock });
    const between = new AbortController();
    setTimeout(() => between.abort(new Error('enough')), 60);
    await expect(ask(patient, between.signal)).rejects.toThrow('enough');

    server.otherwise(says('A'));
    expect((await ask(chat)).text).toBe('A');
  });
});

describe('usage', () => {
  it('adds up tokens and their cost', async () => {
    server.script(
      json(200, {
        choices: [{ message: { content: null, reasoning_content: 'hmm' }, finish_reason: 'length' }],
        usage: { prompt_tokens: 400, completion_tokens: 90, completion_tokens_details: { reasoning_tokens: 90 } },
      }),
      json(200, { choices: [{ message: { content: 'A' } }] }),
      says('A'),
    );
    const chat = client({ prices: { input: 2, output: 10 } });
    expect(await ask(chat)).toEqual({ text: '', reasoning: 'hmm', cutOff: true, tokens: { prompt: 400, completion: 90, reasoning: 90 } });
    await ask(chat);
    await ask(chat);
    expect(chat.usage).toEqual({
      replies: 3,
      retries: 0,
      promptTokens: 500,
      completionTokens: 100,
      reasoningTokens: 90,
      reasoningCharacters: 3,
      cutOff: 1,
      uncounted: 1,
      cost: (500 * 2 + 100 * 10) / 1e6,
    });
    expect(usageLine(chat.usage)).toBe(
      '3 replies, 500 + 100 tokens (90 of them reasoning), 1 cut off at the token limit (raise thinkingTokens), 1 not counted by the server, $0.0020',
    );
    expect(client().usage.cost).toBeNull();
  });
});

describe('settings', () => {
  const wrong = (settings: object) => chatEndpoint.safeParse({ baseUrl: 'https://x.example/v1', model: 'm', ...settings }).error?.issues[0];

  it('refuse what would go wrong later, and say what to write', () => {
    expect(wrong({ baseUrl: 'ftp://x' })?.message).toContain('give an http or https URL');
    expect(wrong({ baseUrl: 'https://me:key@x.example' })?.message).toContain('keyVariable');
    expect(wrong({ keyVariable: 'sk-abc' })?.message).toContain('not the key itself');
    expect(wrong({ body: { messages: [] } })?.message).toContain('Parley sets them');
    expect(wrong({ timeout: 3 })?.code).toBe('unrecognized_keys');
    expect(wrong({})).toBeUndefined();
  });

  it('know an endpoint by its origin', () => {
    expect(originOf({ baseUrl: 'HTTPS://API.Example.com:443/v1' })).toBe('https://api.example.com');
    expect(originOf({ baseUrl: 'http://localhost:8000/v1' })).toBe('http://localhost:8000');
  });
});

describe('Retry-After', () => {
  const now = Date.parse('2026-01-01T00:00:00Z');
  it.each([
    [{ 'retry-after': '2.5' }, 2500],
    [{ 'retry-after': 'Thu, 01 Jan 2026 00:01:00 GMT' }, 60_000],
    [{ 'retry-after': 'Wed, 31 Dec 2025 00:00:00 GMT' }, 0],
    [{ 'retry-after': 'soon' }, null],
    [{ 'retry-after-ms': '120', 'retry-after': '1' }, 120],
    [{}, null],
  ])('%o is %s ms', (headers, milliseconds) => {
    expect(retryAfter(new Headers(headers as Record<string, string>), now)).toBe(milliseconds);
  });
});
