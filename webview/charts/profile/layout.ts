import { scaleBand, scaleLinear } from 'd3-scale';

/** What just happened, own move first; `start` is the first round. */
export const SITUATIONS = ['start', 'CC', 'CD', 'DC', 'DD'] as const;
export type Situation = (typeof SITUATIONS)[number];

/** A policy's probability of cooperating in each situation. */
export interface Profile {
  readonly id: string;
  readonly label: string;
  readonly colour: string;
  /** Whether the bars are hatched, so that no reader needs the colour. */
  readonly hatched: boolean;
  readonly cooperates: Readonly<Record<Situation, number | null>>;
}

/** A known strategy to measure against. */
const REFERENCES = {
  'tit-for-tat': { start: 1, CC: 1, CD: 0, DC: 1, DD: 0 },
  'grim trigger': { start: 1, CC: 1, CD: 0, DC: 0, DD: 0 },
  'always defect': { start: 0, CC: 0, CD: 0, DC: 0, DD: 0 },
} as const satisfies Readonly<Record<string, Readonly<Record<Situation, number>>>>;
export type Reference = keyof typeof REFERENCES;

/** A profile chart, every coordinate computed. */
export interface ProfileLayout {
  readonly width: number;
  readonly height: number;
  readonly plot: { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number };
  readonly yTicks: readonly { readonly y: number; readonly text: string }[];
  readonly situations: readonly {
    readonly name: Situation;
    readonly x: number;
    readonly left: number;
    readonly right: number;
    readonly referenceY: number;
  }[];
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

const MARGIN = { left: 28, right: 6, top: 12, bottom: 20 } as const;

/** Lays the profile chart out; null while no profile has a value. */
export function layoutProfile(profiles: readonly Profile[], reference: Reference, width: number, height: number): ProfileLayout | null {
  if (!profiles.some(({ cooperates }) => SITUATIONS.some((name) => cooperates[name] !== null))) return null;
  const plot = { left: MARGIN.left, right: width - MARGIN.right, top: MARGIN.top, bottom: height - MARGIN.bottom };
  const x = scaleBand<Situation>(SITUATIONS, [plot.left, plot.right]).paddingInner(0.28).paddingOuter(0.14);
  const within = scaleBand<string>(
    profiles.map(({ id }) => id),
    [0, x.bandwidth()],
  ).paddingInner(0.1);
  const y = scaleLinear([0, 1], [plot.bottom, plot.top]);
  return {
    width,
    height,
    plot,
    yTicks: [0, 0.5, 1].map((value) => ({ y: y(value), text: String(value) })),
    situations: SITUATIONS.map((name) => {
      const left = x(name) ?? 0;
      return {
        name,
        x: left + x.bandwidth() / 2,
        left: left - 3,
        right: left + x.bandwidth() + 3,
        referenceY: y(REFERENCES[reference][name]),
      };
    }),
    bars: SITUATIONS.flatMap((situation) =>
      profiles.map(({ id, colour, hatched, cooperates }) => {
        const value = cooperates[situation];
        // A probability of zero still leaves a foot to see.
        const top = Math.min(y(value ?? 0), plot.bottom - 1);
        return {
          id,
          situation,
          x: (x(situation) ?? 0) + (within(id) ?? 0),
          width: within.bandwidth(),
          y: top,
          height: plot.bottom - top,
          colour,
          hatched,
          value,
        };
      }),
    ),
  };
}
