import type { ParquetType } from '../../protocol/parquetSchema';

/** What a cell of a table holds. */
export type Cell = string | number | boolean | null | readonly (string | number | boolean)[];

/** A table's columns and their types, in order. */
export type Columns = Readonly<Record<string, ParquetType>>;

/** A row of a table, by column. */
export type Row = Readonly<Record<string, Cell>>;

/** A line of RFC 4180 for a row; null is empty, and a list is a JSON array, which DuckDB and pandas read back as one. */
export function csvLine(columns: Columns, row: Row): string {
  return line(Object.keys(columns).map((name) => csvCell(row[name] ?? null)));
}

/** The first line of a CSV file. */
export function csvHeader(columns: Columns): string {
  return line(Object.keys(columns));
}

function line(fields: readonly string[]): string {
  return `${fields.join(',')}\r\n`;
}

function csvCell(value: Cell): string {
  const text = value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);
  // An empty text is quoted, so that it is told from null.
  return text === '' ? (value === null ? '' : '""') : /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
