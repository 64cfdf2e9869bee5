import { type Anchor, type Annotation, normalTags, type Reaction, type Reply } from './annotation';
import { canonical } from './merge';

/** Who does something, and when (ISO 8601, UTC). */
export interface Deed {
  readonly author: string;
  readonly time: string;
}

/** A new annotation. */
export function newAnnotation(id: string, anchor: Anchor, body: string, tags: readonly string[], { author, time }: Deed): Annotation {
  const { run, iteration, negotiation, branch, turn, tokens, quote } = anchor;
  return canonical({
    ...(branch !== undefined && { branch }),
    ...{ id, run, iteration, negotiation, turn, tokens, quote, body, tags: normalTags(tags), author },
    ...{ created: time, edited: time, replies: [], reactions: [], resolved: false },
  });
}

/** With another body and other tags. */
export function rewritten(annotation: Annotation, body: string, tags: readonly string[], time: string): Annotation {
  return canonical({ ...annotation, body, tags: normalTags(tags), edited: time });
}

/** Moved to other tokens of its turn, as `resolveAnchor` found them. */
export function moved(annotation: Annotation, tokens: Annotation['tokens'], time: string): Annotation {
  return canonical({ ...annotation, tokens, edited: time });
}

/** With an answer more. */
export function answered(annotation: Annotation, id: string, body: string, { author, time }: Deed): Annotation {
  const reply: Reply = { id, author, created: time, edited: time, body, reactions: [] };
  return canonical({ ...annotation, replies: [...annotation.replies, reply] });
}

/** With another body of one answer. */
export function answerRewritten(annotation: Annotation, reply: string, body: string, time: string): Annotation {
  return withReply(annotation, reply, (each) => ({ ...each, body, edited: time }));
}

/** Without one answer. */
export function answerDeleted(annotation: Annotation, reply: string, time: string): Annotation {
  return withReply(annotation, reply, (each) => ({ ...each, deleted: time }));
}

/** Resolved, or open again. */
export function resolved(annotation: Annotation, isResolved: boolean, { author, time }: Deed): Annotation {
  return canonical({ ...annotation, resolved: isResolved, resolvedAt: time, resolvedBy: author });
}

/** With a reaction given, or taken back where it was given; of the annotation, or of one answer. */
export function reacted(annotation: Annotation, reply: string | null, emoji: string, deed: Deed): Annotation {
  if (reply === null) return canonical({ ...annotation, reactions: toggled(annotation.reactions, emoji, deed) });
  return withReply(annotation, reply, (each) => ({ ...each, reactions: toggled(each.reactions, emoji, deed) }));
}

/** Deleted: a mark stays, so that a merge does not bring the rest back. */
export function deleted(annotation: Annotation, time: string): Annotation {
  return canonical({ ...annotation, deleted: time });
}

/** Answers that were not deleted. */
export function answersOf({ replies }: Annotation): Reply[] {
  return replies.filter((reply) => reply.deleted === undefined);
}

/** Reactions that stand, counted, with those who gave them. */
export function reactionsOf({ reactions }: Pick<Annotation | Reply, 'reactions'>): { emoji: string; authors: string[] }[] {
  const byEmoji = new Map<string, string[]>();
  for (const { emoji, author, removed } of reactions) {
    if (removed !== true) byEmoji.set(emoji, [...(byEmoji.get(emoji) ?? []), author]);
  }
  return [...byEmoji].map(([emoji, authors]) => ({ emoji, authors }));
}

function withReply(annotation: Annotation, id: string, change: (reply: Reply) => Reply): Annotation {
  if (!annotation.replies.some((reply) => reply.id === id)) throw new RangeError(`annotation ${annotation.id} has no answer ${id}`);
  return canonical({ ...annotation, replies: annotation.replies.map((reply) => (reply.id === id ? change(reply) : reply)) });
}

function toggled(reactions: readonly Reaction[], emoji: string, { author, time }: Deed): Reaction[] {
  const isOurs = (each: Reaction): boolean => each.emoji === emoji && each.author === author;
  const stands = reactions.some((each) => isOurs(each) && each.removed !== true);
  return [...reactions.filter((each) => !isOurs(each)), { emoji, author, time, ...(stands && { removed: true as const }) }];
}
