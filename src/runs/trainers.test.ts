import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shareCores } from './trainers';

describe('shareCores', () => {
  it('gives each of a pair on two cores one thread that does not spin, and one run both', () => {
    expect(shareCores(2, 2)).toEqual({ threads: 1, spin: false });
    expect(shareCores(2, 1)).toEqual({ threads: 2, spin: true });
  });

  it('never hands out more cores than there are, but one thread at least', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 256 }), fc.integer({ min: 1, max: 32 }), (cores, runs) => {
        const { threads, spin } = shareCores(cores, runs);
        expect(threads).toBeGreaterThanOrEqual(1);
        expect(threads).toBeLessThanOrEqual(8);
        if (threads > 1) expect(threads * runs).toBeLessThanOrEqual(cores);
        if (spin && runs > 1) expect(threads * runs).toBeLessThan(cores);
      }),
    );
  });
});
