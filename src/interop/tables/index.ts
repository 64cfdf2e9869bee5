export { type ExportedRun, MEASURES_TABLE, measureRows } from './measures';
export { MEASURE_SCALARS, type Scalar, TRAINING_SCALARS } from './scalars';
export { type Cell, type Columns, csvHeader, csvLine, type Row } from './table';
export { TURNS_TABLE, turnTableRow } from './turns';
