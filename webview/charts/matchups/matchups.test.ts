import { describe, expect, it } from 'vitest';
import { matchupsFile } from '../../../src/protocol/matchups';
import { sampleMatchups } from '../../../test/webview/sampleMatchups';
import { csv } from '../csv';
import { svgText } from '../svgText';
import { drawMatchups } from './drawing';
import { layoutMatchups } from './layout';
import { cellWords, matchupRows, measuresOfMatchups } from './words';

const file = sampleMatchups();
const points = measuresOfMatchups(file)[0]!;

describe('match-up heat map', () => {
  it('is made of what the protocol allows', () => {
    expect(matchupsFile.parse(JSON.parse(JSON.stringify(file)))).toEqual(file);
  });

  it('lays rows below each other and columns beside each other, in cells that do not overlap', () => {
    const layout = layoutMatchups(file.players, points, 1000, 600)!;
    expect(layout.cells).toHaveLength(49);
    for (const { row, col, x, y, width, height } of layout.cells) {
      const right = layout.cells.find((cell) => cell.row === row && cell.col === col + 1);
      const below = layout.cells.find((cell) => cell.row === row + 1 && cell.col === col);
      if (right !== undefined) expect(right.x).toBeGreaterThanOrEqual(x + width);
      if (below !== undefined) expect(below.y).toBeGreaterThanOrEqual(y + height);
      expect(x + width).toBeLessThanOrEqual(layout.width);
      expect(y + height).toBeLessThanOrEqual(layout.height);
    }
  });

  it('gives equal numbers equal colours, the least and the most the ends of the scale, and every number a readable ink', () => {
    const { cells } = layoutMatchups(file.players, points, 1000, 600)!;
    const values = file.meanReward.flat() as number[];
    const darkest = cells[values.indexOf(Math.min(...values))]!;
    const lightest = cells[values.indexOf(Math.max(...values))]!;
    expect([darkest.fill, darkest.ink]).toEqual(['rgb(0, 34, 78)', '#ffffff']);
    expect([lightest.fill, lightest.ink]).toEqual(['rgb(254, 232, 56)', '#000000']);
  });

  it('keeps cells large enough to read, and grows beyond the room instead', () => {
    const many = Array.from({ length: 40 }, (_, i) => `run-with-a-long-name-${i}@200`);
    const values = many.map(() => many.map(() => 1));
    const layout = layoutMatchups(many, { label: 'x', values, format: String }, 500, 300)!;
    expect(layout.width).toBeGreaterThan(500);
    expect(layout.height).toBeGreaterThan(300);
    expect(Math.min(...layout.cells.map(({ width }) => width))).toBeGreaterThanOrEqual(44);
    expect(layout.columns.every(({ slanted }) => slanted)).toBe(true);
    expect(layoutMatchups([], points, 500, 300)).toBeNull();
  });

  it('draws a number and an interval in each cell, and a sign where nothing has been played', () => {
    const partly = sampleMatchups(10);
    const [measure] = measuresOfMatchups(partly);
    const text = svgText(drawMatchups(layoutMatchups(partly.players, measure!, 1000, 600)!, (row, col) => cellWords(partly, row, col)));
    expect(text.match(/font-weight="600"/g)).toHaveLength(49);
    expect(text.match(/>–<\/text>/g)).toHaveLength(10);
    expect(text.match(/font-size="9.5"/g)).toHaveLength(39);
    expect(text).toContain('scripted:always-defect against itself: not played yet');
  });

  it('says in words who met whom and how it went', () => {
    expect(cellWords(file, 6, 5)).toBe(
      'scripted:always-defect against scripted:tit-for-tat: 1.40 points a round (1.34 to 1.46) · joint reward 2.30 · efficiency 38 % · cooperation 0 % · did not parse 0 %',
    );
  });

  it('offers only numbers that some cell has, and writes them all as CSV', () => {
    expect(measuresOfMatchups(file).map(({ label }) => label)).toEqual([
      'Points a round',
      'Joint reward',
      'Efficiency',
      'Cooperation',
      'Did not parse',
    ]);
    const [header, ...rows] = csv(...matchupRows(file))
      .trimEnd()
      .split('\r\n');
    expect(header).toBe('player,against,points_a_round,low,high,joint_reward,efficiency,cooperation,did_not_parse');
    expect(rows).toHaveLength(49);
    const [player, against, ...numbers] = rows[47]!.split(',');
    expect([player, against]).toEqual(['scripted:always-defect', 'scripted:tit-for-tat']);
    expect(numbers.map((text) => Number(text).toFixed(2))).toEqual(['1.40', '1.34', '1.46', '2.30', '0.38', '0.00', '0.00']);
  });
});
