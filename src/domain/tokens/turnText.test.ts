import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tokensAt, turnText } from './turnText';
import { inlineText, lineText } from './visibleText';

/** Texts of the kinds that break offsets: emoji, line ends of all sorts, bidirectional and control characters, ANSI, halves of pairs. */
const nasty = fc
  .array(
    fc.oneof(
      fc.constantFrom('a', ' ', 'rock', '\n', '\r\n', '\r', '\u2028', '\u0085', '\t', '\u001b[31m', '\u202e', '\u2066', '\u200b', '\ufeff'),
      fc.constantFrom('é', 'ü', '中', '👍', '👨‍👩‍👧', '🏴‍☠️', '\u{e0041}', '\ud83d', '\udc4d', '', '∅', '\u3164'),
      fc.string({ unit: 'binary', maxLength: 3 }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

/** Tokens as byte-level BPE makes them: the text's UTF-8 cut anywhere, each piece decoded alone. */
const splitBytes = (text: string, cuts: readonly number[]): string[] => {
  const bytes = new TextEncoder().encode(text);
  const places = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  return places.slice(1).map((end, i) => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(places[i], end)));
};

describe('turnText', () => {
  it('says where each token stands', () => {
    expect(turnText(['keep', ' 3', '\n', '<end>'], 'keep 3\n')).toEqual({
      text: 'keep 3↵\n<end>',
      tokenRanges: [
        [0, 4],
        [4, 6],
        [6, 8],
        [8, 13],
      ],
    });
    expect(turnText([], 'no tokens')).toEqual({ text: 'no tokens', tokenRanges: [[0, 9]] });
    expect(turnText(['a', '', 'b'], 'ab')).toEqual({ text: 'a∅b', tokenRanges: [[0, 1], [1, 2], [2, 3]] }); // biome-ignore format: one line
  });

  it('gives the first token of a split character all of it', () => {
    const tokens = ['ok ', '\ufffd\ufffd', '\ufffd', '!', '<|eot|>'];
    expect(turnText(tokens, 'ok 👍!')).toEqual({
      text: 'ok 👍!<|eot|>',
      tokenRanges: [
        [0, 3],
        [3, 5],
        [5, 5],
        [5, 6],
        [6, 13],
      ],
    });
    const split = turnText(tokens, 'ok 👍!');
    expect([0, 3, 4, 5, 99].map((offset) => tokensAt(split, offset))).toEqual([[0], [1, 2], [1, 2], [3], [4]]);
    // A space that decoding drops, and a character that occurs again right behind.
    expect(turnText([' ', '\ufffd', '\ufffd'], 'é').text).toBe(' é');
    expect(turnText(['\ufffd', '\ufffd', '\ufffd', '\ufffd', 'ü'], 'éüü').tokenRanges[4]).toEqual([2, 3]);
    // What does not fit is shown as it is.
    expect(turnText(['\ufffd', 'x'], 'other words').text).toBe('\ufffdx');
  });

  it('has ranges without gaps, and nothing that cannot be seen', () => {
    fc.assert(
      fc.property(fc.array(nasty, { minLength: 1 }), nasty, (tokens, said) => {
        const { text, tokenRanges } = turnText(tokens, said);
        expect(tokenRanges.map(([start]) => start)).toEqual([0, ...tokenRanges.slice(0, -1).map(([, end]) => end)]);
        expect(tokenRanges.at(-1)?.[1]).toBe(text.length);
        expect(text.replaceAll('↵\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u);
      }),
    );
  });

  it('puts characters together again wherever bytes were cut', () => {
    fc.assert(
      fc.property(nasty, fc.array(fc.nat({ max: 200 })), (raw, cuts) => {
        const said = Buffer.from(raw).toString();
        fc.pre(said !== '' && !said.includes('\ufffd'));
        const tokens = splitBytes(said, cuts);
        const { text, tokenRanges } = turnText(tokens, said);
        expect(text).toBe(inlineText(said));
        // A token that holds whole characters alone has them where they stand.
        tokens.forEach((token, i) => {
          if (!token.includes('\ufffd')) expect(text.slice(...tokenRanges[i]!)).toBe(inlineText(token));
        });
      }),
      { numRuns: 500 },
    );
  });

  it('keeps a line of a list on one line', () => {
    expect(lineText('a\nb\r\n\u001b[0m\u202e')).toBe('a↵b\\u{d}↵\\u{1b}[0m\\u{202e}');
  });
});
