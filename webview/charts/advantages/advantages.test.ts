import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Advantages } from '../../../src/protocol/webview';
import { svgText } from '../svgText';
import { advantagesCsv } from './csv';
import { drawAdvantages } from './drawing';
import { binAt, layoutAdvantages, partsOf } from './layout';

function sample(own: readonly number[], alignment: readonly number[] = own.map(() => 0)): Advantages {
  return {
    negotiation: own.map((_, i) => Math.floor(i / 4)),
    round: own.map((_, i) => Math.floor((i % 4) / 2)),
    seat: own.map((_, i) => (i % 2) as 0 | 1),
    own,
    alignment,
  };
}

describe('distribution of advantages', () => {
  it('puts every value into the one bin that holds it, and counts none twice', () => {
    const values = fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 1, maxLength: 80 });
    fc.assert(
      fc.property(values, values, (own, other) => {
        const advantages = sample(
          own,
          own.map((_, i) => other[i % other.length]!),
        );
        const layout = layoutAdvantages(advantages, null, 400, 200)!;
        partsOf(advantages).forEach((all, part) => {
          const bins = layout.bins[part]!;
          const entries = bins.flatMap((bin) => bin.entries);
          expect([...entries].sort((a, b) => a - b)).toEqual(all.map((_, i) => i));
          bins.forEach((bin, index) => {
            for (const entry of bin.entries) {
              if (index > 0) expect(all[entry]!).toBeGreaterThanOrEqual(bin.from - 1e-9);
              if (index < bins.length - 1) expect(all[entry]!).toBeLessThanOrEqual(bin.to + 1e-9);
            }
          });
        });
      }),
      { numRuns: 60 },
    );
  });

  it('has zero between two bins, in the middle, and keeps an outlier from pressing the rest together', () => {
    const own = [...Array.from({ length: 400 }, (_, i) => (i - 200) / 200), 1000];
    const layout = layoutAdvantages(sample(own), null, 400, 200)!;
    expect(layout.zero).toBeCloseTo((layout.plot.left + layout.plot.right) / 2);
    const bins = layout.bins[0]!;
    expect(bins.some(({ from }) => Math.abs(from) < 1e-12)).toBe(true);
    expect(bins.filter(({ entries }) => entries.length > 0).length).toBeGreaterThan(15);
    expect(bins.at(-1)!.entries.at(-1)).toBe(400);
  });

  it('finds the bar under the pointer, and marks the negotiation in view', () => {
    const layout = layoutAdvantages(sample([-1, -0.5, 0.5, 1, 0.2, 0.2, 0.2, 0.2]), 1, 400, 200)!;
    for (const bin of layout.bins.flat()) {
      if (bin.entries.length > 0) expect(binAt(layout, bin.x + bin.width / 2, bin.y + bin.height / 2)).toBe(bin);
    }
    expect(binAt(layout, 2, 100)).toBeUndefined();
    // Four rounds of negotiation 1, in each of the three parts.
    expect(layout.here).toHaveLength(12);
    expect(layoutAdvantages(sample([]), null, 400, 200)).toBeNull();
  });

  it('draws debits and credits in two colours on two sides of the zero line', () => {
    const layout = layoutAdvantages(sample([-1, 1], [0.5, 0.5]), null, 400, 200)!;
    const text = svgText(drawAdvantages(layout, undefined));
    expect(text.match(/fill="var\(--negative\)"/g)).toHaveLength(2);
    expect(text.match(/fill="var\(--positive\)"/g)).toHaveLength(3);
    expect(text).toContain('σ 1.00');
    for (const bin of layout.bins.flat().filter(({ entries }) => entries.length > 0))
      expect(bin.x + bin.width <= layout.zero).toBe(bin.to <= 1e-9);
  });

  it('is saved as one line a round and seat', () => {
    expect(advantagesCsv(sample([0.5, -1], [0.25, 0]))).toBe(
      'negotiation,round,agent,own,alignment,credit\r\n0,1,Alice,0.5,0.25,0.75\r\n0,1,Bob,-1,0,-1\r\n',
    );
  });
});
