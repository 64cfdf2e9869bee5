import type { Interval } from '../../../src/domain/metrics/interval';
import { runIntervals } from '../../../src/domain/metrics/interval';
import { random } from '../../../src/domain/random';
import { type CurveSeries, movingMean, SMOOTH_FROM } from './layout';

type Points = CurveSeries['points'];

/** The interval of a mean curve at one iteration. */
export interface BandPoint {
  readonly iteration: number;
  readonly low: number;
  readonly high: number;
}

/** Places along a curve at which the band is computed, at most twice as many; more would be finer than pixels. */
const PLACES = 128;
const RESAMPLES = 1000;

/** Draws by number of runs; the same for every curve. */
const intervals = new Map<number, (values: ArrayLike<number>) => Interval>();

/**
 * The mean curve of runs that differ in their seed, and the 95 % bootstrap interval over them. An iteration counts those
 * runs that have a value there. Where curves are smoothed, the band is of the smoothed curves.
 */
export function meanOfRuns(runs: readonly Points[]): { readonly points: Points; readonly band: readonly BandPoint[] } {
  const values = byIteration(runs);
  const iterations = [...values.keys()].sort((a, b) => a - b);
  const points = iterations.map((iteration) => ({ iteration, value: mean(values.get(iteration) ?? []) }));
  const smooth = iterations.length >= SMOOTH_FROM ? byIteration(runs.map(movingMean)) : values;
  // A power of two, so that places stay where they are while a run grows.
  const stride = 2 ** Math.max(0, Math.floor(Math.log2(Math.max(1, iterations.length / PLACES))));
  const last = iterations.length - 1;
  const band = iterations
    .filter((_, index) => index % stride === 0 || index === last)
    .flatMap((iteration): BandPoint[] => {
      const some = smooth.get(iteration) ?? [];
      if (some.length < 2) return [];
      const { low, high } = intervalOf(some);
      return [{ iteration, low, high }];
    });
  return { points, band };
}

function intervalOf(values: readonly number[]): Interval {
  let interval = intervals.get(values.length);
  if (interval === undefined) {
    interval = runIntervals(values.length, random('band', values.length), { resamples: RESAMPLES });
    intervals.set(values.length, interval);
  }
  return interval(values);
}

function byIteration(runs: readonly Points[]): Map<number, number[]> {
  const values = new Map<number, number[]>();
  for (const points of runs) {
    for (const { iteration, value } of points) {
      if (value === null) continue;
      const known = values.get(iteration);
      if (known === undefined) values.set(iteration, [value]);
      else known.push(value);
    }
  }
  return values;
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
