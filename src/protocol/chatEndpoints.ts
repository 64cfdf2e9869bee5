import * as z from 'zod';

/** Fields of a request that Parley fills in itself. */
const OWN_FIELDS = ['model', 'messages', 'stream', 'n', 'max_tokens', 'max_completion_tokens', 'temperature'] as const;

/**
 * A chat endpoint that speaks OpenAI's chat completions, as settings and `--apis` files describe it. The key is never
 * part of it: it comes from an environment variable, or from VS Code's secret storage under the endpoint's origin.
 */
export const chatEndpoint = z.strictObject({
  /** Up to and without `/chat/completions`: `https://api.openai.com/v1`. */
  baseUrl: z
    .url({ protocol: /^https?$/, error: 'give an http or https URL, such as https://api.openai.com/v1' })
    .refine((url) => !/^[^/]*\/\/[^/?#]*@/.test(url), 'a key does not belong in a URL: name its variable in keyVariable'),
  model: z.string().min(1),
  /** Environment variable that holds the key; no key is sent without one. */
  keyVariable: z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'give the name of an environment variable, not the key itself')
    .optional(),
  /** The server's own unless given. */
  temperature: z.number().nonnegative().optional(),
  /** Of one attempt, reading the reply included. */
  timeoutSeconds: z.number().positive().default(120),
  /** Attempts after the first, where trying again can help. */
  retries: z.int().nonnegative().default(6),
  /** Requests under way at once. */
  concurrency: z.int().positive().default(8),
  /** Requests begun in any 60 seconds; no limit unless given. */
  requestsPerMinute: z.int().positive().optional(),
  /** Tokens that a reasoning model may spend before it answers, on top of the answer's own limit. */
  thinkingTokens: z.int().nonnegative().default(0),
  /** US dollars a million tokens. */
  prices: z.strictObject({ input: z.number().nonnegative(), output: z.number().nonnegative() }).optional(),
  /** Further fields of the request: `{"reasoning_effort": "low"}`. */
  body: z
    .record(z.string(), z.unknown())
    .refine((body) => !OWN_FIELDS.some((field) => field in body), `leave out ${OWN_FIELDS.join(', ')}: Parley sets them`)
    .optional(),
});

/** See `chatEndpoint`. */
export type ChatEndpoint = z.infer<typeof chatEndpoint>;

/** Endpoints by the NAME of `api:NAME`. */
export const chatEndpoints = z.record(
  z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'name an endpoint with letters, digits, dots and dashes'),
  chatEndpoint,
);

/** See `chatEndpoints`. */
export type ChatEndpoints = z.infer<typeof chatEndpoints>;

/** What an endpoint's key is stored under: scheme, host and port. A key is never sent anywhere else. */
export function originOf({ baseUrl }: Pick<ChatEndpoint, 'baseUrl'>): string {
  const [, scheme = '', host = ''] = /^(https?):\/\/([^/?#]+)/i.exec(baseUrl) ?? [];
  const origin = `${scheme}://${host}`.toLowerCase();
  return origin.replace(scheme.toLowerCase() === 'https' ? /:443$/ : /:80$/, '');
}
