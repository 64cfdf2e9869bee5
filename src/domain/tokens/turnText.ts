import { mendSplitCharacters } from './splitCharacters';
import { inlineText } from './visibleText';

/** A turn as it is shown, and the places of its tokens in it. */
export interface TurnText {
  /** Lines end in `\n`; nothing else in it is invisible or turns the line around. */
  readonly text: string;
  /** `[token][start, end)` in UTF-16 units, ascending, without gaps; of a character that tokens split, the first has all of it. */
  readonly tokenRanges: readonly (readonly [start: number, end: number])[];
}

/**
 * A turn's text as a reader sees it, and where each token stands in it. All offsets come from here: VS Code normalises line ends,
 * tokens split characters, and escaping makes texts longer.
 * @param tokenTexts each token alone; none where they are not on record, and then the turn counts as one token
 * @param said what the tokens said together, as the turn's text has it
 */
export function turnText(tokenTexts: readonly string[], said: string): TurnText {
  const given = tokenTexts.length === 0 ? [said] : tokenTexts;
  const mended = mendSplitCharacters(given, said);
  const tokenRanges: [number, number][] = [];
  let text = '';
  mended.forEach((piece, token) => {
    const start = text.length;
    // Nothing is left of the later tokens of a split character; a token that is empty by itself shows as such.
    if (piece !== '' || given[token] === '') text += inlineText(piece);
    tokenRanges.push([start, text.length]);
  });
  return { text, tokenRanges };
}

/** The token at an offset, with those that share its character; of an offset behind the last token, that. Empty without tokens. */
export function tokensAt({ tokenRanges }: TurnText, offset: number): number[] {
  const last = tokenRanges.length - 1;
  const found = tokenRanges.findIndex(([start, end]) => start <= offset && offset < end);
  const first = found < 0 ? last : found;
  const range = tokenRanges[first];
  if (range === undefined) return [];
  const tokens = [first];
  for (let token = first + 1; token <= last && tokenRanges[token]![0] === tokenRanges[token]![1]; token++) tokens.push(token);
  return tokens;
}
