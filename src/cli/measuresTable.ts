import type { MeasuresFile } from '../protocol/runFiles';

/** Names of measures in the order in which they are read. */
const ROWS: readonly (readonly [label: string, read: (measures: MeasuresFile) => number | null | undefined])[] = [
  ['reward a round, Alice', ({ meanReward }) => meanReward?.[0]],
  ['reward a round, Bob', ({ meanReward }) => meanReward?.[1]],
  ['joint reward a round', ({ jointReward }) => jointReward],
  ['efficiency', ({ efficiency }) => efficiency],
  ['cooperation rate', ({ cooperationRate }) => cooperationRate],
  ['P(cooperate) at the start', ({ cooperateAfter }) => cooperateAfter?.start],
  ['P(cooperate) after both cooperated (CC)', ({ cooperateAfter }) => cooperateAfter?.CC],
  ['P(cooperate) after the other defected (CD)', ({ cooperateAfter }) => cooperateAfter?.CD],
  ['P(cooperate) after only oneself defected (DC)', ({ cooperateAfter }) => cooperateAfter?.DC],
  ['P(cooperate) after both defected (DD)', ({ cooperateAfter }) => cooperateAfter?.DD],
  ['kept where valued less', ({ keptWhenValuingLess }) => keptWhenValuingLess],
  ['kept where valued more', ({ keptWhenValuingMore }) => keptWhenValuingMore],
  ['messages that state the hand', ({ statesHandRate }) => statesHandRate],
  ['… and truly', ({ truthfulRate }) => truthfulRate],
  ['valid mass', ({ validMass }) => validMass],
  ['entropy, nats a token', ({ entropy }) => entropy],
  ['KL to the base, nats a token', ({ kl }) => kl],
];

/** A table of measures, one column a run; rows that no run has are left out. */
export function measuresTable(columns: readonly (readonly [title: string, measures: MeasuresFile])[]): string {
  const rows = ROWS.flatMap(([label, read]) => {
    const values = columns.map(([, measures]) => read(measures));
    return values.every((value) => value === undefined) ? [] : [[label, ...values.map(cell)]];
  });
  return alignTable([['', ...columns.map(([title]) => title)], ...rows]);
}

/** Rows of cells as text, the first column to the left and the others to the right. */
export function alignTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => [...(row[column] ?? '')].length)));
  return rows
    .map((row) =>
      row
        .map((text, column) => (column === 0 ? text.padEnd(widths[column]!) : text.padStart(widths[column]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function cell(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : value.toFixed(3);
}
