import type { TurnText } from '../domain/tokens/turnText';
import type { Annotation } from './annotation';

export type { TurnText };

/** Where an annotation stands now. An orphaned one is kept and shown; its quote says what it was about. */
export type AnchorState =
  | { readonly kind: 'anchored'; readonly start: number; readonly end: number }
  /** The quote stands at other tokens of the turn, and only there. */
  | { readonly kind: 'moved'; readonly start: number; readonly end: number; readonly tokens: Annotation['tokens'] }
  | { readonly kind: 'orphaned'; readonly reason: string };

/**
 * Finds an annotation in its turn; `start` and `end` are places in the turn's text.
 * @param turn undefined where there is no such turn
 */
export function resolveAnchor({ tokens, quote }: Pick<Annotation, 'tokens' | 'quote'>, turn: TurnText | undefined): AnchorState {
  if (turn === undefined) return { kind: 'orphaned', reason: 'its turn is gone' };
  const { text, tokenRanges } = turn;
  if (tokens.end <= tokenRanges.length) {
    const start = tokenRanges[tokens.start]?.[0] ?? tokenRanges[tokens.start - 1]?.[1] ?? 0;
    const end = tokens.end > tokens.start ? tokenRanges[tokens.end - 1]![1] : start;
    if (text.slice(start, end) === quote) return { kind: 'anchored', start, end };
  }
  if (quote === '') return { kind: 'orphaned', reason: 'its tokens are gone' };
  const start = text.indexOf(quote);
  if (start < 0) return { kind: 'orphaned', reason: 'its turn no longer says what it quotes' };
  if (text.indexOf(quote, start + 1) >= 0) return { kind: 'orphaned', reason: 'its turn says what it quotes more than once, elsewhere' };
  const end = start + quote.length;
  const covered = tokenRanges.flatMap(([from, to], token) => (from < end && to > start ? [token] : []));
  if (covered.length === 0) return { kind: 'orphaned', reason: 'its tokens are gone' };
  return { kind: 'moved', start, end, tokens: { start: covered[0]!, end: covered.at(-1)! + 1 } };
}

/** The tokens and the quote of a selection in a turn's text; the whole turn where nothing is selected. */
export function anchorOf({ text, tokenRanges }: TurnText, start: number, end: number): Pick<Annotation, 'tokens' | 'quote'> {
  const covered =
    start === end
      ? tokenRanges.map((_, token) => token)
      : tokenRanges.flatMap(([from, to], token) => (from < end && to > start ? [token] : []));
  const first = covered[0];
  const last = covered.at(-1);
  if (first === undefined || last === undefined) return { tokens: { start: 0, end: 0 }, quote: '' };
  return { tokens: { start: first, end: last + 1 }, quote: text.slice(tokenRanges[first]![0], tokenRanges[last]![1]) };
}
