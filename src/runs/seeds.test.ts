import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSeeds, seedsText } from './seeds';

describe('seeds', () => {
  it('are read as ranges and lists, each once', () => {
    expect(parseSeeds('0-4')).toEqual([0, 1, 2, 3, 4]);
    expect(parseSeeds(' 1, 3,5 ')).toEqual([1, 3, 5]);
    expect(parseSeeds('7')).toEqual([7]);
    expect(parseSeeds('2-3,0-2')).toEqual([2, 3, 0, 1]);
  });

  it.each([
    ['', 'write seeds as 0-4 or 1,3,5'],
    ['1,,2', 'write seeds as 0-4 or 1,3,5'],
    ['-1', '"-1" is no seed'],
    ['1.5', '"1.5" is no seed'],
    ['4-0', '"4-0" runs backwards: write 0-4'],
    ['0-100000', 'are more than 1000 seeds'],
    ['0-600,700-1200', '1102 seeds are more than 1000'],
  ])('%j is refused with a remedy', (text, complaint) => {
    expect(() => parseSeeds(text)).toThrow(complaint);
  });

  it('are said as briefly as they can be', () => {
    expect(seedsText([3])).toBe('seed 3');
    expect(seedsText([4, 3, 2, 1, 0, 2])).toBe('seeds 0–4');
    expect(seedsText([1, 3, 5, 6, 8, 9, 10])).toBe('seeds 1, 3, 5, 6, 8–10');
  });

  it('that are said are read again as the same', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(60), { minLength: 1 }), (seeds) => {
        const again = parseSeeds(seedsText(seeds).replace(/^seeds? /, ''));
        expect(again).toEqual(seeds.toSorted((a, b) => a - b));
      }),
    );
  });
});
