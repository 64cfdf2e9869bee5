import { learnerReward } from '../../protocol/opponent';
import type { ParquetType } from '../../protocol/parquetSchema';
import type { JournalLine, MeasuresFile, RunFile, TrainingFile } from '../../protocol/runFiles';
import { MEASURE_SCALARS, TRAINING_SCALARS } from './scalars';
import type { Row } from './table';

/** What tables say of the run that a row is of. */
export interface ExportedRun {
  /** Unique in one export. */
  readonly id: string;
  readonly name: string;
  readonly game: string;
  /** Null where nothing was trained. */
  readonly file: RunFile | null;
  readonly seed: number;
}

const numbers = (names: readonly { readonly name: string }[]): Record<string, ParquetType> =>
  Object.fromEntries(names.map(({ name }) => [name, 'DOUBLE?']));

/** Columns of `measures.csv` and `measures.parquet`: a row a line of the journal. */
export const MEASURES_TABLE: Readonly<Record<string, ParquetType>> = {
  run: 'STRING',
  name: 'STRING',
  game: 'STRING',
  algorithm: 'STRING?',
  seed: 'INT32',
  opponent: 'STRING?',
  iteration: 'INT32',
  /** `iteration` in training; of a finished run also `final` and `against_opponent`, from fresh negotiations. */
  phase: 'STRING',
  time: 'STRING',
  seconds: 'DOUBLE?',
  learner_reward: 'DOUBLE?',
  ...numbers(MEASURE_SCALARS),
  ...numbers(TRAINING_SCALARS),
};

/** Rows of a journal line; none for an iteration without measures. */
export function measureRows(run: ExportedRun, line: JournalLine): Row[] {
  if (line.type === 'iteration') {
    return line.measures === undefined ? [] : [row(run, line, 'iteration', line.measures, line.seconds, line.training)];
  }
  const { againstOpponent } = line;
  return [
    row(run, line, 'final', line.measures),
    ...(againstOpponent === undefined ? [] : [row(run, line, 'against_opponent', againstOpponent)]),
  ];
}

function row(
  run: ExportedRun,
  { iteration, time }: JournalLine,
  phase: 'iteration' | 'final' | 'against_opponent',
  measures: MeasuresFile,
  seconds: number | null = null,
  training?: TrainingFile,
): Row {
  const config = run.file?.config;
  // The final policy is measured against itself, whomever it was trained against.
  const opposed = { opponent: phase === 'final' ? 'self' : (config?.opponent ?? 'self') };
  return {
    run: run.id,
    name: run.name,
    game: run.game,
    algorithm: config?.algorithm ?? null,
    seed: run.seed,
    opponent: config?.opponent ?? null,
    iteration,
    phase,
    time,
    seconds,
    learner_reward: config === undefined ? null : learnerReward(opposed, measures),
    ...Object.fromEntries(MEASURE_SCALARS.map(({ name, read }) => [name, read(measures) ?? null])),
    ...Object.fromEntries(TRAINING_SCALARS.map(({ name, read }) => [name, training === undefined ? null : (read(training) ?? null)])),
  };
}
