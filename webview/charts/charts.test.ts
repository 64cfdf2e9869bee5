import { describe, expect, it } from 'vitest';
import type { MeasuresFile } from '../../src/protocol/runFiles';
import { csv } from './csv';
import { drawCurve } from './curve/drawing';
import { type CurveSeries, layoutCurve, movingMean } from './curve/layout';
import { between, scaled } from './curve/zoom';
import { profileCsv } from './profile/csv';
import { drawProfile } from './profile/drawing';
import { barAt, layoutProfile, type Profile } from './profile/layout';
import { COOPERATION_PROFILE, KEPT_PROFILE } from './profile/specs';
import { drawScatter } from './scatter/drawing';
import { layoutScatter } from './scatter/layout';
import { svgText } from './svgText';
import { drawWeights } from './weights/drawing';
import { layoutWeights } from './weights/layout';

const series = (label: string, values: readonly (number | null)[], dash = ''): CurveSeries => ({
  id: `run-${label}`,
  label,
  colour: `var(--${label.toLowerCase()})`,
  dash,
  points: values.map((value, index) => ({ iteration: index + 1, value })),
});
const spec = { width: 240, height: 120, iterations: 3, format: (value: number) => value.toFixed(2) };

describe('training curves', () => {
  it('draws lines, ticks, end labels and the selected iteration', () => {
    const layout = layoutCurve({ ...spec, series: [series('AA', [2, 2.5, 3]), series('RL', [2, 1.5, 1], '5 3')] })!;
    const text = svgText(drawCurve(layout, { selected: 2, hovered: null }), (name) => ({ '--aa': '#48f', '--rl': '#e83' })[name] ?? '#888');
    expect(text).toMatchInlineSnapshot(
      `"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 240 120" width="240" height="120" font-size="10"><g><line x1="34" x2="182" y1="100" y2="100" stroke="#888"/><text x="28" y="103.5" text-anchor="end" fill="#888">1.0</text></g><g><line x1="34" x2="182" y1="77" y2="77" stroke="#888"/><text x="28" y="80.5" text-anchor="end" fill="#888">1.5</text></g><g><line x1="34" x2="182" y1="54" y2="54" stroke="#888"/><text x="28" y="57.5" text-anchor="end" fill="#888">2.0</text></g><g><line x1="34" x2="182" y1="31" y2="31" stroke="#888"/><text x="28" y="34.5" text-anchor="end" fill="#888">2.5</text></g><g><line x1="34" x2="182" y1="8" y2="8" stroke="#888"/><text x="28" y="11.5" text-anchor="end" fill="#888">3.0</text></g><text x="34" y="114" text-anchor="start" fill="#888">1</text><text x="108" y="114" text-anchor="middle" fill="#888">iteration</text><text x="182" y="114" text-anchor="end" fill="#888">3</text><line x1="108" x2="108" y1="8" y2="100" stroke="#888" stroke-dasharray="2 2"/><g><path d="M34,54L108,31L182,8" fill="none" stroke="#48f" stroke-width="1.6" stroke-dasharray="" opacity="1"/><circle cx="182" cy="8" r="2.5" fill="#48f"/><text x="188" y="15.5" fill="#48f" font-weight="600">AA 3.00</text></g><g><path d="M34,54L108,77L182,100" fill="none" stroke="#e83" stroke-width="1.6" stroke-dasharray="5 3" opacity="1"/><circle cx="182" cy="100" r="2.5" fill="#e83"/><text x="188" y="101.5" fill="#e83" font-weight="600">RL 1.00</text></g></svg>"`,
    );
  });

  it('breaks the line where there is no value', () => {
    const layout = layoutCurve({ ...spec, series: [series('AA', [2, null, 3])] })!;
    expect(layout.lines[0]!.raw.match(/M/g)).toHaveLength(2);
    expect(layoutCurve({ ...spec, series: [series('AA', [null])] })).toBeNull();
    expect(layoutCurve({ ...spec, series: [] })).toBeNull();
  });

  it('keeps labels apart and inside, whatever the values', () => {
    for (const end of [0, 0.01, 1]) {
      const layout = layoutCurve({
        ...spec,
        range: [0, 1],
        series: [series('AA', [0.5, end]), series('RL', [0.5, end]), series('sum', [0.5, end])],
      })!;
      const ys = layout.lines.map((line) => line.end.labelY).sort((a, b) => a - b);
      expect(ys[1]! - ys[0]!).toBeGreaterThanOrEqual(12.9);
      expect(ys[2]! - ys[1]!).toBeGreaterThanOrEqual(12.9);
      expect(ys[0]).toBeGreaterThanOrEqual(0);
      expect(ys[2]).toBeLessThanOrEqual(spec.height);
    }
  });

  it('finds the iteration under the pointer', () => {
    const layout = layoutCurve({ ...spec, iterations: 200, series: [series('AA', [2, 2.5, 3])] })!;
    for (const iteration of [1, 57, 200]) expect(layout.iterationAt(layout.x(iteration))).toBe(iteration);
    expect(layout.iterationAt(-50)).toBe(1);
    expect(layout.iterationAt(9999)).toBe(200);
  });

  it('smooths without moving a straight line, and skips gaps', () => {
    const straight = series(
      'AA',
      Array.from({ length: 60 }, (_, i) => i),
    ).points;
    const inner = movingMean(straight).slice(5, -5);
    for (const { iteration, value } of inner) expect(value).toBeCloseTo(iteration - 1, 9);
    expect(movingMean(series('AA', [1, null, 3]).points).map(({ value }) => value)).toEqual([2, 2, 2]);
  });
});

describe('zoom', () => {
  it('shows only what lies within, on the same scale of iterations', () => {
    const long = series(
      'AA',
      Array.from({ length: 100 }, (_, i) => i),
    );
    const layout = layoutCurve({ ...spec, iterations: 100, series: [long], domain: [20, 40] })!;
    expect(layout.xTicks.map(({ text }) => text)).toEqual(['20', 'iteration', '40']);
    expect(layout.x(20)).toBe(layout.plot.left);
    expect(layout.iterationAt(layout.x(33))).toBe(33);
    expect(layout.lines[0]!.end.x).toBe(layout.plot.right);
    expect(layoutCurve({ ...spec, series: [long], domain: [200, 240] })).toBeNull();
  });
  it('takes a drag in either direction, and a twitch for a click', () => {
    expect(between(40, 20)).toEqual([20, 40]);
    expect(between(20, 22)).toBeNull();
  });
  it('halves and doubles around an iteration and stays inside', () => {
    expect(scaled([1, 101], 51, 0.5, 101)).toEqual([26, 76]);
    expect(scaled([26, 76], 26, 0.5, 101)).toEqual([26, 51]);
    expect(scaled([90, 101], 100, 2, 101)).toEqual([79, 101]);
    expect(scaled([26, 76], 51, 2, 101)).toBeNull();
  });
});

describe('policy profile', () => {
  const profile: Profile = {
    id: 'run-aa',
    label: 'AA',
    colour: 'var(--aa)',
    hatched: false,
    values: [1, 0.9, 0, 0.5, null],
  };
  const { format } = COOPERATION_PROFILE;
  it('draws bars as high as probabilities, known strategies as dashes with their letters, and a sign for what is unknown', () => {
    const layout = layoutProfile({ ...COOPERATION_PROFILE, profiles: [profile] }, 200, 100)!;
    const heights = layout.bars.map(({ height }) => Math.round(height));
    expect(heights).toEqual([56, 50, 1, 28, 1]);
    expect(layout.situations.map(({ marks }) => marks.map(({ y, signs }) => `${signs} ${y}`).join(', '))).toEqual([
      'T G 14, D 70',
      'T G 14, D 70',
      'T G D 70',
      'T 14, G D 70',
      'T G D 70',
    ]);
    const text = svgText(drawProfile(layout, format));
    expect(text.match(/<rect/g)).toHaveLength(4);
    expect(text).toContain('>?</text>');
    expect(text).toContain('run-aa: 0.90 after oneself cooperated and the other cooperated');
  });
  it('of the split games has what is kept by value under headings, each within its bars', () => {
    const kept = { ...profile, values: KEPT_PROFILE.values({ keptAfter: KEPT } as unknown as MeasuresFile)! };
    expect(kept.values).toEqual([1, 2, null, 4, 5, 6, 7, 8, 9, 10]);
    const layout = layoutProfile({ ...KEPT_PROFILE, profiles: [kept] }, 360, 120)!;
    expect(layout.bars.map(({ height }) => Math.round(height))).toEqual([6, 12, 1, 25, 31, 37, 43, 50, 56, 62]);
    expect(layout.situations.map(({ name }) => name).slice(0, 3)).toEqual(['start', '0–2', '3–5']);
    const narrow = layoutProfile({ ...KEPT_PROFILE, profiles: [kept] }, 260, 120)!;
    expect(narrow.situations.map(({ name }) => name).slice(0, 3)).toEqual(['1st', '≤2', '≤5']);
    expect(layout.bars.map(({ x, width }) => barAt(layout, x + width / 2))).toEqual(layout.bars.map((_, index) => index));
    expect(barAt(layout, 2)).toBe(-1);
    const [less, more] = layout.headings;
    expect(less!.x).toBeCloseTo(layout.situations[2]!.x);
    expect(more!.x).toBeCloseTo(layout.situations[7]!.x);
    expect(layout.situations[9]!.marks.map(({ signs }) => signs)).toEqual(['V A']);
    expect(KEPT_PROFILE.values({ keptAfter: undefined } as unknown as MeasuresFile)).toBeUndefined();
  });
  it('leaves as CSV with what it is drawn against', () => {
    expect(profileCsv(COOPERATION_PROFILE, [profile]).split('\r\n').slice(1)).toEqual([
      'run-aa,1,0.9,0,0.5,',
      'tit-for-tat,1,1,0,1,0',
      'grim trigger,1,1,0,0,0',
      'always defect,0,0,0,0,0',
      '',
    ]);
  });
  it('is nothing while nothing is measured', () => {
    const unknown = { ...profile, values: [null, null, null, null, null] };
    expect(layoutProfile({ ...COOPERATION_PROFILE, profiles: [unknown] }, 200, 100)).toBeNull();
  });
});

const KEPT = {
  less: { start: 1, '0-2': 2, '3-5': null, '6-8': 4, '9-10': 5 },
  more: { start: 6, '0-2': 7, '3-5': 8, '6-8': 9, '9-10': 10 },
};

describe('scatter and weights', () => {
  it('puts zero in the middle and draws discs for Alice, squares for Bob', () => {
    const layout = layoutScatter(
      [
        { negotiation: 1, round: 0, seat: 0, own: 1, alignment: -0.5, here: true },
        { negotiation: 2, round: 0, seat: 1, own: -1, alignment: 0.5, here: false },
      ],
      200,
      100,
    )!;
    expect(layout.zeroX).toBeCloseTo((layout.plot.left + layout.plot.right) / 2);
    expect(layout.points[0]!.x + layout.points[1]!.x).toBeCloseTo(2 * layout.zeroX);
    const text = svgText(drawScatter(layout, -1));
    expect(text.match(/<circle/g)).toHaveLength(1);
    expect(text.match(/<rect/g)).toHaveLength(1);
    expect(layoutScatter([], 200, 100)).toBeNull();
  });
  it('draws what the discount left inside what there was', () => {
    const layout = layoutWeights(
      [
        { round: 0, own: -0.5, contribution: -0.3 },
        { round: 1, own: 0.25, contribution: 0.2 },
      ],
      10,
      300,
      76,
    );
    const [first, second] = layout.bars;
    expect(first!.height / first!.ownHeight).toBeCloseTo(0.6);
    expect(first!.y).toBeCloseTo(layout.zero);
    expect(second!.y + second!.height).toBeCloseTo(layout.zero);
    expect(svgText(drawWeights(layout))).toContain('round 1: own advantage -0.500, -0.300 of it in w');
  });
});

describe('files', () => {
  it('escapes what CSV and SVG would misread', () => {
    expect(
      csv(
        ['a', 'b "c"'],
        [
          ['x,y', null],
          [1.5, 'two\nlines'],
        ],
      ),
    ).toBe('a,"b ""c"""\r\n"x,y",\r\n1.5,"two\nlines"\r\n');
    expect(svgText('<a & "b">')).toBe('&lt;a &amp; &quot;b&quot;&gt;');
  });
});
