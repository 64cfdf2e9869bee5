import { type Annotation, byId, type Reaction, type Reply } from './annotation';

/**
 * Two states of one annotation as one: what each side wrote last counts, answers and reactions of both are kept, and what
 * either deleted stays deleted. Commutative, associative and idempotent, so that it does not matter who merges what first.
 */
export function mergeAnnotations(a: Annotation, b: Annotation): Annotation {
  const head = later(a, b, (x) => x.edited, headOf);
  const resolution = later(a, b, (x) => x.resolvedAt ?? '', resolutionOf);
  return canonical({
    ...headOf(head),
    ...resolutionOf(resolution),
    replies: mergeReplies(a.replies, b.replies),
    reactions: mergeReactions(a.reactions, b.reactions),
    ...earliest(a.deleted, b.deleted),
  } as Annotation);
}

/** Annotations with one of each id, in order of id. */
export function mergeAll(annotations: Iterable<Annotation>): Annotation[] {
  const merged = new Map<string, Annotation>();
  for (const annotation of annotations) {
    const known = merged.get(annotation.id);
    merged.set(annotation.id, known === undefined ? canonical(annotation) : mergeAnnotations(known, annotation));
  }
  return [...merged.values()].sort(byId);
}

/** The same annotation with keys, answers and reactions in the order in which they are written. */
export function canonical(annotation: Annotation): Annotation {
  const { id, run, iteration, negotiation, branch, turn, tokens, quote, body, tags, author, created, edited, ...other } = annotation;
  const { replies, reactions, resolved, resolvedAt, resolvedBy, deleted, ...unknown } = other;
  return {
    id,
    run,
    iteration,
    negotiation,
    ...(branch !== undefined && { branch }),
    turn,
    tokens: { start: tokens.start, end: tokens.end },
    quote,
    body,
    tags: [...new Set(tags)].sort(),
    author,
    created,
    edited,
    replies: mergeReplies(replies, []),
    reactions: mergeReactions(reactions, []),
    resolved,
    ...(resolvedAt !== undefined && { resolvedAt }),
    ...(resolvedBy !== undefined && { resolvedBy }),
    ...(deleted !== undefined && { deleted }),
    ...sortedKeys(unknown),
  };
}

function mergeReplies(a: readonly Reply[], b: readonly Reply[]): Reply[] {
  const merged = new Map<string, Reply>();
  for (const reply of [...a, ...b]) {
    const known = merged.get(reply.id);
    merged.set(reply.id, known === undefined ? canonicalReply(reply) : mergeReply(known, reply));
  }
  return [...merged.values()].sort(byId);
}

function mergeReply(a: Reply, b: Reply): Reply {
  const head = later(a, b, (x) => x.edited, replyHeadOf);
  return canonicalReply({
    ...replyHeadOf(head),
    reactions: mergeReactions(a.reactions, b.reactions),
    ...earliest(a.deleted, b.deleted),
  } as Reply);
}

function canonicalReply({ id, author, created, edited, body, reactions, deleted, ...unknown }: Reply): Reply {
  return {
    id,
    author,
    created,
    edited,
    body,
    reactions: mergeReactions(reactions, []),
    ...(deleted !== undefined && { deleted }),
    ...sortedKeys(unknown),
  };
}

/** One of each emoji and author: the last word. */
function mergeReactions(a: readonly Reaction[], b: readonly Reaction[]): Reaction[] {
  const merged = new Map<string, Reaction>();
  for (const reaction of [...a, ...b]) {
    const { emoji, author, time, removed, ...unknown } = reaction;
    const ordered: Reaction = { emoji, author, time, ...(removed !== undefined && { removed }), ...sortedKeys(unknown) };
    const key = JSON.stringify([emoji, author]);
    const known = merged.get(key);
    merged.set(
      key,
      known === undefined
        ? ordered
        : later(
            known,
            ordered,
            (x) => x.time,
            (x) => x,
          ),
    );
  }
  return [...merged].sort(([x], [y]) => (x < y ? -1 : x > y ? 1 : 0)).map(([, reaction]) => reaction);
}

/** What one person writes at a time: everything but answers, reactions, resolution and deletion. */
function headOf(annotation: Annotation): Record<string, unknown> {
  const { replies: _, reactions: _r, resolved: _s, resolvedAt: _a, resolvedBy: _b, deleted: _d, ...head } = canonicalHead(annotation);
  return head;
}

function canonicalHead(annotation: Annotation): Annotation {
  return canonical({ ...annotation, replies: [], reactions: [] });
}

function resolutionOf({ resolved, resolvedAt, resolvedBy }: Annotation): Record<string, unknown> {
  return { resolved, ...(resolvedAt !== undefined && { resolvedAt }), ...(resolvedBy !== undefined && { resolvedBy }) };
}

function replyHeadOf(reply: Reply): Record<string, unknown> {
  const { reactions: _, deleted: _d, ...head } = canonicalReply({ ...reply, reactions: [] });
  return head;
}

/** The one whose part was written later; of two written at once the one whose text is greater, so that all agree. */
function later<T>(a: T, b: T, timeOf: (value: T) => string, partOf: (value: T) => object): T {
  const [x, y] = [milliseconds(timeOf(a)), milliseconds(timeOf(b))];
  if (x !== y) return x > y ? a : b;
  return JSON.stringify(partOf(a)) >= JSON.stringify(partOf(b)) ? a : b;
}

function earliest(a: string | undefined, b: string | undefined): { deleted?: string } {
  if (a === undefined || b === undefined) return a === undefined && b === undefined ? {} : { deleted: (a ?? b)! };
  const [x, y] = [milliseconds(a), milliseconds(b)];
  return { deleted: x < y || (x === y && a <= b) ? a : b };
}

/** Before all time where there is none. */
function milliseconds(time: string): number {
  return time === '' ? Number.NEGATIVE_INFINITY : Date.parse(time);
}

function sortedKeys(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)));
}
