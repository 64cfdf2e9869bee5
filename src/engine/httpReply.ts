/** Characters of what a server says that are passed on. */
const MOST_SAID = 200;

/** A body that is longer than it may be; where it is cut off the rest is never read. */
export class TooLong extends Error {
  override readonly name = 'TooLong';
}

/** Reads a body as text. @throws TooLong beyond `mostBytes` */
export async function readText(response: Response, mostBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += (chunk as Uint8Array).length;
    if (bytes > mostBytes) throw new TooLong(`a reply of more than ${mostBytes / 2 ** 20} MB`);
    chunks.push(chunk as Uint8Array);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * Milliseconds that a server asks to wait: `retry-after-ms`, or `Retry-After` in seconds or as a date (RFC 9110, 10.2.3);
 * null where it asks for nothing that can be understood.
 */
export function retryAfter(headers: Headers, now: number): number | null {
  const milliseconds = Number(headers.get('retry-after-ms') ?? Number.NaN);
  if (milliseconds >= 0) return milliseconds;
  const value = headers.get('retry-after')?.trim();
  if (!value) return null;
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

/** Why a connection failed, in one line: `ECONNREFUSED 127.0.0.1:8000`. */
export function networkProblem(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  const code = 'code' in cause ? String(cause.code) : '';
  return excerpt(cause.message.includes(code) ? cause.message || code : `${code} ${cause.message}`);
}

/** A server's words on one line, cut short. */
export function excerpt(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  if (line === '') return 'empty';
  return line.length > MOST_SAID ? `${line.slice(0, MOST_SAID)}…` : line;
}

/** Servers quote keys; nobody else is to read them. */
export function redact(text: string, key: string | undefined): string {
  return key ? text.replaceAll(key, '(key)') : text;
}
