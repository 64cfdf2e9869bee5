import { describe, expect, it } from 'vitest';
import type { TreeRow } from '../../../src/protocol/webview';
import { treeAction } from './keyboard';

const row = (change: Partial<TreeRow>): TreeRow => ({
  id: 'run/3',
  kind: 'iteration',
  depth: 1,
  label: 'iteration 3',
  expandable: true,
  expanded: false,
  place: { run: 'run', iteration: 3 },
  parent: 0,
  position: 3,
  siblings: 9,
  ...change,
});

describe('treeAction', () => {
  it('moves and stops at both ends', () => {
    expect(treeAction('ArrowDown', 4, row({}), 10, 5)).toEqual({ kind: 'move', to: 5 });
    expect(treeAction('ArrowDown', 9, row({}), 10, 5)).toBeNull();
    expect(treeAction('ArrowUp', 0, row({}), 10, 5)).toBeNull();
    expect(treeAction('Home', 4, row({}), 10, 5)).toEqual({ kind: 'move', to: 0 });
    expect(treeAction('End', 4, row({}), 10, 5)).toEqual({ kind: 'move', to: 9 });
    expect(treeAction('PageDown', 4, row({}), 200_000, 30)).toEqual({ kind: 'move', to: 33 });
    expect(treeAction('PageUp', 4, row({}), 10, 30)).toEqual({ kind: 'move', to: 0 });
  });

  it('opens with right, then goes to the first child; closes with left, then goes to the parent', () => {
    expect(treeAction('ArrowRight', 4, row({}), 10, 5)).toEqual({ kind: 'toggle', expanded: true });
    expect(treeAction('ArrowRight', 4, row({ expanded: true }), 10, 5)).toEqual({ kind: 'move', to: 5 });
    expect(treeAction('ArrowRight', 4, row({ expandable: false }), 10, 5)).toBeNull();
    expect(treeAction('ArrowLeft', 4, row({ expanded: true }), 10, 5)).toEqual({ kind: 'toggle', expanded: false });
    expect(treeAction('ArrowLeft', 4, row({}), 10, 5)).toEqual({ kind: 'move', to: 0 });
    expect(treeAction('ArrowLeft', 0, row({ parent: -1 }), 10, 5)).toBeNull();
  });

  it('does nothing with a row that is still loading, and leaves other keys alone', () => {
    for (const key of ['Enter', ' ', 'ArrowLeft', 'ArrowRight']) expect(treeAction(key, 4, undefined, 10, 5)).toBeNull();
    expect(treeAction('a', 4, row({}), 10, 5)).toBeNull();
    expect(treeAction('ArrowDown', 0, undefined, 0, 5)).toBeNull();
  });
});
