import type { SchemaElement } from 'hyparquet';
import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer';
import { ROLLOUT_COLUMNS, type TurnRow } from '../protocol/rollouts';

type ColumnName = keyof typeof ROLLOUT_COLUMNS;

const NAMES = Object.keys(ROLLOUT_COLUMNS) as ColumnName[];

/** Everything in one row group: a rollout file is read a negotiation at a time, by row range. */
const ROW_GROUP = 1 << 20;

/** Bytes of a page: small, so that a reader who wants one negotiation decodes little else; the file is a tenth longer for it. */
const PAGE = 8192;

/** Rows as the bytes of a Parquet file; equal rows give equal bytes. */
export function encodeRollouts(rows: readonly TurnRow[]): Uint8Array {
  // Minima and maxima of texts and of lists help nobody and cost a third of the time.
  const columnData: ColumnSource[] = NAMES.map((name) => ({
    name,
    data: rows.map((row) => row[name]),
    statistics: /^(INT32|DOUBLE)$/.test(ROLLOUT_COLUMNS[name]),
  }));
  return new Uint8Array(parquetWriteBuffer({ columnData, schema: SCHEMA, rowGroupSize: ROW_GROUP, pageSize: PAGE, createdBy: 'parley' }));
}

const SCHEMA: SchemaElement[] = [{ name: 'turns', num_children: NAMES.length }, ...NAMES.flatMap(elements)];

function elements(name: ColumnName): SchemaElement[] {
  const type: string = ROLLOUT_COLUMNS[name];
  if (!type.endsWith('[]')) return [leaf(name, type.replace('?', ''), type.endsWith('?') ? 'OPTIONAL' : 'REQUIRED')];
  return [
    { name, repetition_type: 'REQUIRED', num_children: 1, converted_type: 'LIST' },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    leaf('element', type.slice(0, -2), 'REQUIRED'),
  ];
}

function leaf(name: string, type: string, repetition_type: 'OPTIONAL' | 'REQUIRED'): SchemaElement {
  if (type === 'STRING') return { name, type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type };
  return { name, type: type as 'INT32' | 'FLOAT' | 'DOUBLE' | 'BOOLEAN', repetition_type };
}
