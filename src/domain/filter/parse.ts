import type { Seat } from '../seat';
import { FILTER_FIELDS, FILTER_FUNCTIONS, type FilterField } from './fields';
import { FilterError, type Lexeme, lexemes } from './lexer';

/** How two values are compared. */
export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';

/** A parsed filter. */
export type Filter =
  | { readonly kind: 'and' | 'or'; readonly left: Filter; readonly right: Filter }
  | { readonly kind: 'not'; readonly of: Filter }
  | { readonly kind: 'compare'; readonly by: Comparison; readonly left: Operand; readonly right: Operand }
  /** A number that is not 0. */
  | { readonly kind: 'holds'; readonly of: FilterField }
  /** The seat, or either where it is null, says the text; lower case. */
  | { readonly kind: 'says'; readonly seat: Seat | null; readonly text: string };

/** One side of a comparison. */
export type Operand = { readonly kind: 'field'; readonly field: FilterField } | { readonly kind: 'value'; readonly value: number | string };

const COMPARISONS: readonly string[] = ['==', '!=', '<', '<=', '>', '>='] satisfies Comparison[];

/**
 * Parses `reward.alice > 60 and not invalid and says("rock")`.
 * @returns null for an empty text, which everything passes
 * @throws FilterError in words for the person who typed it
 */
export function parseFilter(text: string): Filter | null {
  const words = new Words(lexemes(text));
  if (words.peek().kind === 'end') return null;
  const filter = parseOr(words);
  if (words.peek().kind !== 'end')
    throw new FilterError(`expected “and”, “or” or the end, not “${words.peek().value}”`, words.peek().start);
  return filter;
}

class Words {
  #at = 0;
  constructor(private readonly words: readonly Lexeme[]) {}

  /** The next word, left where it is. */
  peek(): Lexeme {
    return this.words[this.#at]!;
  }

  take(): Lexeme {
    const word = this.peek();
    if (word.kind !== 'end') this.#at++;
    return word;
  }

  /** Takes the next word if it is this one. */
  accept(value: string): boolean {
    const is = (this.peek().kind === 'name' || this.peek().kind === 'sign') && this.peek().value.toLowerCase() === value;
    if (is) this.take();
    return is;
  }

  expect(value: string, why: string): void {
    if (!this.accept(value)) throw new FilterError(`expected “${value}” ${why}`, this.peek().start);
  }
}

function parseOr(words: Words): Filter {
  let left = parseAnd(words);
  while (words.accept('or')) left = { kind: 'or', left, right: parseAnd(words) };
  return left;
}

function parseAnd(words: Words): Filter {
  let left = parseNot(words);
  while (words.accept('and')) left = { kind: 'and', left, right: parseNot(words) };
  return left;
}

function parseNot(words: Words): Filter {
  if (words.accept('not')) return { kind: 'not', of: parseNot(words) };
  if (words.accept('(')) {
    const inner = parseOr(words);
    words.expect(')', 'to close the bracket');
    return inner;
  }
  return parseTest(words);
}

function parseTest(words: Words): Filter {
  const start = words.peek();
  const says = FILTER_FUNCTIONS.find(({ name }) => start.kind === 'name' && name === start.value.toLowerCase());
  if (says !== undefined) {
    words.take();
    words.expect('(', `after ${says.name}: ${says.name}("rock")`);
    const text = words.take();
    if (text.kind !== 'text') throw new FilterError(`${says.name} takes a text in quotes: ${says.name}("rock")`, text.start);
    words.expect(')', `after the text of ${says.name}`);
    return { kind: 'says', seat: says.seat, text: text.value.toLowerCase() };
  }
  const left = parseOperand(words);
  const sign = words.peek();
  if (sign.kind === 'sign' && sign.value === '=') throw new FilterError('“=” sets a value; write “==” to compare', sign.start);
  if (sign.kind !== 'sign' || !COMPARISONS.includes(sign.value)) {
    if (left.kind === 'field' && left.field.type === 'number') return { kind: 'holds', of: left.field };
    throw new FilterError(`expected a comparison (${COMPARISONS.join(' ')}) after “${start.value}”`, sign.start);
  }
  words.take();
  const at = words.peek().start;
  const right = parseOperand(words);
  const by = sign.value as Comparison;
  if (typeOf(left) !== typeOf(right)) throw new FilterError(`${describe(left)} cannot be compared with ${describe(right)}`, at);
  if (typeOf(left) === 'text' && by !== '==' && by !== '!=') throw new FilterError('texts are compared by == and != only', sign.start);
  return { kind: 'compare', by, left, right };
}

function parseOperand(words: Words): Operand {
  const negative = words.accept('-');
  const word = words.take();
  if (word.kind === 'number') return { kind: 'value', value: (negative ? -1 : 1) * Number(word.value) };
  if (negative) throw new FilterError('expected a number after “-”', word.start);
  if (word.kind === 'text') return { kind: 'value', value: word.value };
  if (word.kind === 'name') {
    const field = FILTER_FIELDS.find(({ name }) => name === word.value.toLowerCase());
    if (field !== undefined) return { kind: 'field', field };
    throw new FilterError(
      `there is no “${word.value}”; names are ${FILTER_FIELDS.map(({ name }) => name).join(', ')} and says("…")`,
      word.start,
    );
  }
  throw new FilterError(
    word.kind === 'end' ? 'the filter ends too early' : `expected a name, a number or a text, not “${word.value}”`,
    word.start,
  );
}

function typeOf(operand: Operand): 'number' | 'text' {
  if (operand.kind === 'field') return operand.field.type;
  return typeof operand.value === 'number' ? 'number' : 'text';
}

function describe(operand: Operand): string {
  return operand.kind === 'field'
    ? `${operand.field.name} (a ${operand.field.type})`
    : typeof operand.value === 'number'
      ? `the number ${operand.value}`
      : `the text “${operand.value}”`;
}
