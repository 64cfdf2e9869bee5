import * as z from 'zod';

const time = z.iso.datetime({ error: 'is no time like 2026-01-31T12:00:00.000Z' });
const index = z.int().nonnegative();
const words = z.string().min(1);

/** A reaction, kept after it was taken back so that a merge does not bring it back. */
const reaction = z.looseObject({
  emoji: words,
  author: words,
  /** When it was last given or taken back. */
  time,
  removed: z.literal(true).optional(),
});

const reply = z.looseObject({
  id: words,
  author: words,
  created: time,
  /** When the body was last written. */
  edited: time,
  /** Markdown. */
  body: z.string(),
  reactions: z.array(reaction).default([]),
  /** When it was deleted; kept as a mark, since a line that is gone comes back in a merge. */
  deleted: time.optional(),
});

/** One annotation, one line of `.parley/annotations/<run>.jsonl`. Keys that are not known here are kept. */
export const annotationSchema = z.looseObject({
  /** Sorts by time of making: `annotationId`. */
  id: words,
  run: words,
  iteration: index,
  /** Place in the iteration. */
  negotiation: index,
  /** A branch of the negotiation, whose turn it is then. */
  branch: z.int().positive().optional(),
  /** Place in the negotiation. */
  turn: index,
  /** Token indices in the turn, `[start, end)`. */
  tokens: z.strictObject({ start: index, end: index }),
  /** What those tokens said. */
  quote: z.string(),
  /** Markdown. */
  body: z.string(),
  /** Without #, ascending. */
  tags: z.array(words).default([]),
  author: words,
  created: time,
  /** When anchor, body or tags were last written. */
  edited: time,
  replies: z.array(reply).default([]),
  reactions: z.array(reaction).default([]),
  resolved: z.boolean().default(false),
  /** When and by whom it was last resolved or reopened. */
  resolvedAt: time.optional(),
  resolvedBy: words.optional(),
  deleted: time.optional(),
});

/** See `annotationSchema`. */
export type Annotation = z.infer<typeof annotationSchema>;

/** An answer to an annotation. */
export type Reply = z.infer<typeof reply>;

/** What somebody thinks of an annotation or an answer, in one character. */
export type Reaction = z.infer<typeof reaction>;

/** Where an annotation stands. */
export type Anchor = Pick<Annotation, 'run' | 'iteration' | 'negotiation' | 'turn' | 'tokens' | 'quote'> & {
  readonly branch?: number | undefined;
};

/** Crockford's base 32, lower case: sorts as it counts, and has no letters that are taken for others. */
const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz';

/**
 * An id that sorts by time of making: ten digits of milliseconds, then eight of chance.
 * @param milliseconds since 1970
 * @param entropy five random bytes
 * @throws RangeError when there are fewer, or the time is none
 */
export function annotationId(milliseconds: number, entropy: Uint8Array): string {
  if (entropy.length < 5) throw new RangeError(`an id takes 5 random bytes, not ${entropy.length}`);
  if (!Number.isSafeInteger(milliseconds) || milliseconds < 0) throw new RangeError(`${milliseconds} is no time in milliseconds`);
  let chance = 0;
  for (const byte of entropy.subarray(0, 5)) chance = chance * 256 + byte;
  return digits(milliseconds, 10) + digits(chance, 8);
}

function digits(value: number, count: number): string {
  let text = '';
  let rest = value;
  for (let i = 0; i < count; i++) {
    text = DIGITS[rest % 32]! + text;
    rest = Math.floor(rest / 32);
  }
  return text;
}

/** Order of ids: by code unit, the same on every machine. */
export function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/** Tags in the form that is kept: without #, each once, ascending. */
export function normalTags(tags: readonly string[]): string[] {
  return [...new Set(tags.map((tag) => tag.trim().replace(/^#+/, '')).filter((tag) => tag !== ''))].sort();
}

/** Tags that a Markdown body carries: `#deceptive` at the start or after a space. */
export function tagsOf(body: string): string[] {
  return normalTags([...body.matchAll(/(?<=^|\s)#([\p{L}\p{N}_-]+)/gu)].map((match) => match[1]!));
}
