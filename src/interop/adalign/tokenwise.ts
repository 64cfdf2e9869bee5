import type { Buffer } from 'node:buffer';

/** A token-wise log that cannot be read; the message says what is wrong with it. */
export class TokenwiseError extends Error {
  override readonly name = 'TokenwiseError';
}

/** One agent's token-wise log of one negotiation, a column a field, one entry a produced token. */
export interface TokenwiseLog {
  /** Place in the agent's chat of the token before: the produced token is at `timestep + 1`. Ascending. */
  readonly timesteps: readonly number[];
  /** As the tokenizer spells them (`Ġthe`). */
  readonly tokens: readonly string[];
  readonly credits: readonly number[];
  /** log π under the policy that trained, nats. */
  readonly logProbs: readonly number[];
  /** log π under the policy that sampled, nats. */
  readonly engineLogProbs: readonly number[];
}

const COLUMNS = ['timestep', 'next_token', 'next_token_credit', 'next_token_log_prob', 'engine_next_token_log_prob'] as const;

/** Largest log that is read, bytes. */
export const MAX_LOG = 64 * 2 ** 20;

/** The name of an agent's log in a `<trainer>_tokenwise.csv` folder. */
export function tokenwiseName(id: number, agent: string): string {
  return `mgid:${id}_agent_id:${agent}`.replace(/[/\\ :|<>"']/g, '_').concat('_tokenwise.csv');
}

/**
 * Reads a token-wise log. Columns are found by name; those with the context and the five likeliest tokens are passed over.
 * @throws TokenwiseError
 */
export function readTokenwise(bytes: Buffer): TokenwiseLog {
  if (bytes.length > MAX_LOG) throw new TokenwiseError(`is larger than ${MAX_LOG >> 20} MB: it is not read`);
  const csv = new Csv(bytes);
  const header = csv.row();
  const places = COLUMNS.map((name) => {
    const place = header.indexOf(name);
    if (place < 0) throw new TokenwiseError(`has no column ${name}`);
    return place;
  });
  const wanted: (number | undefined)[] = header.map((_, place) => {
    const column = places.indexOf(place);
    return column < 0 ? undefined : column;
  });
  const log = {
    timesteps: [] as number[],
    tokens: [] as string[],
    credits: [] as number[],
    logProbs: [] as number[],
    engineLogProbs: [] as number[],
  };
  const cells: string[] = new Array(COLUMNS.length).fill('');
  for (let line = 2; !csv.atEnd; line++) {
    csv.cells(wanted, cells, line);
    const timestep = Number(cells[0]);
    if (cells[0] === '' || !Number.isInteger(timestep) || timestep < 0 || timestep <= (log.timesteps.at(-1) ?? -1)) {
      throw new TokenwiseError(`has timestep "${cells[0]!.slice(0, 20)}" in line ${line}; ascending integers are known`);
    }
    log.timesteps.push(timestep);
    log.tokens.push(cells[1]!);
    log.credits.push(numeric(cells[2]!, 'next_token_credit', line));
    log.logProbs.push(numeric(cells[3]!, 'next_token_log_prob', line));
    log.engineLogProbs.push(numeric(cells[4]!, 'engine_next_token_log_prob', line));
  }
  return log;
}

/** A number; NaN where pandas left the cell empty. */
function numeric(cell: string, column: string, line: number): number {
  const value = cell === '' ? Number.NaN : Number(cell);
  if (cell !== '' && Number.isNaN(value)) throw new TokenwiseError(`has "${cell.slice(0, 20)}" for ${column} in line ${line}`);
  return value;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** CSV as pandas writes it: fields in double quotes where needed, doubled inside. */
class Csv {
  #at = 0;

  constructor(private readonly bytes: Buffer) {}

  get atEnd(): boolean {
    return this.#at >= this.bytes.length;
  }

  /** All fields of one line. */
  row(): string[] {
    const fields: string[] = [];
    for (let more = !this.atEnd; more; ) {
      const [text, next] = this.#field(true);
      fields.push(text);
      more = next;
    }
    return fields;
  }

  /** Chosen fields of one line: the field at place p goes to `cells[wanted[p]]`. @throws TokenwiseError when fields are missing */
  cells(wanted: readonly (number | undefined)[], cells: string[], line: number): void {
    for (let place = 0; place < wanted.length; place++) {
      const column = wanted[place];
      const [text, more] = this.#field(column !== undefined);
      if (column !== undefined) cells[column] = text;
      if (more !== place < wanted.length - 1) {
        throw new TokenwiseError(`has ${more ? 'more' : place + 1} fields in line ${line}, and ${wanted.length} columns`);
      }
    }
  }

  /** The next field, and whether its line goes on. */
  #field(wanted: boolean): [text: string, more: boolean] {
    const { bytes } = this;
    const start = this.#at;
    let text = '';
    let end: number;
    if (bytes[start] === QUOTE) {
      let close = bytes.indexOf(QUOTE, start + 1);
      let isDoubled = false;
      while (close >= 0 && bytes[close + 1] === QUOTE) {
        isDoubled = true;
        close = bytes.indexOf(QUOTE, close + 2);
      }
      if (close < 0) throw new TokenwiseError('is cut short: a quote is not closed');
      if (wanted) {
        text = bytes.toString('utf8', start + 1, close);
        if (isDoubled) text = text.replaceAll('""', '"');
      }
      end = close + 1;
    } else {
      end = start;
      while (end < bytes.length && bytes[end] !== COMMA && bytes[end] !== NEWLINE && bytes[end] !== RETURN) end += 1;
      if (wanted) text = bytes.toString('utf8', start, end);
    }
    const after = bytes[end];
    if (after === COMMA) {
      this.#at = end + 1;
      return [text, true];
    }
    this.#at = end + (after === RETURN ? 2 : 1);
    if (after !== undefined && after !== NEWLINE && after !== RETURN) throw new TokenwiseError('is damaged: text follows a closing quote');
    return [text, false];
  }
}

/**
 * Token spellings as text, one a token, if together they spell what was said (and then perhaps end with special tokens);
 * undefined if they do not. A character that several tokens share is given to the last of them.
 */
export function spelledTexts(tokens: readonly string[], said: string): string[] | undefined {
  for (const decode of [byteLevel, sentencePiece, literal]) {
    const texts = decode(tokens);
    if (texts === undefined) continue;
    const joined = texts.join('');
    if (joined === said || (joined.startsWith(said) && /^\s*<[^<>]*>\s*$/.test(joined.slice(said.length)))) return texts;
    // SentencePiece marks the first word with a space that was never said.
    if (joined === ` ${said}`) return texts.map((text, i) => (i === 0 ? text.slice(1) : text));
  }
  return undefined;
}

/** GPT-2's alphabet: each byte is one printable character. */
const BYTE_OF: ReadonlyMap<string, number> = (() => {
  const printable = (byte: number): boolean => (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255);
  const map = new Map<string, number>();
  let moved = 0;
  for (let byte = 0; byte < 256; byte++) map.set(String.fromCodePoint(printable(byte) ? byte : 256 + moved++), byte);
  return map;
})();

function byteLevel(tokens: readonly string[]): string[] | undefined {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const texts: string[] = [];
  for (const token of tokens) {
    const bytes: number[] = [];
    for (const char of token) {
      const byte = BYTE_OF.get(char);
      if (byte === undefined) return undefined;
      bytes.push(byte);
    }
    texts.push(decoder.decode(Uint8Array.from(bytes), { stream: true }));
  }
  return texts;
}

function sentencePiece(tokens: readonly string[]): string[] {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  return tokens.map((token) => {
    const byte = /^<0x([0-9A-F]{2})>$/.exec(token)?.[1];
    return byte === undefined ? token.replaceAll('▁', ' ') : decoder.decode(Uint8Array.of(Number.parseInt(byte, 16)), { stream: true });
  });
}

function literal(tokens: readonly string[]): string[] {
  return [...tokens];
}
