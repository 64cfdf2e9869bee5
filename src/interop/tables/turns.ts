import type { ParquetType } from '../../protocol/parquetSchema';
import { ROLLOUT_COLUMNS, type TurnRow } from '../../protocol/rollouts';
import type { Row } from './table';

/** Columns of `turns.csv` and `turns.parquet`: those of a rollout file, and the run before them. */
export const TURNS_TABLE: Readonly<Record<string, ParquetType>> = { run: 'STRING', ...ROLLOUT_COLUMNS };

/** A turn as a row of the table. */
export function turnTableRow(run: string, row: TurnRow): Row {
  return { run, ...row };
}
