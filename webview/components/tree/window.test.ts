import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TreeRow } from '../../../src/protocol/webview';
import { anchorShift, covers, indexOf, rangeAround, rowAt } from './window';

const rows = (start: number, count: number): TreeRow[] =>
  Array.from({ length: count }, (_, i) => ({
    id: `run/${start + i}`,
    kind: 'iteration',
    depth: 1,
    label: '',
    expandable: true,
    expanded: false,
    place: { run: 'run' },
    parent: 0,
    position: 1,
    siblings: 1,
  }));

describe('a window of rows', () => {
  const held = { version: 1, total: 100, start: 40, rows: rows(40, 20) };

  it('gives rows by index and indices by id, within what is in hand', () => {
    expect(rowAt(held, 40)?.id).toBe('run/40');
    expect(rowAt(held, 39)).toBeUndefined();
    expect(rowAt(held, 60)).toBeUndefined();
    expect(indexOf(held, 'run/59')).toBe(59);
    expect(indexOf(held, 'run/60')).toBe(-1);
  });

  it('always covers what it was asked for', () => {
    fc.assert(
      fc.property(fc.nat(500), fc.nat(60), fc.nat(600), (first, height, total) => {
        const { start, end } = rangeAround(first, first + height);
        const answer = { version: 1, total, start: Math.min(start, total), rows: rows(start, Math.max(0, Math.min(end, total) - start)) };
        expect(covers(answer, first, first + height)).toBe(true);
      }),
    );
  });

  it('tells how far the anchor moved, by the host’s word or by its id', () => {
    expect(anchorShift({ ...held, anchor: 47 }, 'run/44', 44)).toBe(3);
    expect(anchorShift(held, 'run/44', 41)).toBe(3);
    expect(anchorShift({ ...held, anchor: -1 }, 'gone', 44)).toBe(0);
    expect(anchorShift(held, undefined, 44)).toBe(0);
  });
});
