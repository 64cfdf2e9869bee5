import { describe, expect, it } from 'vitest';
import { sparkPoints } from './Sparkline';

describe('sparkPoints', () => {
  it('spans its own range, left to right', () => {
    expect(sparkPoints([0, 1, 2], 42, 14)).toBe('1.0,12.0 21.0,7.0 41.0,2.0');
  });
  it('runs flat through the middle when nothing changes, and leaves gaps out', () => {
    expect(sparkPoints([3, 3], 42, 14)).toBe('1.0,7.0 41.0,7.0');
    expect(sparkPoints([0, Number.NaN, 2], 42, 14)).toBe('1.0,12.0 41.0,2.0');
    expect(sparkPoints([], 42, 14)).toBe('');
  });
});
