import { describe, expect, it } from 'vitest';
import { philox, random } from './random';

describe('philox', () => {
  // Known answers of the Random123 distribution (kat_vectors, philox4x32 10).
  it.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ])('counter %j key %j', (counter, key, expected) => {
    const block = Uint32Array.from(counter);
    philox(block, key[0]!, key[1]!);
    expect([...block]).toEqual(expected);
  });
});

describe('random', () => {
  const take = (n: number, r = random(7, 'deal', 3)): number[] => Array.from({ length: n }, () => r.uniform());

  it('repeats itself, and keys that differ anywhere give other numbers', () => {
    expect(take(9)).toEqual(take(9));
    const firsts = [random(7, 'deal', 3), random(7, 'deal', 4), random(8, 'deal', 3), random(7, 'dea', 'l', 3), random(7, 3, 'deal')];
    expect(new Set(firsts.map((r) => r.uniform())).size).toBe(firsts.length);
  });

  it('forks a stream that does not depend on what was drawn', () => {
    const a = random(1);
    const b = random(1);
    a.uniform();
    expect(a.fork('x', 2).uniform()).toBe(b.fork('x', 2).uniform());
  });

  it('is uniform on the open interval', () => {
    const numbers = take(20_000);
    expect(Math.min(...numbers)).toBeGreaterThan(0);
    expect(Math.max(...numbers)).toBeLessThan(1);
    const mean = numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.01);
  });
});
