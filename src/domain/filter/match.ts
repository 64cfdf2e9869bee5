import type { Seat } from '../seat';
import type { FilterSubject } from './fields';
import type { Comparison, Filter, Operand } from './parse';

/** What was said and done in a negotiation, turn by turn. */
export interface SaidText {
  readonly seat: Seat;
  readonly text: string;
}

/**
 * Whether a negotiation passes. A comparison with a number that it does not have is false, its negation true.
 * @param said null while the texts have not been read
 * @returns undefined where that hangs on texts that have not been read
 */
export function matches(filter: Filter, subject: FilterSubject, said: readonly SaidText[] | null): boolean | undefined {
  switch (filter.kind) {
    case 'and': {
      const left = matches(filter.left, subject, said);
      if (left === false) return false;
      const right = matches(filter.right, subject, said);
      return right === false ? false : left === undefined ? undefined : right;
    }
    case 'or': {
      const left = matches(filter.left, subject, said);
      if (left === true) return true;
      const right = matches(filter.right, subject, said);
      return right === true ? true : left === undefined ? undefined : right;
    }
    case 'not': {
      const of = matches(filter.of, subject, said);
      return of === undefined ? undefined : !of;
    }
    case 'holds': {
      const value = filter.of.read(subject);
      return value !== null && value !== 0;
    }
    case 'compare':
      return compare(filter.by, operandValue(filter.left, subject), operandValue(filter.right, subject));
    case 'says':
      return said?.some(({ seat, text }) => (filter.seat === null || filter.seat === seat) && text.toLowerCase().includes(filter.text));
  }
}

/** Whether a filter can need to know what was said. */
export function readsTexts(filter: Filter): boolean {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return readsTexts(filter.left) || readsTexts(filter.right);
    case 'not':
      return readsTexts(filter.of);
    default:
      return filter.kind === 'says';
  }
}

function operandValue(operand: Operand, subject: FilterSubject): number | string | null {
  return operand.kind === 'value' ? operand.value : operand.field.read(subject);
}

function compare(by: Comparison, left: number | string | null, right: number | string | null): boolean {
  if (left === null || right === null) return false;
  switch (by) {
    case '==':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
  }
}
