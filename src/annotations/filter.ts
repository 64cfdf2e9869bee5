import type { Annotation } from './annotation';
import { answersOf } from './edit';

/** What annotations have to be like; what is left out does not matter. */
export interface AnnotationFilter {
  /** Words that quote, body or answers hold, all of them, whatever their case. */
  readonly text?: string;
  /** All of these. */
  readonly tags?: readonly string[];
  readonly author?: string;
  readonly resolved?: boolean;
  readonly iteration?: number;
  readonly negotiation?: number;
  /** Null: of the negotiation itself. */
  readonly branch?: number | null;
  readonly turn?: number;
  /** Whether their anchor is gone; asks `isOrphaned`. */
  readonly orphaned?: boolean;
}

/** A place in a run. */
export type Place = Pick<Annotation, 'iteration' | 'negotiation' | 'turn'> & {
  readonly token: number;
  readonly branch?: number | undefined;
};

/** Annotations that fit, deleted ones left out, in the order of their places. */
export function filterAnnotations(
  annotations: readonly Annotation[],
  filter: AnnotationFilter,
  isOrphaned: (annotation: Annotation) => boolean = () => false,
): Annotation[] {
  const words = (filter.text ?? '')
    .toLocaleLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  return annotations
    .filter((annotation) => {
      if (annotation.deleted !== undefined) return false;
      if (filter.author !== undefined && annotation.author !== filter.author) return false;
      if (filter.resolved !== undefined && annotation.resolved !== filter.resolved) return false;
      for (const key of ['iteration', 'negotiation', 'turn'] as const) {
        if (filter[key] !== undefined && annotation[key] !== filter[key]) return false;
      }
      if (filter.branch !== undefined && (annotation.branch ?? null) !== filter.branch) return false;
      if (!(filter.tags ?? []).every((tag) => annotation.tags.includes(tag))) return false;
      if (filter.orphaned !== undefined && isOrphaned(annotation) !== filter.orphaned) return false;
      if (words.length === 0) return true;
      const said = [annotation.quote, annotation.body, ...answersOf(annotation).map(({ body }) => body)].join('\n').toLocaleLowerCase();
      return words.every((word) => said.includes(word));
    })
    .sort(byPlace);
}

/** Order of places: by iteration, negotiation, then its branches, turn, token; of annotations at one place by id. */
export function byPlace(a: Annotation, b: Annotation): number {
  return comparePlaces(placeOf(a), placeOf(b)) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/** Where an annotation stands. */
export function placeOf({ iteration, negotiation, branch, turn, tokens }: Annotation): Place {
  return { iteration, negotiation, branch, turn, token: tokens.start };
}

/** The annotation after a place, or after another annotation; the first one after the last. Undefined of none. */
export function nextAnnotation(inOrder: readonly Annotation[], from: Annotation | Place): Annotation | undefined {
  return inOrder.find((each) => compareTo(each, from) > 0) ?? inOrder[0];
}

/** The annotation before a place, or before another annotation; the last one before the first. Undefined of none. */
export function previousAnnotation(inOrder: readonly Annotation[], from: Annotation | Place): Annotation | undefined {
  return inOrder.findLast((each) => compareTo(each, from) < 0) ?? inOrder.at(-1);
}

/**
 * The filter that a reader wrote: words, `#tag`, `by:name`, `is:open`, `is:resolved`, `is:orphaned`.
 * @throws RangeError in one line for an `is:` that there is not
 */
export function parseAnnotationFilter(text: string): AnnotationFilter {
  const filter: { text?: string; tags?: string[]; author?: string; resolved?: boolean; orphaned?: boolean } = {};
  for (const word of text.split(/\s+/).filter((each) => each !== '')) {
    const is = /^is:(.*)$/.exec(word)?.[1];
    const by = /^by:(.+)$/.exec(word)?.[1];
    if (is === 'open' || is === 'resolved') filter.resolved = is === 'resolved';
    else if (is === 'orphaned') filter.orphaned = true;
    else if (is !== undefined) throw new RangeError(`there is no is:${is}; there are is:open, is:resolved, is:orphaned`);
    else if (by !== undefined) filter.author = by;
    else if (word.length > 1 && word.startsWith('#')) filter.tags = [...(filter.tags ?? []), word.slice(1)];
    else filter.text = `${filter.text ?? ''} ${word}`.trim();
  }
  return filter;
}

/** Tags in use, the most used first. */
export function tagsInUse(annotations: readonly Annotation[]): { tag: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const { tags, deleted } of annotations) {
    if (deleted === undefined) for (const tag of tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  }
  return [...counts].map(([tag, count]) => ({ tag, count })).sort((a, b) => b.count - a.count || (a.tag < b.tag ? -1 : 1));
}

function compareTo(annotation: Annotation, from: Annotation | Place): number {
  return 'id' in from ? byPlace(annotation, from) : comparePlaces(placeOf(annotation), from);
}

/** Order of places in one run. */
export function comparePlaces(a: Place, b: Place): number {
  const branch = (a.branch ?? 0) - (b.branch ?? 0);
  return a.iteration - b.iteration || a.negotiation - b.negotiation || branch || a.turn - b.turn || a.token - b.token;
}
