import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { svgText } from '../svgText';
import { meanOfRuns } from './band';
import { drawCurve } from './drawing';
import { layoutCurve, movingMean } from './layout';

const points = (values: readonly (number | null)[]) => values.map((value, index) => ({ iteration: index + 1, value }));

describe('meanOfRuns', () => {
  it('is the mean at every iteration, within its band, and the band within the runs', () => {
    const curves = fc.integer({ min: 2, max: 20 }).chain((length) =>
      fc.array(fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: length, maxLength: length }), {
        minLength: 2,
        maxLength: 6,
      }),
    );
    fc.assert(
      fc.property(curves, (runs) => {
        const { points: mean, band } = meanOfRuns(runs.map(points));
        expect(mean).toHaveLength(runs[0]!.length);
        for (const { iteration, low, high } of band) {
          const values = runs.map((run) => run[iteration - 1]!);
          const at = values.reduce((sum, value) => sum + value, 0) / values.length;
          expect(mean[iteration - 1]!.value).toBeCloseTo(at, 9);
          expect(low).toBeLessThanOrEqual(at + 1e-9);
          expect(high).toBeGreaterThanOrEqual(at - 1e-9);
          expect(low).toBeGreaterThanOrEqual(Math.min(...values) - 1e-9);
          expect(high).toBeLessThanOrEqual(Math.max(...values) + 1e-9);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('has no band where only one run has a value, and counts those that have one', () => {
    const { points: mean, band } = meanOfRuns([points([1, 2, 3, null]), points([3, null])]);
    expect(mean).toEqual(points([2, 2, 3]));
    expect(band.map(({ iteration }) => iteration)).toEqual([1]);
    expect(meanOfRuns([])).toEqual({ points: [], band: [] });
  });

  it('keeps its places while runs grow, and has no more of them than pixels', () => {
    const places = (length: number): number[] =>
      meanOfRuns([0, 1].map((shift) => points(Array.from({ length }, (_, i) => i + shift)))).band.map(({ iteration }) => iteration);
    expect(places(3000).length).toBeLessThan(260);
    expect(places(1030).slice(0, -1)).toEqual(places(1040).slice(0, places(1030).length - 1));
    expect(places(3000).at(-1)).toBe(3000);
  });
});

describe('a curve with a band', () => {
  const runs = [0, 1, 2].map((seed) => points(Array.from({ length: 40 }, (_, i) => Math.sin(i / 6) + seed)));
  const spec = { width: 300, height: 120, iterations: 40, format: (value: number) => value.toFixed(2) };
  const series = { id: 'aa', label: 'AA', colour: '#48f', dash: '', ...meanOfRuns(runs) };

  it('holds the smoothed mean inside, at every place', () => {
    const layout = layoutCurve({ ...spec, series: [series] })!;
    const smooth = movingMean(series.points);
    for (const { iteration, low, high } of series.band) {
      const value = smooth.find((point) => point.iteration === iteration)!.value!;
      expect(value).toBeGreaterThanOrEqual(low - 1e-9);
      expect(value).toBeLessThanOrEqual(high + 1e-9);
    }
    expect(layout.lines[0]!.band).toMatch(/^M[\d.,L-]+Z$/);
    // Bands are drawn below all lines, and inside the plot.
    const svg = svgText(drawCurve(layout, { selected: null, hovered: null }));
    expect(svg.indexOf('fill-opacity')).toBeLessThan(svg.indexOf('fill="none"'));
    expect(layout.y(Math.max(...series.band.map(({ high }) => high)))).toBeGreaterThanOrEqual(layout.plot.top);
  });

  it('is cut to the zoom', () => {
    const layout = layoutCurve({ ...spec, series: [series], domain: [10, 20] })!;
    const xs = [...layout.lines[0]!.band!.matchAll(/([\d.]+),/g)].map(([, x]) => Number(x));
    expect(Math.min(...xs)).toBeGreaterThanOrEqual(layout.plot.left);
    expect(Math.max(...xs)).toBeLessThanOrEqual(layout.plot.right);
  });
});
