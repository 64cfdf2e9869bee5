import { type Interval, overSeeds } from '../domain/metrics';
import { AGENT_NAMES, type Pair, SEATS } from '../domain/seat';
import type { MeasuresFile } from '../protocol/runFiles';

/** Measures in the order in which they are read: in words, by name, and where they stand. */
const ROWS: readonly (readonly [label: string, name: string, read: (measures: MeasuresFile) => number | null | undefined])[] = [
  ['reward a round, Alice', 'meanReward.0', ({ meanReward }) => meanReward?.[0]],
  ['reward a round, Bob', 'meanReward.1', ({ meanReward }) => meanReward?.[1]],
  ['joint reward a round', 'jointReward', ({ jointReward }) => jointReward],
  ['efficiency', 'efficiency', ({ efficiency }) => efficiency],
  ['cooperation rate', 'cooperationRate', ({ cooperationRate }) => cooperationRate],
  ['P(cooperate) at the start', 'cooperateAfter.start', ({ cooperateAfter }) => cooperateAfter?.start],
  ['P(cooperate) after both cooperated (CC)', 'cooperateAfter.CC', ({ cooperateAfter }) => cooperateAfter?.CC],
  ['P(cooperate) after the other defected (CD)', 'cooperateAfter.CD', ({ cooperateAfter }) => cooperateAfter?.CD],
  ['P(cooperate) after only oneself defected (DC)', 'cooperateAfter.DC', ({ cooperateAfter }) => cooperateAfter?.DC],
  ['P(cooperate) after both defected (DD)', 'cooperateAfter.DD', ({ cooperateAfter }) => cooperateAfter?.DD],
  ['kept where valued less', 'keptWhenValuingLess', ({ keptWhenValuingLess }) => keptWhenValuingLess],
  ['kept where valued more', 'keptWhenValuingMore', ({ keptWhenValuingMore }) => keptWhenValuingMore],
  ['messages that state the hand', 'statesHandRate', ({ statesHandRate }) => statesHandRate],
  ['… and truly', 'truthfulRate', ({ truthfulRate }) => truthfulRate],
  ['valid mass', 'validMass', ({ validMass }) => validMass],
  ['entropy, nats a token', 'entropy', ({ entropy }) => entropy],
  ['KL to the base, nats a token', 'kl', ({ kl }) => kl],
];

/** A table of measures, one column a run; rows that no run has are left out. `names` are of whom `meanReward` tells. */
export function measuresTable(
  columns: readonly (readonly [title: string, measures: MeasuresFile])[],
  names: Pair<string> = AGENT_NAMES,
): string {
  const rows = ROWS.flatMap(([label, , read]) => {
    const values = columns.map(([, measures]) => read(measures));
    return values.every((value) => value === undefined) ? [] : [[named(label, names), ...values.map(cell)]];
  });
  return alignTable([['', ...columns.map(([title]) => title)], ...rows]);
}

/** Measures of runs that differ in their seed. */
export interface SeedMeasures {
  readonly title: string;
  /** One of each run. */
  readonly measures: readonly MeasuresFile[];
}

/** A table of means over seeds with their intervals, one column a group of runs; rows that no run has are left out. `names` as above. */
export function seedsTable(columns: readonly SeedMeasures[], names: Pair<string> = AGENT_NAMES): string {
  const byName = columns.map(({ measures }) => overSeedsByName(measures));
  const rows = ROWS.flatMap(([label, name]) => {
    const intervals = byName.map((column) => column[name]);
    return intervals.every((interval) => interval === undefined) ? [] : [[named(label, names), ...intervals.map(intervalCell)]];
  });
  return alignTable([['', ...columns.map(({ title }) => title)], ...rows]);
}

/** Means over seeds with their intervals, by the measure's name: `cooperationRate`, `cooperateAfter.CC`; null where no run has a number. */
export function overSeedsByName(runs: readonly MeasuresFile[]): Readonly<Record<string, Interval | null>> {
  return Object.fromEntries(
    ROWS.flatMap(([, name, read]) => {
      const values = runs.map(read);
      if (values.every((value) => value === undefined)) return [];
      return [[name, overSeeds(values.filter((value) => typeof value === 'number'))]];
    }),
  );
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

function named(label: string, names: Pair<string>): string {
  return SEATS.reduce((text, seat) => text.replace(AGENT_NAMES[seat], names[seat]), label);
}

function cell(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : value.toFixed(3);
}

function intervalCell(interval: Interval | null | undefined): string {
  if (interval === null || interval === undefined) return '–';
  const { mean, low, high } = interval;
  return low === high ? mean.toFixed(3) : `${mean.toFixed(3)} [${low.toFixed(3)}, ${high.toFixed(3)}]`;
}
