import * as z from 'zod';
import { originOf } from './chatEndpoints';

/** How a server makes one loss of a batch's tokens: their sum, or the mean over datums of each datum's mean. */
export const NORMALISATIONS = ['sum', 'mean-of-means'] as const;

/** A base URL as settings have it: up to and without `/api/v1`, or with it. */
export const serverUrl = z
  .url({ protocol: /^https?$/, error: 'give an http or https URL, such as http://127.0.0.1:8000' })
  .refine((url) => !/^[^/]*\/\/[^/?#]*@/.test(url), 'a key does not belong in a URL: set TINKER_API_KEY, or choose Set API Key…')
  .refine((url) => !/[?#]/.test(url), 'give the URL without ? and #');

/**
 * A training server that speaks the Tinker API, and what it trains. The key is no part of it: it comes from `TINKER_API_KEY`, or
 * from VS Code's secret storage under the server's origin. The run's `policy` is then the folder with the base model's tokenizer and chat template.
 */
export const tinkerEngine = z.strictObject({
  kind: z.literal('tinker'),
  baseUrl: serverUrl,
  /** As the server calls it: `Qwen/Qwen3-0.6B`. */
  baseModel: z.string().min(1),
  normalisation: z.enum(NORMALISATIONS),
});

/** See `tinkerEngine`. */
export type TinkerEngineSettings = z.infer<typeof tinkerEngine>;

/** What a trainer is told of its training server that is kept in no file. */
export const serverReach = z.strictObject({
  /** Where the server is now, if not where run.json says. */
  baseUrl: serverUrl.optional(),
  key: z.string().optional(),
});

/** See `serverReach`. */
export type ServerReach = z.infer<typeof serverReach>;

/** Environment variable of the key. */
export const SERVER_KEY_VARIABLE = 'TINKER_API_KEY';

/** Whether a URL leads to this very machine. */
export function isLoopback(baseUrl: string): boolean {
  const host = originOf({ baseUrl }).replace(/^https?:\/\//, '');
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/.test(host);
}

/** Why a key may not be sent to a server; null where it may, and where there is none. */
export function keyRefusal(baseUrl: string, key: string | undefined): string | null {
  if (!key || isLoopback(baseUrl) || /^https:/i.test(baseUrl)) return null;
  return `${originOf({ baseUrl })} is neither https nor this machine: the key would travel in clear. Use https, or a tunnel to 127.0.0.1`;
}
