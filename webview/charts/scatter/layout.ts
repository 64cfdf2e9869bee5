import { scaleLinear } from 'd3-scale';

/** One seat's round in one negotiation: own advantage against alignment term. */
export interface ScatterPoint {
  readonly negotiation: number;
  readonly round: number;
  readonly seat: 0 | 1;
  readonly own: number;
  readonly alignment: number;
  /** Whether it belongs to the negotiation in view. */
  readonly here: boolean;
}

/** A scatter chart, every coordinate computed; both axes share one scale, so that the diagonal is where the two cancel. */
export interface ScatterLayout {
  readonly width: number;
  readonly height: number;
  readonly plot: { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number };
  readonly zeroX: number;
  readonly zeroY: number;
  /** The line own + alignment = 0, beyond which the term reverses the sign of the credit. */
  readonly cancel: { readonly x1: number; readonly y1: number; readonly x2: number; readonly y2: number };
  readonly xEnds: readonly [string, string];
  readonly yEnds: readonly [string, string];
  readonly points: readonly (ScatterPoint & { readonly x: number; readonly y: number })[];
}

const MARGIN = { left: 34, right: 10, top: 8, bottom: 20 } as const;

/** Lays the scatter chart out; null without points. */
export function layoutScatter(points: readonly ScatterPoint[], width: number, height: number): ScatterLayout | null {
  if (points.length === 0) return null;
  const plot = { left: MARGIN.left, right: width - MARGIN.right, top: MARGIN.top, bottom: height - MARGIN.bottom };
  const reach = (values: readonly number[]): number => Math.max(0.01, ...values.map(Math.abs)) * 1.08;
  const xReach = reach(points.map(({ own }) => own));
  const yReach = reach(points.map(({ alignment }) => alignment));
  const x = scaleLinear([-xReach, xReach], [plot.left, plot.right]);
  const y = scaleLinear([-yReach, yReach], [plot.bottom, plot.top]);
  const ends = (value: number): [string, string] => [`−${value.toPrecision(2)}`, `+${value.toPrecision(2)}`];
  const least = Math.min(xReach, yReach);
  return {
    width,
    height,
    plot,
    zeroX: x(0),
    zeroY: y(0),
    cancel: { x1: x(-least), y1: y(least), x2: x(least), y2: y(-least) },
    xEnds: ends(xReach),
    yEnds: ends(yReach),
    points: points.map((point) => ({ ...point, x: x(point.own), y: y(point.alignment) })),
  };
}
