import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type GoldenCase, type GoldenResult, goldenCase } from './golden';

const file = new URL('../../../test/golden/advantages.json', import.meta.url);
const cases = JSON.parse(readFileSync(file, 'utf8')) as readonly (GoldenCase & GoldenResult & { readonly name: string })[];

describe('the reference numbers of the authors', () => {
  it('are all there', () => expect(cases.length).toBe(7));

  it.each(cases.map((c) => [c.name, c] as const))('%s', (_, expected) => {
    const result = goldenCase(expected);
    for (const key of ['returns', 'advantages', 'alignment', 'credits', 'sumCredits'] as const) {
      for (const seat of [0, 1] as const) {
        expect(result[key][seat].length).toBe(expected[key][seat].length);
        expected[key][seat].forEach((row, n) => {
          expect(result[key][seat][n]!.length).toBe(row.length);
          row.forEach((value, t) => {
            expect(Math.abs(result[key][seat][n]![t]! - value), `${key}[${seat}][${n}][${t}]`).toBeLessThan(1e-4);
          });
        });
      }
    }
  });
});
