import { interpolateRgbBasis } from 'd3-interpolate';
import { scaleSequential } from 'd3-scale';
import { HEAT_COLOURS, inkOn } from '../../../src/domain/heatColour';

/** One number of a matrix: what it is and how it is read. */
export interface MatchupMeasure {
  readonly label: string;
  /** `[row][col]` of the row's player; null where the two have not met, or have no such number. */
  readonly values: readonly (readonly (number | null)[])[];
  /** Bounds of the interval, where there is one. */
  readonly low?: readonly (readonly (number | null)[])[];
  readonly high?: readonly (readonly (number | null)[])[];
  readonly format: (value: number) => string;
}

/** One cell of the heat map, in CSS pixels. */
export interface MatchupCellBox {
  readonly row: number;
  readonly col: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  /** Null: nothing to show (yet). */
  readonly text: string | null;
  /** The interval in small print; null where the cell has no room for it or there is none. */
  readonly small: string | null;
  readonly fill: string;
  readonly ink: string;
}

/** A heat map of match-ups, every coordinate computed. */
export interface MatchupsLayout {
  readonly width: number;
  readonly height: number;
  readonly rows: readonly { readonly text: string; readonly x: number; readonly y: number }[];
  readonly columns: readonly { readonly text: string; readonly x: number; readonly y: number; readonly slanted: boolean }[];
  readonly cells: readonly MatchupCellBox[];
  /** The colour scale, from least to most. */
  readonly scale: readonly { readonly x: number; readonly width: number; readonly fill: string }[];
  readonly scaleAt: { readonly y: number; readonly height: number };
  readonly scaleEnds: readonly [least: string, most: string];
}

/** A cell is never smaller or larger than this, so that a big matrix scrolls and a small one does not shout. */
const CELL = { least: [46, 28], most: [132, 76] } as const;
/** Pixels that a character of a label takes, at most. */
const CHARACTER = 6.4;
const LABEL_MOST = 190;
/** From this width on a cell has room for its interval. */
const SMALL_FROM = [84, 40] as const;
const SCALE_STEPS = 24;

/** Lays a matrix out in the room there is, or in as much as it needs; null without players. */
export function layoutMatchups(players: readonly string[], measure: MatchupMeasure, width: number, height: number): MatchupsLayout | null {
  if (players.length === 0) return null;
  const longest = Math.max(...players.map((name) => [...name].length));
  const label = Math.min(LABEL_MOST, Math.ceil(longest * CHARACTER) + 10);
  const left = Math.max(40, label);
  const wide = clamp((width - left - 8) / players.length, CELL.least[0], CELL.most[0]);
  const slanted = longest * CHARACTER > wide - 8;
  // A slanted name starts in the middle of its column and may end beyond the last one.
  const beyond = slanted ? Math.max(8, Math.ceil(label * Math.SQRT1_2 - wide / 2)) : 8;
  const cellWidth = clamp((width - left - beyond) / players.length, CELL.least[0], CELL.most[0]);
  const rise = slanted ? Math.ceil(label * Math.SQRT1_2) + 8 : 18;
  const top = rise + 4;
  const foot = 30;
  const cellHeight = clamp((height - top - foot) / players.length, CELL.least[1], CELL.most[1]);
  const known = measure.values.flat().filter((value) => value !== null);
  const [least, most] = known.length === 0 ? [0, 1] : [Math.min(...known), Math.max(...known)];
  const colour = scaleSequential([least, most > least ? most : least + 1], interpolateRgbBasis([...HEAT_COLOURS]));
  const x = (col: number): number => left + col * cellWidth;
  const y = (row: number): number => top + row * cellHeight;
  const cells = players.flatMap((_, row) =>
    players.map((__, col): MatchupCellBox => {
      const value = measure.values[row]?.[col] ?? null;
      const [low, high] = [measure.low?.[row]?.[col] ?? null, measure.high?.[row]?.[col] ?? null];
      const fill = value === null ? 'none' : colour(value);
      const roomy = cellWidth >= SMALL_FROM[0] && cellHeight >= SMALL_FROM[1];
      return {
        row,
        col,
        x: x(col) + 1,
        y: y(row) + 1,
        width: cellWidth - 2,
        height: cellHeight - 2,
        text: value === null ? null : measure.format(value),
        small: value === null || low === null || high === null || !roomy ? null : `${measure.format(low)} – ${measure.format(high)}`,
        fill,
        ink: value === null ? 'var(--dim)' : inkOn(fill),
      };
    }),
  );
  const right = x(players.length);
  const bottom = y(players.length);
  const scaleWidth = Math.min(220, right - left) / SCALE_STEPS;
  return {
    width: Math.ceil(right + beyond),
    height: Math.ceil(bottom + foot),
    rows: players.map((text, row) => ({ text: cut(text, label), x: left - 8, y: y(row) + cellHeight / 2 })),
    columns: players.map((text, col) => ({ text: cut(text, slanted ? label : cellWidth), x: x(col) + cellWidth / 2, y: top - 6, slanted })),
    cells,
    scale: Array.from({ length: SCALE_STEPS }, (_, i) => ({
      x: left + i * scaleWidth,
      width: scaleWidth + 0.5,
      fill: colour(least + ((i + 0.5) / SCALE_STEPS) * (most - least)),
    })),
    scaleAt: { y: bottom + 12, height: 8 },
    scaleEnds: [measure.format(least), measure.format(most)],
  };
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}

/** A label that would run out of its room ends in dots; the whole name is in the cell's own words. */
function cut(text: string, room: number): string {
  const fits = Math.max(3, Math.floor((room - 6) / CHARACTER));
  const characters = [...text];
  return characters.length <= fits ? text : `${characters.slice(0, fits - 1).join('')}…`;
}
