import { describe, expect, it } from 'vitest';
import { Constraints } from './constraints';

describe('a message made of given words', () => {
  it('allows those words and the stop token, and at the limit the stop token alone', () => {
    const constraints = new Constraints(1, [2, 3, 4, 5]);
    const { start } = constraints.message(2, [5, 3]);
    expect([...start.mask.allowed]).toEqual([1, 3, 5]);
    expect(start.after(1)).toBeNull();
    const last = start.after(3)!.after(5)!;
    expect([...last.mask.allowed]).toEqual([1]);
    expect([...constraints.message(2).start.mask.allowed]).toEqual([1, 2, 3, 4, 5]);
  });
});
