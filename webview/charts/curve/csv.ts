import { runIntervals } from '../../../src/domain/metrics/interval';
import { random } from '../../../src/domain/random';
import { type CsvCell, csv } from '../csv';
import type { CurveSeries } from './layout';

/** What is behind a curve chart: a column a run; for a mean of runs its value, its 95 % interval and the runs, none of it smoothed. */
export function curveCsv(series: readonly CurveSeries[]): string {
  const lines = series.filter(({ member }) => member !== true);
  const iterations = [...new Set(lines.flatMap(({ points, band }) => [...points, ...(band ?? [])].map(({ iteration }) => iteration)))].sort(
    (a, b) => a - b,
  );
  const columns = lines.flatMap(columnsOf);
  return csv(
    ['iteration', ...columns.map(({ name }) => name)],
    iterations.map((iteration) => [iteration, ...columns.map(({ at }) => at(iteration))]),
  );
}

interface Column {
  readonly name: string;
  readonly at: (iteration: number) => CsvCell;
}

function columnsOf({ id, points, band, runs }: CurveSeries): Column[] {
  if (runs === undefined) {
    const bounds = (which: 'low' | 'high'): Column => {
      const byIteration = new Map((band ?? []).map((point) => [point.iteration, point[which]]));
      return { name: `${id} ${which}`, at: (iteration) => byIteration.get(iteration) ?? null };
    };
    return [
      ...(points.length === 0 && band !== undefined ? [] : [{ name: id, at: valueAt(points) }]),
      ...(band === undefined ? [] : [bounds('low'), bounds('high')]),
    ];
  }
  const each = runs.map((run) => ({ name: run.id, at: valueAt(run.points) }));
  const intervalAt = (iteration: number) => {
    const values = each.map(({ at }) => at(iteration)).filter((value) => typeof value === 'number');
    return values.length < 2 ? null : runIntervals(values.length, random('band', values.length))(values);
  };
  return [
    { name: `${id} mean`, at: valueAt(points) },
    { name: `${id} low`, at: (iteration) => intervalAt(iteration)?.low ?? null },
    { name: `${id} high`, at: (iteration) => intervalAt(iteration)?.high ?? null },
    ...each,
  ];
}

/** The value of a curve at an iteration; null where it has none. */
export function valueAt(points: CurveSeries['points']): (iteration: number) => number | null {
  return (iteration) => {
    // Iterations are consecutive as a rule; where they are not, search.
    const guess = points[iteration - (points[0]?.iteration ?? 0)];
    return (guess?.iteration === iteration ? guess : points.find((point) => point.iteration === iteration))?.value ?? null;
  };
}
