import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ScaledScroll, TALLEST } from './scaledScroll';

const VIEW = 600;
function tall(content: number): ScaledScroll {
  const scroll = new ScaledScroll();
  scroll.resize(content, VIEW);
  return scroll;
}

describe('ScaledScroll', () => {
  it('does nothing to content that fits', () => {
    const scroll = tall(100_000);
    expect(scroll.height).toBe(100_000);
    expect(scroll.scrolled(777)).toBe(777);
    expect([scroll.virtual, scroll.offset]).toEqual([777, 0]);
    expect(scroll.moveTo(99_999)).toBe(99_400);
  });

  it('moves by as much as the wheel does, and by its share when the thumb is dragged', () => {
    const content = TALLEST * 8;
    const scroll = tall(content);
    expect(scroll.height).toBe(TALLEST);
    scroll.scrolled(120);
    expect(scroll.virtual).toBe(120);
    scroll.scrolled(TALLEST / 2);
    expect(scroll.virtual / content).toBeCloseTo(0.5, 3);
    const before = scroll.virtual;
    scroll.scrolled(TALLEST / 2 + 88);
    expect(scroll.virtual - before).toBeCloseTo(88, 6);
    scroll.scrolled(TALLEST - VIEW);
    expect(scroll.virtual).toBe(content - VIEW);
    scroll.scrolled(0);
    expect(scroll.virtual).toBe(0);
  });

  it('reaches every place, and neither end before the content’s', () => {
    const content = TALLEST * 5;
    const move = fc.oneof(
      fc.record({ kind: fc.constant('wheel' as const), by: fc.integer({ min: -VIEW, max: VIEW }) }),
      fc.record({ kind: fc.constant('drag' as const), to: fc.integer({ min: 0, max: TALLEST - VIEW }) }),
      fc.record({ kind: fc.constant('go' as const), to: fc.integer({ min: 0, max: content - VIEW }) }),
    );
    fc.assert(
      fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
        const scroll = tall(content);
        let bar = 0;
        for (const one of moves) {
          if (one.kind === 'wheel') bar = scroll.scrolled(Math.max(0, Math.min(TALLEST - VIEW, bar + one.by)));
          else if (one.kind === 'drag') bar = scroll.scrolled(one.to);
          else {
            bar = scroll.moveTo(one.to);
            expect(scroll.virtual).toBe(one.to);
          }
          // What the browser says of a bar that was put somewhere changes nothing.
          const at = scroll.virtual;
          expect(scroll.scrolled(bar)).toBe(bar);
          expect(scroll.virtual).toBe(at);
          expect(bar <= 0).toBe(at <= 0);
          expect(bar >= TALLEST - VIEW).toBe(at >= content - VIEW);
          expect(bar).toBeGreaterThanOrEqual(0);
          expect(bar).toBeLessThanOrEqual(TALLEST - VIEW);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('stays in the content when that shrinks', () => {
    const scroll = tall(TALLEST * 3);
    scroll.moveTo(TALLEST * 2);
    scroll.resize(50_000, VIEW);
    expect([scroll.virtual, scroll.offset, scroll.height]).toEqual([49_400, 0, 50_000]);
  });
});
