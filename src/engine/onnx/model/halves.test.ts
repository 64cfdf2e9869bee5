import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toBfloat16, toFloat16 } from './halves';
import { fromFloat16 } from './safetensors';

const all = Uint16Array.from({ length: 0x10000 }, (_, i) => i);

/** bfloat16 is the upper half of a float32. */
function fromBfloat16(halves: Uint16Array): Float32Array {
  return new Float32Array(Uint32Array.from(halves, (half) => half << 16).buffer);
}

describe.each([
  ['float16', toFloat16, fromFloat16],
  ['bfloat16', toBfloat16, fromBfloat16],
] as const)('%s', (_, to, from) => {
  it('gives every number back', () => {
    const values = from(all);
    const again = to(values);
    all.forEach((half, i) => {
      if (Number.isNaN(values[i]!)) expect(from(again.subarray(i, i + 1))[0]).toBeNaN();
      else expect(again[i]).toBe(half);
    });
  });

  it('rounds to the nearest, and to the even of two that are as near', () => {
    const numbers = [...from(all)].filter(Number.isFinite).sort((a, b) => a - b);
    const finest = fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(-60000), max: Math.fround(60000) });
    fc.assert(
      fc.property(finest, (value) => {
        const half = to([value]);
        const rounded = from(half)[0]!;
        let low = 0;
        for (let high = numbers.length - 1; low < high; ) {
          const middle = (low + high + 1) >> 1;
          if (numbers[middle]! <= value) low = middle;
          else high = middle - 1;
        }
        const [below, above] = [numbers[low]!, numbers[low + 1] ?? numbers[low]!];
        const nearest = Math.min(value - below, above - value);
        expect(Math.abs(rounded - value)).toBe(nearest);
        if (value - below === above - value && below !== above) expect(half[0]! % 2).toBe(0);
      }),
    );
  });
});

describe('float16 beyond its range', () => {
  it('goes to infinity from halfway on', () => {
    expect([...fromFloat16(toFloat16([65519, 65520, -1e9]))]).toEqual([65504, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]);
  });
});
