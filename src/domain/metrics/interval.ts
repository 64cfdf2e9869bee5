import { type Random, random } from '../random';

/** A mean with the bounds of its interval. */
export interface Interval {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** Resamples, and the share of them that the interval holds. */
export interface BootstrapSettings {
  readonly resamples: number;
  readonly level: number;
}

const DEFAULTS: BootstrapSettings = { resamples: 2000, level: 0.95 };

/**
 * The mean of all values with a percentile bootstrap interval over seed groups: whole groups are drawn again, never
 * the values within one, since those share their random numbers. Null without a value; a single group has no spread,
 * so its interval is the mean.
 * @param groups values, `[seed group][negotiation]`.
 * @param random a stream of its own: the same stream gives the same interval.
 */
export function bootstrapInterval(
  groups: readonly (readonly number[])[],
  random: Random,
  settings: Partial<BootstrapSettings> = {},
): Interval | null {
  const { resamples, level } = { ...DEFAULTS, ...settings };
  const units = groups.filter((group) => group.length > 0).map((group) => ({ sum: group.reduce((a, b) => a + b, 0), count: group.length }));
  if (units.length === 0) return null;
  const mean = ratio(units);
  const means = Array.from({ length: resamples }, () => ratio(units.map(() => units[random.integer(units.length)]!))).sort((a, b) => a - b);
  const tail = (1 - level) / 2;
  return { mean, low: quantile(means, tail) ?? mean, high: quantile(means, 1 - tail) ?? mean };
}

/**
 * The mean over runs that differ in their seed, with its 95 % interval: each run counts once. Null without a run.
 * @param values of each run, one number.
 */
export function overSeeds(values: readonly number[]): Interval | null {
  return bootstrapInterval(
    values.map((value) => [value]),
    random(0, 'over seeds'),
  );
}

function ratio(units: readonly { readonly sum: number; readonly count: number }[]): number {
  let sum = 0;
  let count = 0;
  for (const unit of units) {
    sum += unit.sum;
    count += unit.count;
  }
  return sum / count;
}

/**
 * `bootstrapInterval` over runs, each of which is a unit of its own, for many points of their curves: the runs are drawn
 * again once, and every point uses the same draws, so that bands are as smooth as the curves and cheap to draw.
 * @param runs how many there are, at least 1.
 * @returns the interval of one value a run; equal to `bootstrapInterval` with the same stream.
 */
export function runIntervals(
  runs: number,
  random: Random,
  settings: Partial<BootstrapSettings> = {},
): (values: ArrayLike<number>) => Interval {
  const { resamples, level } = { ...DEFAULTS, ...settings };
  const drawn = Uint32Array.from({ length: resamples * runs }, () => random.integer(runs));
  const means = new Float64Array(resamples);
  const tail = (1 - level) / 2;
  return (values) => {
    let sum = 0;
    for (let run = 0; run < runs; run++) sum += values[run]!;
    for (let sample = 0; sample < resamples; sample++) {
      let again = 0;
      for (let i = 0; i < runs; i++) again += values[drawn[sample * runs + i]!]!;
      means[sample] = again / runs;
    }
    means.sort();
    const mean = sum / runs;
    return { mean, low: quantile(means, tail) ?? mean, high: quantile(means, 1 - tail) ?? mean };
  };
}

/** The q-quantile of ascending numbers, interpolated linearly; undefined of none. */
export function quantile(ascending: ArrayLike<number>, q: number): number | undefined {
  const position = q * (ascending.length - 1);
  const below = ascending[Math.floor(position)];
  const above = ascending[Math.ceil(position)];
  return below === undefined || above === undefined ? undefined : below + (above - below) * (position - Math.floor(position));
}
