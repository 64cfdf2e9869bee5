import type { TreeRow, TreeWindow } from '../../../src/protocol/webview';

/** Rows that are in hand: a window of the flattened tree, and how long the whole is. */
export interface Rows {
  readonly version: number;
  readonly total: number;
  readonly start: number;
  readonly rows: readonly TreeRow[];
}

/** No rows yet. */
export const NO_ROWS: Rows = { version: -1, total: 0, start: 0, rows: [] };

/** The row at an index, if it is in hand. */
export function rowAt(window: Rows, index: number): TreeRow | undefined {
  return window.rows[index - window.start];
}

/** The index of a row, −1 if it is not in hand. */
export function indexOf(window: Rows, id: string): number {
  const offset = window.rows.findIndex((row) => row.id === id);
  return offset < 0 ? -1 : window.start + offset;
}

/** Whether every row of [first, last] that exists is in hand. */
export function covers(window: Rows, first: number, last: number): boolean {
  return window.start <= Math.max(0, first) && window.start + window.rows.length >= Math.min(window.total, last + 1);
}

/** How many rows beyond the visible ones are asked for, on both sides. */
const OVERSCAN = 40;

/** The range [start, end) to ask for so that [first, last] and some rows around it come. */
export function rangeAround(first: number, last: number): { readonly start: number; readonly end: number } {
  return { start: Math.max(0, first - OVERSCAN), end: Math.max(0, last + 1 + OVERSCAN) };
}

/** How far the anchor moved from where it was; 0 when it is gone. */
export function anchorShift(answer: TreeWindow, id: string | undefined, was: number): number {
  if (id === undefined) return 0;
  const now = answer.anchor ?? indexOf(answer, id);
  return now < 0 ? 0 : now - was;
}
