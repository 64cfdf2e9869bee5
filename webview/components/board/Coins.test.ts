import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { coinParts } from './Coins';

describe('coinParts', () => {
  it('fills from both ends', () => {
    expect(coinParts(3, [1.5, 1])).toEqual([
      [1, 0],
      [0.5, 0],
      [0, 1],
    ]);
  });
  it('shows exactly what each got and never fills a coin twice', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (n, a, b) => {
          const alice = n * a;
          const bob = (n - alice) * b;
          const parts = coinParts(n, [alice, bob]);
          expect(parts.reduce((sum, part) => sum + part[0], 0)).toBeCloseTo(alice, 9);
          expect(parts.reduce((sum, part) => sum + part[1], 0)).toBeCloseTo(bob, 9);
          for (const [left, right] of parts) expect(left + right).toBeLessThanOrEqual(1 + 1e-9);
        },
      ),
    );
  });
});
