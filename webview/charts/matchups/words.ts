import type { MatchupsFile } from '../../../src/protocol/matchups';
import type { CsvCell } from '../csv';
import type { MatchupMeasure } from './layout';

/** The numbers that a matrix can be coloured by: those that some cell has. */
export function measuresOfMatchups(file: MatchupsFile): MatchupMeasure[] {
  const of = (read: (row: number, col: number) => number | null | undefined): (number | null)[][] =>
    file.players.map((_, row) => file.players.map((__, col) => read(row, col) ?? null));
  const share = (value: number): string => `${Math.round(value * 100)} %`;
  const points = (value: number): string => value.toFixed(Math.abs(value) >= 100 ? 1 : 2).replace('-', '−');
  const all: MatchupMeasure[] = [
    { label: 'Points a round', values: file.meanReward, low: file.low, high: file.high, format: points },
    { label: 'Joint reward', values: of((row, col) => file.measures[row]?.[col]?.jointReward), format: points },
    { label: 'Efficiency', values: of((row, col) => file.measures[row]?.[col]?.efficiency), format: share },
    { label: 'Cooperation', values: of((row, col) => file.measures[row]?.[col]?.cooperationRate), format: share },
    { label: 'Kept when valuing less', values: of((row, col) => file.measures[row]?.[col]?.keptWhenValuingLess), format: points },
    { label: 'Kept when valuing more', values: of((row, col) => file.measures[row]?.[col]?.keptWhenValuingMore), format: points },
    { label: 'Did not parse', values: file.invalid, format: share },
  ];
  return all.filter(({ values }, index) => index === 0 || values.some((line) => line.some((value) => value !== null)));
}

/** What a cell says, whole: who against whom, the points with their interval, and what else was measured. */
export function cellWords(file: MatchupsFile, row: number, col: number): string {
  const [points, ...others] = measuresOfMatchups(file);
  const name = (index: number): string => {
    const player = file.players[index] ?? '';
    const members = file.members[player]?.length;
    return members === undefined ? player : `${player} (${members} runs)`;
  };
  const who = row === col ? `${name(row)} against itself` : `${name(row)} against ${name(col)}`;
  const value = points?.values[row]?.[col] ?? null;
  if (points === undefined || value === null) return `${who}: not played yet`;
  const low = file.low[row]?.[col] ?? null;
  const high = file.high[row]?.[col] ?? null;
  const interval = low === null || high === null ? '' : ` (${points.format(low)} to ${points.format(high)})`;
  const rest = others.flatMap(({ label, values, format }) => {
    const other = values[row]?.[col] ?? null;
    return other === null ? [] : [`${label.toLowerCase()} ${format(other)}`];
  });
  return [`${who}: ${points.format(value)} points a round${interval}`, ...rest].join(' · ');
}

/** The matrix as a table, a line a cell. */
export function matchupRows(file: MatchupsFile): [header: string[], rows: CsvCell[][]] {
  const measures = measuresOfMatchups(file).slice(1);
  const rows = file.players.flatMap((player, row) =>
    file.players.map((opponent, col): CsvCell[] => [
      player,
      opponent,
      file.meanReward[row]?.[col] ?? null,
      file.low[row]?.[col] ?? null,
      file.high[row]?.[col] ?? null,
      ...measures.map(({ values }) => values[row]?.[col] ?? null),
    ]),
  );
  const header = [
    'player',
    'against',
    'points_a_round',
    'low',
    'high',
    ...measures.map(({ label }) => label.toLowerCase().replaceAll(' ', '_')),
  ];
  return [header, rows];
}
