import { nearest } from '../nearest';
import type { Constraint } from './game';

/** What somebody typed as an answer: the text that the game takes, or one line on why it takes none. */
export type TypedAnswer = { readonly text: string; readonly problem?: undefined } | { readonly problem: string };

/** Choices that are named one by one. */
const MOST_NAMED = 6;

/** What a constraint allows, in a few words: `A or B`, `a whole number from 0 to 10`, `at most 80 words`. */
export function answerForm(constraint: Constraint): string {
  if (constraint.kind === 'message') {
    const { maxTokens, words } = constraint;
    const most = `at most ${maxTokens} ${maxTokens === 1 ? 'word' : 'words'}`;
    return words === undefined ? most : `${most} out of ${words.join(', ')}`;
  }
  const { choices } = constraint;
  // Proposals ascend, kind by kind: the last one keeps all.
  const most = (choices.at(-1) ?? '').split(' ');
  if (!most.every((word) => /^\d+$/.test(word)))
    return choices.length <= MOST_NAMED ? choices.join(' or ') : `one of ${choices.join(', ')}`;
  if (most.length === 1) return `a whole number from 0 to ${most[0]}`;
  return `${most.length} whole numbers with spaces between them, from ${most.map(() => '0').join(' ')} to ${most.join(' ')}`;
}

/** Reads what a person typed. Case, commas and further spaces do not matter; an empty message says nothing, which is allowed. */
export function readTyped(constraint: Constraint, typed: string): TypedAnswer {
  if (constraint.kind === 'choice') {
    const text = constraint.choices.find((choice) => plain(choice) === plain(typed));
    return text === undefined ? { problem: `"${brief(typed)}" is no answer here: give ${answerForm(constraint)}` } : { text };
  }
  const { maxTokens, words } = constraint;
  const said = words === undefined ? typed.split(/\s+/) : typed.toLowerCase().split(/[^\p{Letter}\p{Number}]+/u);
  const kept = said.filter((word) => word !== '');
  const unknown = words === undefined ? undefined : kept.find((word) => !words.includes(word));
  if (unknown !== undefined) {
    const near = nearest(unknown, words ?? []);
    const hint = near === undefined ? `it knows ${(words ?? []).join(', ')}` : `did you mean ${near}?`;
    return { problem: `The other player does not know the word "${brief(unknown)}": ${hint}` };
  }
  if (kept.length > maxTokens) return { problem: `${kept.length} words: say ${answerForm({ kind: 'message', maxTokens })}` };
  return { text: kept.join(' ') };
}

function plain(text: string): string {
  return text
    .toLowerCase()
    .split(/[\s,]+/)
    .filter((word) => word !== '')
    .join(' ');
}

function brief(text: string): string {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
