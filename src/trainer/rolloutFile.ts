import { type ColumnSource, parquetWriteBuffer } from 'hyparquet-writer';
import { parquetSchema } from '../protocol/parquetSchema';
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

const SCHEMA = parquetSchema('turns', ROLLOUT_COLUMNS);
