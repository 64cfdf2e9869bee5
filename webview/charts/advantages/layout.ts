import { quantile, tickStep } from 'd3-array';
import { scaleLinear } from 'd3-scale';
import type { Advantages } from '../../../src/protocol/webview';

/** The three that are shown below each other; the third is the sum of the others. */
export const PARTS = ['own advantage', 'alignment term', 'credit'] as const;

/** Values of one part between two bounds; the outermost bins hold what lies beyond them, too. */
export interface AdvantageBin {
  readonly part: number;
  readonly from: number;
  readonly to: number;
  /** Indices of the values, by size. */
  readonly entries: readonly number[];
  readonly x: number;
  readonly width: number;
  readonly y: number;
  readonly height: number;
}

/** Histograms of the parts of the credit, every coordinate computed; all share one scale of values. */
export interface AdvantagesLayout {
  readonly width: number;
  readonly height: number;
  readonly plot: { readonly left: number; readonly right: number };
  readonly zero: number;
  readonly rows: readonly {
    readonly name: string;
    readonly mean: number;
    readonly deviation: number;
    readonly top: number;
    readonly base: number;
  }[];
  /** `[part][bin]` */
  readonly bins: readonly (readonly AdvantageBin[])[];
  /** Where the rounds of the negotiation in view lie. */
  readonly here: readonly { readonly x: number; readonly y: number }[];
  readonly ticks: readonly { readonly x: number; readonly text: string }[];
}

const MARGIN = { left: 66, right: 76, top: 4, bottom: 18 } as const;
/** Bins on either side of zero, about. */
const SIDE = 18;
const GAP = 12;

/** The values of the three parts, `[part][entry]`. */
export function partsOf({ own, alignment }: Advantages): readonly (readonly number[])[] {
  return [own, alignment, own.map((value, i) => value + (alignment[i] ?? 0))];
}

/** Lays the histograms out; null without values. `negotiation` is the one in view. */
export function layoutAdvantages(
  advantages: Advantages,
  negotiation: number | null,
  width: number,
  height: number,
): AdvantagesLayout | null {
  const parts = partsOf(advantages);
  const sizes = parts
    .flat()
    .map(Math.abs)
    .sort((a, b) => a - b);
  if (sizes.length === 0) return null;
  // A few outliers must not press all else into one bin: they go to the outermost ones.
  const reach = Math.max(1e-6, quantile(sizes, 0.995) ?? 0);
  const step = tickStep(0, reach, SIDE);
  const side = Math.ceil(reach / step - 1e-9);
  const plot = { left: MARGIN.left, right: width - MARGIN.right };
  const x = scaleLinear([-side * step, side * step], [plot.left, plot.right]);
  const rowHeight = (height - MARGIN.top - MARGIN.bottom) / parts.length;
  const rows = parts.map((values, part) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
    const top = MARGIN.top + part * rowHeight;
    return { name: PARTS[part] ?? '', mean, deviation, top, base: top + rowHeight - 4 };
  });
  const bins = parts.map((values, part) => {
    const held = Array.from({ length: 2 * side }, (): number[] => []);
    values.forEach((value, entry) => {
      held[Math.max(0, Math.min(2 * side - 1, Math.floor(value / step) + side))]!.push(entry);
    });
    const most = Math.max(1, ...held.map((entries) => entries.length));
    const { base } = rows[part]!;
    return held.map((entries, bin): AdvantageBin => {
      const from = (bin - side) * step;
      // Even a single value leaves something to see.
      const tall = entries.length === 0 ? 0 : Math.max(1, (entries.length / most) * (rowHeight - GAP));
      entries.sort((a, b) => values[a]! - values[b]!);
      return {
        part,
        from,
        to: from + step,
        entries,
        x: x(from) + 0.5,
        width: Math.max(0.5, x(from + step) - x(from) - 1),
        y: base - tall,
        height: tall,
      };
    });
  });
  const inside = (value: number): number => Math.max(plot.left, Math.min(plot.right, x(value)));
  const here = parts.flatMap((values, part) =>
    values.flatMap((value, entry) => (advantages.negotiation[entry] === negotiation ? [{ x: inside(value), y: rows[part]!.base }] : [])),
  );
  return {
    width,
    height,
    plot,
    zero: x(0),
    rows,
    bins,
    here,
    ticks: x.ticks(4).map((value) => ({ x: x(value), text: x.tickFormat(4)(value).replace('-', '−') })),
  };
}

/** The bin at a point; undefined beside the plot. */
export function binAt({ bins, rows, plot }: AdvantagesLayout, x: number, y: number): AdvantageBin | undefined {
  if (x < plot.left || x > plot.right) return undefined;
  const part = rows.findIndex(({ base }) => y <= base + 4);
  return bins[part < 0 ? rows.length - 1 : part]?.find((bin) => x <= bin.x + bin.width + 0.5);
}
