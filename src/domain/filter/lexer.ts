/** A filter that cannot be read, and where. */
export class FilterError extends Error {
  override readonly name = 'FilterError';
  constructor(
    message: string,
    /** Offset in the text, in UTF-16 units. */
    readonly at: number,
  ) {
    super(message);
  }
}

/** A word of a filter. */
export interface Lexeme {
  readonly kind: 'number' | 'text' | 'name' | 'sign' | 'end';
  /** A text without its quotes, a name with its dots, a sign as it is written. */
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

const PATTERNS: readonly (readonly [Lexeme['kind'], RegExp])[] = [
  ['number', /\d+(?:\.\d+)?(?:e[+-]?\d+)?/iy],
  ['name', /[a-z_]\w*(?:\.[a-z_]\w*)*/iy],
  ['sign', /==|!=|<=|>=|[<>()\-,=]/y],
];

/**
 * Splits a filter into words; the last one is `end`.
 * @throws FilterError at a character that no filter has, or a text without its closing quote
 */
export function lexemes(text: string): Lexeme[] {
  const words: Lexeme[] = [];
  for (let at = skipSpace(text, 0); at < text.length; at = skipSpace(text, words.at(-1)!.end)) words.push(wordAt(text, at));
  words.push({ kind: 'end', value: '', start: text.length, end: text.length });
  return words;
}

function skipSpace(text: string, at: number): number {
  while (at < text.length && /\s/.test(text[at]!)) at++;
  return at;
}

function wordAt(text: string, start: number): Lexeme {
  const first = text[start]!;
  if (first === '"' || first === "'") return quoted(text, start, first);
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = start;
    const value = pattern.exec(text)?.[0];
    if (value !== undefined) return { kind, value, start, end: start + value.length };
  }
  throw new FilterError(`“${first}” means nothing in a filter`, start);
}

function quoted(text: string, start: number, quote: string): Lexeme {
  let value = '';
  for (let at = start + 1; at < text.length; at++) {
    const character = text[at]!;
    if (character === quote) return { kind: 'text', value, start, end: at + 1 };
    if (character === '\\' && at + 1 < text.length) at++;
    value += text[at]!;
  }
  throw new FilterError(`the text that begins with ${quote} has no closing ${quote}`, start);
}
