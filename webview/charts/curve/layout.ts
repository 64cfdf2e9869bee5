import { extent } from 'd3-array';
import { scaleLinear } from 'd3-scale';
import { area, line } from 'd3-shape';
import type { BandPoint } from './band';

/** One run's values over its iterations, or the mean of several. */
export interface CurveSeries {
  readonly id: string;
  /** What stands at the line's end. */
  readonly label: string;
  readonly colour: string;
  /** SVG dash pattern, so that no reader needs the colour; empty for a solid line. */
  readonly dash: string;
  readonly points: readonly { readonly iteration: number; readonly value: number | null }[];
  /** The interval around a mean of several runs; absent for one run. */
  readonly band?: readonly BandPoint[];
  /** The runs behind a mean. */
  readonly runs?: readonly { readonly id: string; readonly points: CurveSeries['points'] }[];
  /** One of the runs behind a mean: thin, and without words at its end. */
  readonly member?: boolean;
}

/** What a curve chart shows. */
export interface CurveSpec {
  readonly series: readonly CurveSeries[];
  readonly width: number;
  readonly height: number;
  /** Fixed range of values; taken from the data where it is absent. */
  readonly range?: readonly [number, number];
  /** First and last iteration in view; all of them where it is absent. */
  readonly domain?: readonly [number, number];
  /** Last iteration that the axis has to hold. */
  readonly iterations: number;
  readonly format: (value: number) => string;
}

/** A curve chart, every coordinate computed. */
export interface CurveLayout {
  readonly width: number;
  readonly height: number;
  readonly plot: { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number };
  readonly yTicks: readonly { readonly y: number; readonly text: string }[];
  readonly xTicks: readonly { readonly x: number; readonly text: string; readonly anchor: 'start' | 'middle' | 'end' }[];
  readonly lines: readonly {
    readonly id: string;
    readonly colour: string;
    readonly dash: string;
    readonly member: boolean;
    /** Outline of the band; null where there is none. */
    readonly band: string | null;
    /** Path through every value; gaps where there is none. */
    readonly raw: string;
    /** Path of the moving mean; null where the curve is short. */
    readonly smooth: string | null;
    readonly end: { readonly x: number; readonly y: number; readonly labelY: number; readonly text: string };
  }[];
  x(iteration: number): number;
  y(value: number): number;
  /** The iteration nearest to an x coordinate. */
  iterationAt(x: number): number;
}

const MARGIN = { left: 34, right: 58, top: 8, bottom: 20 } as const;
/** Pixels that a character of a label takes, at most. */
const CHARACTER = 6.6;
/** Least distance between two labels. */
const LABEL_GAP = 13;
/** Below this many points the raw line is all there is. */
export const SMOOTH_FROM = 24;

/** Lays a curve chart out; null while no series has a value. */
export function layoutCurve(spec: CurveSpec): CurveLayout | null {
  const visible = spec.series.map((series) => ({
    ...series,
    points: within(series.points, spec.domain),
    band: within(series.band ?? [], spec.domain),
  }));
  const values = visible.flatMap(({ points, band, member }) => [
    ...points.flatMap(({ value }) => (value === null || member === true ? [] : [value])),
    ...band.flatMap(({ low, high }) => [low, high]),
  ]);
  if (values.length === 0) return null;
  const words = visible.map(({ label, points, member }) => {
    const end = points.findLast(({ value }) => value !== null)?.value;
    return end === undefined || end === null || member === true ? 0 : `${label} ${spec.format(end)}`.length;
  });
  const right = Math.min(spec.width / 3, Math.max(MARGIN.right, 10 + CHARACTER * Math.max(...words)));
  const plot = { left: MARGIN.left, right: spec.width - right, top: MARGIN.top, bottom: spec.height - MARGIN.bottom };
  const last = Math.max(spec.iterations, ...spec.series.map(({ points }) => points.at(-1)?.iteration ?? 0), 1);
  const [from, to] = spec.domain ?? [1, Math.max(2, last)];
  const x = scaleLinear([from, to], [plot.left, plot.right]);
  const y = scaleLinear(spec.range ?? padded(extent(values) as [number, number]), [plot.bottom, plot.top]);
  if (spec.range === undefined) y.nice(4);
  const path = line<{ readonly iteration: number; readonly value: number | null }>()
    .defined(({ value }) => value !== null)
    .x(({ iteration }) => x(iteration))
    .y(({ value }) => y(value ?? 0))
    .digits(1);
  const outline = area<BandPoint>()
    .x(({ iteration }) => x(iteration))
    .y0(({ low }) => y(low))
    .y1(({ high }) => y(high))
    .digits(1);
  const lines = visible.flatMap((series) => {
    const end = series.points.findLast(({ value }) => value !== null) ?? bandOnly(series);
    if (end === undefined || end.value === null) return [];
    const smooth = series.points.length >= SMOOTH_FROM ? movingMean(series.points) : null;
    const endValue = smooth?.at(-1)?.value ?? end.value;
    return {
      id: series.id,
      colour: series.colour,
      dash: series.dash,
      member: series.member === true || series.points.length === 0,
      band: series.band.length < 2 ? null : outline(series.band),
      raw: path(series.points) ?? '',
      smooth: smooth === null ? null : path(smooth),
      end: {
        x: x(end.iteration),
        y: y(endValue),
        labelY: y(endValue),
        text: series.member === true || series.points.length === 0 ? '' : `${series.label} ${spec.format(endValue)}`,
      },
    };
  });
  return {
    width: spec.width,
    height: spec.height,
    plot,
    yTicks: y.ticks(3).map((value) => ({ y: y(value), text: y.tickFormat(3)(value) })),
    xTicks: [
      { x: plot.left, text: String(from), anchor: 'start' },
      { x: (plot.left + plot.right) / 2, text: 'iteration', anchor: 'middle' },
      { x: plot.right, text: String(spec.domain === undefined ? last : to), anchor: 'end' },
    ],
    lines: apart(lines, plot),
    x,
    y,
    iterationAt: (at) => Math.max(from, Math.min(spec.domain === undefined ? last : to, Math.round(x.invert(at)))),
  };
}

/** Where a band without a line ends: in its middle. */
function bandOnly({ points, band }: { readonly points: CurveSeries['points']; readonly band: readonly BandPoint[] }) {
  const last = points.length === 0 ? band.at(-1) : undefined;
  return last === undefined ? undefined : { iteration: last.iteration, value: (last.low + last.high) / 2 };
}

function within<T extends { readonly iteration: number }>(
  points: readonly T[],
  domain: readonly [number, number] | undefined,
): readonly T[] {
  return domain === undefined ? points : points.filter(({ iteration }) => iteration >= domain[0] && iteration <= domain[1]);
}

/** Centred moving mean over a twentieth of the curve, at least 5 points; what is missing, or beyond an end, is left out. */
export function movingMean(points: CurveSeries['points']): CurveSeries['points'] {
  const half = Math.max(2, Math.floor(points.length / 40));
  return points.map(({ iteration }, index) => {
    let sum = 0;
    let count = 0;
    for (let i = index - half; i <= index + half; i++) {
      const value = points[i]?.value;
      if (value !== null && value !== undefined) {
        sum += value;
        count++;
      }
    }
    return { iteration, value: count === 0 ? null : sum / count };
  });
}

function padded([low, high]: readonly [number, number]): [number, number] {
  return low === high ? [low - 0.5, high + 0.5] : [low, high];
}

/** Moves labels that would overlap apart, keeping their order and the plot's bounds. */
function apart(lines: CurveLayout['lines'], plot: CurveLayout['plot']): CurveLayout['lines'] {
  const sorted = lines.filter(({ member }) => !member).sort((a, b) => a.end.y - b.end.y);
  const ys = sorted.map(({ end }) => Math.max(plot.top + 4, Math.min(plot.bottom - 2, end.y)));
  for (let i = 1; i < ys.length; i++) ys[i] = Math.max(ys[i]!, ys[i - 1]! + LABEL_GAP);
  for (let i = ys.length - 1; i >= 0; i--) ys[i] = Math.min(ys[i]!, plot.bottom + 2 - LABEL_GAP * (ys.length - 1 - i));
  return lines.map((series) => ({ ...series, end: { ...series.end, labelY: ys[sorted.indexOf(series)] ?? series.end.labelY } }));
}
