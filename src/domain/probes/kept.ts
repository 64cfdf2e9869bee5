import { amounts, parseKeep } from '../games/sharing/proposals';
import { other } from '../seat';
import { ATTITUDES, type Attitude, type AttitudeTranscript } from './probeTranscripts';

/** Ranges of what is kept of ten, both ends included once values are rounded. */
export const KEPT_RANGES = [
  [0, 2],
  [3, 5],
  [6, 8],
  [9, 10],
] as const;

/** What is kept of a kind in one situation, over probes, draws and kinds. */
export interface KeptReading {
  readonly values: 'less' | 'more';
  /** How the other kept in the round before. */
  readonly after: Attitude;
  /** Mean kept, as 0 … 10 of a kind; null without a reading. */
  readonly mean: number | null;
  /** Share of readings in each of `KEPT_RANGES`; null without a reading. */
  readonly shares: readonly number[] | null;
}

/**
 * What is kept where one values a kind less and where more than the other does, by how the other kept in the round before.
 * Kinds that are not on the table, and those that both value alike, are left out, and so are answers that do not parse.
 * @param answers texts, `[probe][draw]`
 */
export function keptByAttitude(probes: readonly AttitudeTranscript[], answers: readonly (readonly string[])[]): KeptReading[] {
  const readings = probes.flatMap(({ seat, deal, attitude }, i) =>
    (answers[i] ?? []).flatMap((text) => {
      const action = parseKeep(text, deal);
      if (action === null) return [];
      return amounts(action).flatMap((kept, kind) => {
        const quantity = deal.quantities[kind]!;
        const edge = deal.values[seat][kind]! - deal.values[other(seat)][kind]!;
        return quantity === 0 || edge === 0 ? [] : [{ values: edge < 0 ? 'less' : 'more', attitude, kept: (10 * kept) / quantity }];
      });
    }),
  );
  return (['less', 'more'] as const).flatMap((values) =>
    ATTITUDES.map((after): KeptReading => {
      const here = readings.filter((reading) => reading.values === values && reading.attitude === after).map(({ kept }) => kept);
      if (here.length === 0) return { values, after, mean: null, shares: null };
      const within = ([low, high]: readonly [number, number]): number =>
        here.filter((kept) => low <= Math.round(kept) && Math.round(kept) <= high).length / here.length;
      return { values, after, mean: here.reduce((sum, kept) => sum + kept, 0) / here.length, shares: KEPT_RANGES.map(within) };
    }),
  );
}
