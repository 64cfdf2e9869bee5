/** What decoding part of a character gives. */
const BROKEN = '\uFFFD';

/** Beyond this many parts times characters, texts stay as they are: no turn of a game is that long. */
const MOST_WORK = 2e7;

/** A stretch of the tokens' texts: words as they are, or characters that the ends of tokens split. */
interface Part {
  /** The token that the part belongs to: of a split character, the first. */
  readonly token: number;
  /** null: one or more whole characters that no single token holds. */
  readonly literal: string | null;
  /** A whole token may stand for nothing in the text: one that ends a turn. */
  readonly optional: boolean;
}

/** The best way to a place in the text: from where its last part began, and how many tokens were left out. */
interface Way {
  readonly from: number;
  readonly skips: number;
}

/**
 * Gives characters that tokens split (UTF-8 cut in the middle decodes to U+FFFD) back to their tokens: the first token of a
 * split character has it whole, the others have nothing. Texts that do not fit together stay as they are.
 * @param texts each token alone, `[token]`
 * @param whole what the tokens said together
 */
export function mendSplitCharacters(texts: readonly string[], whole: string): readonly string[] {
  if (!texts.some((text) => text.includes(BROKEN))) return texts;
  const parts = partsOf(texts);
  if (parts.length * whole.length > MOST_WORK) return texts;
  // Some tokenizers drop the space before the first word when they decode all of it.
  const fitted = alignParts(parts, whole) ?? alignParts(parts, ` ${whole}`);
  if (fitted === undefined) return texts;
  const mended = texts.map(() => '');
  parts.forEach(({ token }, i) => {
    mended[token] += fitted[i]!;
  });
  return mended;
}

function partsOf(texts: readonly string[]): Part[] {
  const parts: Part[] = [];
  texts.forEach((text, token) => {
    if (!text.includes(BROKEN)) {
      parts.push({ token, literal: text, optional: true });
      return;
    }
    for (const [piece] of text.matchAll(/\uFFFD+|[^\uFFFD]+/g)) {
      const isBroken = piece.startsWith(BROKEN);
      if (!isBroken || parts.at(-1)?.literal !== null) parts.push({ token, literal: isBroken ? null : piece, optional: false });
    }
  });
  return parts;
}

/** The text of each part such that all of `whole` is used up and the fewest tokens are left out; undefined where there is no way. */
function alignParts(parts: readonly Part[], whole: string): string[] | undefined {
  const layers: Map<number, Way>[] = [new Map([[0, { from: 0, skips: 0 }]])];
  for (const part of parts) {
    const next = part.literal === null ? overSplit(layers.at(-1)!, whole) : overLiteral(layers.at(-1)!, whole, part.literal, part.optional);
    if (next.size === 0) return undefined;
    layers.push(next);
  }
  let end = whole.length;
  if (!layers.at(-1)!.has(end)) return undefined;
  const texts: string[] = [];
  for (let i = parts.length; i > 0; i--) {
    const { from } = layers[i]!.get(end)!;
    texts.unshift(from === end ? (parts[i - 1]!.literal ?? '') : whole.slice(from, end));
    end = from;
  }
  return texts;
}

function overLiteral(ways: ReadonlyMap<number, Way>, whole: string, literal: string, optional: boolean): Map<number, Way> {
  const next = new Map<number, Way>();
  const put = (at: number, from: number, skips: number): void => {
    const known = next.get(at);
    if (known === undefined || skips < known.skips) next.set(at, { from, skips });
  };
  for (const [at, { skips }] of ways) {
    if (whole.startsWith(literal, at)) put(at + literal.length, at, skips);
    if (optional) put(at, at, skips + 1);
  }
  return next;
}

/** One or more characters beyond ASCII, which alone take several bytes. */
function overSplit(ways: ReadonlyMap<number, Way>, whole: string): Map<number, Way> {
  const next = new Map<number, Way>();
  let begun: Way | undefined;
  for (let at = Math.min(...ways.keys()); at <= whole.length; at++) {
    if (begun !== undefined && whole.charCodeAt(at - 1) < 128) begun = undefined;
    if (begun !== undefined && !isInsidePair(whole, at)) next.set(at, begun);
    const here = ways.get(at);
    if (here !== undefined && (begun === undefined || here.skips < begun.skips)) begun = { from: at, skips: here.skips };
  }
  return next;
}

function isInsidePair(text: string, at: number): boolean {
  return at > 0 && at < text.length && text.codePointAt(at - 1)! > 0xffff;
}
