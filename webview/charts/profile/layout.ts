import { scaleBand, scaleLinear } from 'd3-scale';

/** What a policy is asked about: one group of bars each. */
export interface Situation {
  readonly name: string;
  /** The name where there is little room. */
  readonly short?: string;
  /** The name in words. */
  readonly meaning: string;
}

/** One policy's answers, in the order of the situations; null where it could not be measured. */
export interface Profile {
  readonly id: string;
  readonly label: string;
  readonly colour: string;
  /** Whether the bars are hatched, so that no reader needs the colour. */
  readonly hatched: boolean;
  readonly values: readonly (number | null)[];
}

/** A known strategy to measure against: its answers, and the letter that its dashes carry. */
export interface Reference {
  readonly sign: string;
  readonly name: string;
  readonly values: readonly number[];
}

/** What a profile chart shows. */
export interface ProfileSpec {
  readonly situations: readonly Situation[];
  /** Headings over so many situations each, from the left; none where all belong together. */
  readonly headings?: readonly { readonly text: string; readonly count: number }[];
  /** Values go from 0 to here. */
  readonly max: number;
  readonly profiles: readonly Profile[];
  readonly references: readonly Reference[];
}

/** A profile chart, every coordinate computed. */
export interface ProfileLayout {
  readonly width: number;
  readonly height: number;
  readonly plot: { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number };
  readonly yTicks: readonly { readonly y: number; readonly text: string }[];
  readonly headings: readonly { readonly text: string; readonly x: number }[];
  readonly situations: readonly (Situation & {
    readonly x: number;
    readonly left: number;
    readonly right: number;
    /** Where references lie, and the letters of those that lie there. */
    readonly marks: readonly { readonly y: number; readonly signs: string }[];
  })[];
  readonly bars: readonly {
    readonly id: string;
    readonly situation: Situation;
    readonly x: number;
    readonly width: number;
    readonly y: number;
    readonly height: number;
    readonly colour: string;
    readonly hatched: boolean;
    /** Null: could not be measured. */
    readonly value: number | null;
  }[];
}

const MARGIN = { left: 28, right: 6, top: 14, bottom: 30 } as const;
const HEADING = 14;
/** Pixels a situation below which its name is the short one. */
const ROOM = 32;

/** Lays the profile chart out; null while no profile has a value. */
export function layoutProfile(
  { situations, headings = [], max, profiles, references }: ProfileSpec,
  width: number,
  height: number,
): ProfileLayout | null {
  if (!profiles.some(({ values }) => values.some((value) => value !== null))) return null;
  const top = MARGIN.top + (headings.length > 0 ? HEADING : 0);
  const plot = { left: MARGIN.left, right: width - MARGIN.right, top, bottom: height - MARGIN.bottom };
  const x = scaleBand<number>([...situations.keys()], [plot.left, plot.right])
    .paddingInner(0.28)
    .paddingOuter(0.14);
  const within = scaleBand<string>(
    profiles.map(({ id }) => id),
    [0, x.bandwidth()],
  ).paddingInner(0.1);
  const y = scaleLinear([0, max], [plot.bottom, plot.top]);
  let before = 0;
  return {
    width,
    height,
    plot,
    yTicks: [0, max / 2, max].map((value) => ({ y: y(value), text: String(value) })),
    headings: headings.map(({ text, count }) => {
      const from = x(before) ?? 0;
      before += count;
      return { text, x: (from + (x(before - 1) ?? 0) + x.bandwidth()) / 2 };
    }),
    situations: situations.map((situation, index) => {
      const left = x(index) ?? 0;
      const signs = new Map<number, string[]>();
      for (const { sign, values } of references) signs.set(values[index] ?? 0, [...(signs.get(values[index] ?? 0) ?? []), sign]);
      return {
        ...situation,
        name: x.step() < ROOM ? (situation.short ?? situation.name) : situation.name,
        x: left + x.bandwidth() / 2,
        left: left - 3,
        right: left + x.bandwidth() + 3,
        marks: [...signs].map(([value, letters]) => ({ y: y(value), signs: letters.join(' ') })),
      };
    }),
    bars: situations.flatMap((situation, index) =>
      profiles.map(({ id, colour, hatched, values }) => {
        const value = values[index] ?? null;
        // A value of zero still leaves a foot to see.
        const barTop = Math.min(y(value ?? 0), plot.bottom - 1);
        return {
          id,
          situation,
          x: (x(index) ?? 0) + (within(id) ?? 0),
          width: within.bandwidth(),
          y: barTop,
          height: plot.bottom - barTop,
          colour,
          hatched,
          value,
        };
      }),
    ),
  };
}

/** Index of the bar above which a point lies, whatever its height; −1 between situations. */
export function barAt({ bars }: ProfileLayout, x: number): number {
  return bars.findIndex((bar) => x >= bar.x - 1 && x <= bar.x + bar.width + 1);
}
