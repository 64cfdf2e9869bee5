import { scaleBand, scaleLinear } from 'd3-scale';

/** What one past round adds to w. */
export interface WeightBar {
  readonly round: number;
  /** The seat's own advantage then. */
  readonly own: number;
  /** What is left of it now: scale · γ^{t−k} · own. */
  readonly contribution: number;
}

/** A bar chart of the summands of w, every coordinate computed. */
export interface WeightLayout {
  readonly width: number;
  readonly height: number;
  readonly zero: number;
  readonly bars: readonly (WeightBar & {
    readonly x: number;
    readonly width: number;
    readonly y: number;
    readonly height: number;
    /** Top or bottom of what the advantage was before the discount. */
    readonly ownY: number;
    readonly ownHeight: number;
  })[];
}

/** Lays the summands of w out over `rounds` rounds, so that bars keep their place from round to round. */
export function layoutWeights(bars: readonly WeightBar[], rounds: number, width: number, height: number): WeightLayout {
  const x = scaleBand<number>(
    Array.from({ length: rounds }, (_, round) => round),
    [0, width],
  )
    .paddingInner(0.25)
    .paddingOuter(0.1);
  const reach = Math.max(0.01, ...bars.map(({ own }) => Math.abs(own)));
  const bottom = height - 14;
  const y = scaleLinear([-reach, reach], [bottom - 1, 1]);
  const span = (value: number): { readonly y: number; readonly height: number } => ({
    y: Math.min(y(0), y(value)),
    height: Math.abs(y(value) - y(0)),
  });
  return {
    width,
    height,
    zero: y(0),
    bars: bars.map((bar) => {
      const own = span(bar.own);
      return { ...bar, x: x(bar.round) ?? 0, width: x.bandwidth(), ...span(bar.contribution), ownY: own.y, ownHeight: own.height };
    }),
  };
}
