import * as z from 'zod';
import { type Annotation, annotationSchema, byId } from './annotation';
import { mergeAll } from './merge';

/** A line that is no annotation. It is reported, and written back as it stands. */
export interface BrokenLine {
  /** Counted from 1. */
  readonly line: number;
  /** What is wrong with it and what to do. */
  readonly problem: string;
  readonly text: string;
  /** The annotation that it followed; null at the start of the file. */
  readonly after: string | null;
}

/** What a file holds. */
export interface AnnotationFile {
  /** By id, one of each; deleted ones included. */
  readonly annotations: readonly Annotation[];
  readonly broken: readonly BrokenLine[];
}

/** A file that holds nothing. */
export const EMPTY_FILE: AnnotationFile = { annotations: [], broken: [] };

/** Reads a file's text. Two lines of one id, which a merge of two people's work leaves, become one annotation. */
export function parseAnnotations(text: string): AnnotationFile {
  const read: Annotation[] = [];
  const broken: BrokenLine[] = [];
  let after: string | null = null;
  text.split('\n').forEach((raw, i) => {
    const line = raw.endsWith('\r') ? raw.slice(0, -1) : raw;
    if (line.trim() === '') return;
    const parsed = parseLine(line);
    if (typeof parsed === 'string') broken.push({ line: i + 1, problem: parsed, text: line, after });
    else {
      read.push(parsed);
      after = parsed.id;
    }
  });
  return { annotations: mergeAll(read), broken };
}

/** The text of a file: a line an annotation, by id; broken lines where they were. The same content gives the same bytes. */
export function formatAnnotations({ annotations, broken }: AnnotationFile): string {
  const lines: { id: string; text: string }[] = mergeAll(annotations).map((annotation) => ({
    id: annotation.id,
    text: JSON.stringify(annotation),
  }));
  const loose = broken.map(({ after, text }) => ({ id: after ?? '', text }));
  // Stable: an annotation comes before the broken lines that followed it, and these keep their order.
  return [...lines, ...loose]
    .sort(byId)
    .map(({ text }) => `${text}\n`)
    .join('');
}

function parseLine(line: string): Annotation | string {
  if (/^(<{7}|={7}|>{7}|\|{7})/.test(line))
    return 'is a mark that git left in a merge: delete it, the annotations around it are merged by themselves';
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return 'is no JSON: mend or delete it';
  }
  const parsed = annotationSchema.safeParse(value);
  if (!parsed.success)
    return `is no annotation (${z.prettifyError(parsed.error).replace(/\s+/g, ' ').replaceAll('✖ ', '')}): mend or delete it`;
  const { start, end } = parsed.data.tokens;
  return start <= end ? parsed.data : `is no annotation (its tokens end at ${end}, before ${start}): mend or delete it`;
}
