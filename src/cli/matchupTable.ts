import type { MatchupsFile } from '../protocol/matchups';
import { drawnAgain } from '../trainer/evaluate/heatMap';
import { alignTable } from './measuresTable';

/**
 * The matrix as text: rows are players, columns whom they met, each cell the row player's mean points a round with its
 * interval. Where the names make it too wide, columns are headed by the rows' numbers.
 */
export function matchupTable({ players, members, meanReward, low, high, negotiations, level }: MatchupsFile, columns: number): string {
  const cells = meanReward.map((line, row) =>
    line.map((value, column) => cell(value, low[row]?.[column] ?? null, high[row]?.[column] ?? null)),
  );
  const named = alignTable([['', ...players], ...cells.map((line, row) => [players[row] ?? '', ...line])]);
  const fits = Math.max(...named.split('\n').map((line) => [...line].length)) <= columns;
  const numbers = players.map((_, row) => String(row + 1));
  const numbered = (): string => alignTable([['', ...numbers], ...cells.map((line, row) => [`${numbers[row]} ${players[row]}`, ...line])]);
  const about = `Points a round of the row’s player against the column’s; ${negotiations} negotiations a cell, ${Math.round(100 * level)} % intervals over ${drawnAgain({ members })}.`;
  return `${fits ? named : numbered()}\n\n${about}`;
}

function cell(value: number | null, low: number | null, high: number | null): string {
  return value === null ? '–' : `${value.toFixed(2)} [${(low ?? value).toFixed(2)}, ${(high ?? value).toFixed(2)}]`;
}
