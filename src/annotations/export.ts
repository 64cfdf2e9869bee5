import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer';
import { type ExportNote, exportNote } from '../protocol/exports';
import { parquetSchema } from '../protocol/parquetSchema';
import { type Annotation, byId } from './annotation';
import { answersOf, reactionsOf } from './edit';

/** Columns of an export, and their types in Parquet. */
const COLUMNS = {
  id: 'STRING',
  run: 'STRING',
  iteration: 'INT32',
  negotiation: 'INT32',
  turn: 'INT32',
  token_start: 'INT32',
  token_end: 'INT32',
  quote: 'STRING',
  body: 'STRING',
  /** Without #. */
  tags: 'STRING[]',
  author: 'STRING',
  created: 'STRING',
  edited: 'STRING',
  resolved: 'BOOLEAN',
  resolved_by: 'STRING?',
  resolved_at: 'STRING?',
  /** `author: body`, in order. */
  replies: 'STRING[]',
  /** `👍 2`, in order. */
  reactions: 'STRING[]',
  /** Of the negotiation; null where the negotiation itself is meant. */
  branch: 'INT32?',
} as const;

type ColumnName = keyof typeof COLUMNS;
type Row = Record<ColumnName, string | number | boolean | null | string[]>;

const NAMES = Object.keys(COLUMNS) as ColumnName[];

/** Annotations as a table, a line each; lists are joined with ` | `. Deleted ones are left out. */
export function exportCsv(annotations: readonly Annotation[]): string {
  const lines = rowsOf(annotations).map((row) => NAMES.map((name) => cell(row[name])));
  return [[...NAMES], ...lines].map((fields) => `${fields.join(',')}\r\n`).join('');
}

/** Annotations as a JSON array, whole, with answers and reactions. Deleted ones are left out. */
export function exportJson(annotations: readonly Annotation[]): string {
  return `${JSON.stringify(standing(annotations), null, 2)}\n`;
}

/** Annotations as a Parquet file with the columns of `exportCsv`; lists are lists. */
export function exportParquet(annotations: readonly Annotation[]): Uint8Array {
  const rows = rowsOf(annotations);
  const columnData: ColumnSource[] = NAMES.map((name) => ({ name, data: rows.map((row) => row[name]) }));
  return new Uint8Array(parquetWriteBuffer({ columnData, schema: parquetSchema('annotations', COLUMNS), createdBy: 'parley' }));
}

/** Annotations as a report shows them, in order. Deleted ones are left out. */
export function exportNotes(annotations: readonly Annotation[]): ExportNote[] {
  return standing(annotations).map(({ replies, ...annotation }) => ({
    ...exportNote.omit({ replies: true }).parse(annotation),
    replies: replies.map(({ author, body }) => ({ author, body })),
  }));
}

function standing(annotations: readonly Annotation[]): Annotation[] {
  return annotations
    .filter(({ deleted }) => deleted === undefined)
    .map((annotation) => ({ ...annotation, replies: answersOf(annotation) }))
    .sort(byId);
}

function rowsOf(annotations: readonly Annotation[]): Row[] {
  return standing(annotations).map((annotation) => ({
    id: annotation.id,
    run: annotation.run,
    iteration: annotation.iteration,
    negotiation: annotation.negotiation,
    turn: annotation.turn,
    token_start: annotation.tokens.start,
    token_end: annotation.tokens.end,
    quote: annotation.quote,
    body: annotation.body,
    tags: annotation.tags,
    author: annotation.author,
    created: annotation.created,
    edited: annotation.edited,
    resolved: annotation.resolved,
    resolved_by: annotation.resolvedBy ?? null,
    resolved_at: annotation.resolvedAt ?? null,
    replies: annotation.replies.map(({ author, body }) => `${author}: ${body}`),
    reactions: reactionsOf(annotation).map(({ emoji, authors }) => `${emoji} ${authors.length}`),
    branch: annotation.branch ?? null,
  }));
}

/** RFC 4180. */
function cell(value: Row[ColumnName]): string {
  const text = value === null ? '' : Array.isArray(value) ? value.join(' | ') : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
