import { interpolateRgbBasis } from 'd3-interpolate';
import { scaleSequential } from 'd3-scale';
import { HEAT_COLOURS, inkOn } from '../../domain/heatColour';
import { escapeMarkup } from '../../domain/markup';
import type { MatchupsFile } from '../../protocol/matchups';

/** What a heat map is drawn from. */
export type HeatMapData = Pick<MatchupsFile, 'game' | 'players' | 'members' | 'meanReward' | 'low' | 'high' | 'negotiations' | 'level'>;

const CELL = { width: 92, height: 52 } as const;
const MARGIN = 16;
/** Pixels that a character of a label takes, at most. */
const CHARACTER = 7.2;
const FONT = 'system-ui, -apple-system, "Segoe UI", sans-serif';

/**
 * The matrix as a picture, an SVG of its own: a cell for each pair, its colour and number the row player's mean points a
 * round, the interval in small print below. Rows read: this player, against the column's.
 */
export function heatMap({ game, players, members, meanReward, low, high, negotiations, level }: HeatMapData): string {
  const label = Math.ceil(Math.max(...players.map((name) => [...name].length)) * CHARACTER);
  const left = MARGIN + Math.max(label, 80) + 8;
  const slanted = label > CELL.width - 6;
  const top = MARGIN + 44 + (slanted ? Math.ceil(label * Math.SQRT1_2) + 12 : 22);
  const width = left + players.length * CELL.width + MARGIN + (slanted ? Math.ceil(label * Math.SQRT1_2) : 0);
  const height = top + players.length * CELL.height + MARGIN;
  const known = meanReward.flat().filter((value) => value !== null);
  const [least, most] = [Math.min(...known), Math.max(...known)];
  const colour = scaleSequential([least, most > least ? most : least + 1], interpolateRgbBasis([...HEAT_COLOURS]));

  const x = (column: number): number => left + column * CELL.width;
  const y = (row: number): number => top + row * CELL.height;
  const columns = players.map((name, column) => {
    const [cx, cy] = [x(column) + CELL.width / 2, top - 8];
    return slanted
      ? `<text x="${cx}" y="${cy}" transform="rotate(-45 ${cx} ${cy})">${escapeMarkup(name)}</text>`
      : `<text x="${cx}" y="${cy}" text-anchor="middle">${escapeMarkup(name)}</text>`;
  });
  const rows = players.map(
    (name, row) => `<text x="${left - 8}" y="${y(row) + CELL.height / 2 + 4}" text-anchor="end">${escapeMarkup(name)}</text>`,
  );
  const cells = players.flatMap((name, row) =>
    players.map((opponent, column) => {
      const value = meanReward[row]?.[column] ?? null;
      const box = `x="${x(column) + 1}" y="${y(row) + 1}" width="${CELL.width - 2}" height="${CELL.height - 2}" rx="2"`;
      if (value === null) return `<g><rect ${box} fill="#eeeeee"/></g>`;
      const fill = colour(value);
      const interval = `${points(low[row]?.[column] ?? value)} – ${points(high[row]?.[column] ?? value)}`;
      const [cx, cy, ink] = [x(column) + CELL.width / 2, y(row) + CELL.height / 2, inkOn(fill)];
      return [
        `<g><title>${escapeMarkup(`${name} against ${opponent}: ${points(value)} points a round (${interval})`)}</title>`,
        `<rect ${box} fill="${fill}"/>`,
        `<text x="${cx}" y="${cy}" text-anchor="middle" font-size="15" font-weight="600" fill="${ink}">${points(value)}</text>`,
        `<text x="${cx}" y="${cy + 16}" text-anchor="middle" font-size="10" fill="${ink}">${interval}</text></g>`,
      ].join('');
    }),
  );
  const about = `Points a round of the row’s player against the column’s; ${negotiations} negotiations a cell, ${Math.round(level * 100)} % intervals over ${drawnAgain({ members })}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeMarkup(`Match-ups in ${game}`)}" font-family="${escapeMarkup(FONT)}" font-size="12" fill="#1f1f1f">
<rect width="100%" height="100%" fill="#ffffff"/>
<text x="${MARGIN}" y="${MARGIN + 12}" font-size="14" font-weight="600">${escapeMarkup(game)}</text>
<text x="${MARGIN}" y="${MARGIN + 30}" font-size="11" fill="#616161">${about}</text>
${[...columns, ...rows, ...cells].join('\n')}
</svg>
`;
}

/** What intervals are over, in words. */
export function drawnAgain({ members }: Pick<MatchupsFile, 'members'>): string {
  return Object.keys(members).length === 0 ? 'deals' : 'deals, or runs where a player is several';
}

/** Points with as many digits as a cell has room for. */
function points(value: number): string {
  return value.toFixed(Math.abs(value) >= 100 ? 1 : 2);
}
