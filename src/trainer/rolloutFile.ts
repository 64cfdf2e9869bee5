import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { type ParquetType, parquetSchema } from '../protocol/parquetSchema';
import { ROLLOUT_COLUMNS, type TurnRow } from '../protocol/rollouts';
import { type ColumnKind, ColumnShape } from './columnShape';
import { type Column, type ColumnValues, writeColumn } from './rolloutColumn';

type ColumnName = keyof typeof ROLLOUT_COLUMNS;
type Value = string | number | boolean;

/** Bytes of a page: small, so that a reader who wants one negotiation decodes little else; the file is a tenth longer for it. */
const PAGE = 8192;

const SCHEMA = parquetSchema('turns', ROLLOUT_COLUMNS);

const COLUMNS = (Object.entries(ROLLOUT_COLUMNS) as [ColumnName, ParquetType][]).map(([name, written]) => {
  const kind: ColumnKind = written.endsWith('[]') ? 'list' : written.endsWith('?') ? 'optional' : 'required';
  const type = written.replace(/\?|\[\]/, '') as Column['type'];
  // Minima and maxima of texts and of lists help nobody.
  const statistics = kind === 'required' && (type === 'INT32' || type === 'DOUBLE');
  return { name, kind, type, statistics, path: kind === 'list' ? [name, 'list', 'element'] : [name] };
});

/**
 * Rows as the bytes of a Parquet file; equal rows give equal bytes. Everything is in one row group: a rollout file is read a
 * negotiation at a time, by row range.
 */
export function encodeRollouts(rows: readonly TurnRow[]): Uint8Array {
  const writer = new ByteWriter(1 << 18);
  const file = new ParquetWriter({ writer, schema: SCHEMA, createdBy: 'parley' });
  const start = writer.offset;
  const shapes: ColumnShape[] = [];
  const columns = COLUMNS.map(({ name, kind, ...column }) => {
    const lengths = lengthsOf(rows, name, kind);
    let shape = shapes.find((known) => known.is(kind, lengths));
    if (shape === undefined) {
      shape = new ColumnShape(kind, lengths);
      shapes.push(shape);
    }
    return writeColumn(writer, { ...column, shape, values: valuesOf(rows, name, kind, column.type, shape.values) }, PAGE);
  });
  file.pendingIndexes.push(...columns);
  file.num_rows += BigInt(rows.length);
  file.row_groups.push({
    columns: columns.map(({ chunk }) => chunk),
    total_byte_size: columns.reduce((sum, { chunk }) => sum + (chunk.meta_data?.total_uncompressed_size ?? 0n), 0n),
    num_rows: BigInt(rows.length),
    total_compressed_size: BigInt(writer.offset - start),
  });
  file.finish();
  return writer.getBytes().slice();
}

/** How many values each row has in a column. */
function lengthsOf(rows: readonly TurnRow[], name: ColumnName, kind: ColumnKind): Int32Array {
  const lengths = new Int32Array(rows.length).fill(1);
  if (kind === 'required') return lengths;
  for (let i = 0; i < rows.length; i++) {
    const cell = rows[i]![name];
    lengths[i] = kind === 'list' ? (cell as readonly Value[]).length : cell === null ? 0 : 1;
  }
  return lengths;
}

/** All values of a column, one after the other. @throws TypeError for one that is not of the column's type */
function valuesOf(rows: readonly TurnRow[], name: ColumnName, kind: ColumnKind, type: Column['type'], count: number): ColumnValues {
  const isNumeric = type !== 'STRING' && type !== 'BOOLEAN';
  if (isNumeric) return numbersOf(rows, name, kind, count);
  const values: Value[] = [];
  for (const row of rows) {
    const cell = row[name] as Value | null | readonly Value[];
    if (kind === 'list') for (const value of cell as readonly Value[]) values.push(value);
    else if (cell !== null) values.push(cell as Value);
  }
  const expected = type === 'STRING' ? 'string' : 'boolean';
  for (const value of values) if (typeof value !== expected) throw wrong(name, value, expected);
  return values as ColumnValues;
}

function numbersOf(rows: readonly TurnRow[], name: ColumnName, kind: ColumnKind, count: number): Float64Array {
  const values = new Float64Array(count);
  let at = 0;
  for (const row of rows) {
    const cell = row[name];
    if (kind === 'list') {
      const list = cell as readonly number[];
      for (let i = 0; i < list.length; i++) {
        const value = list[i];
        if (typeof value !== 'number') throw wrong(name, value, 'number');
        values[at++] = value;
      }
    } else {
      if (typeof cell !== 'number') throw wrong(name, cell, 'number');
      values[at++] = cell;
    }
  }
  return values;
}

function wrong(name: ColumnName, value: unknown, expected: string): TypeError {
  return new TypeError(`column ${name} has ${String(value)}, which is no ${expected}`);
}
