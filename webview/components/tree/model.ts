import { batch, signal } from '@preact/signals';
import { channel } from '../../state';
import { anchorShift, covers, indexOf, NO_ROWS, type Rows, rangeAround, rowAt } from './window';

/** Rows in hand. */
export const rows = signal<Rows>(NO_ROWS);
/** Row index of the selection, −1 for none. */
export const selected = signal(-1);
/** The row that the keyboard is on. */
export const active = signal(0);
/** Set once the host said how many rows there are. */
export const known = signal(false);

/** What the model needs of the list on the screen. */
export interface Viewport {
  /** First and last visible row index. */
  visible(): readonly [first: number, last: number];
  /** Makes room for this many rows and moves the view by some rows, both before the next paint. */
  settle(total: number, shift: number): void;
  /** Scrolls a row into view with the least movement. */
  reveal(index: number): void;
}

let latest = { version: -1, total: 0, selected: -1, reveal: false };
let loading = false;
let again = false;

/** Takes the host's word that the tree changed; what is on the screen stays until its successor is here. */
export function treeChanged(viewport: Viewport, event: typeof latest): void {
  if (event.version < latest.version) return;
  latest = { ...event, reveal: event.reveal || (loading && latest.reveal) };
  void load(viewport);
}

/** Brings the visible rows; keeps the row that the reader looks at where it is on the screen. */
export async function load(viewport: Viewport): Promise<void> {
  if (loading) {
    again = true;
    return;
  }
  loading = true;
  try {
    do {
      again = false;
      await loadOnce(viewport);
    } while (again || latest.version > rows.value.version);
  } catch {
    // The channel is closed, or the host refused and will say `tree` again when it can answer.
  } finally {
    loading = false;
  }
}

async function loadOnce(viewport: Viewport): Promise<void> {
  let [first, last] = viewport.visible();
  const held = rows.value;
  let keep = anchorOf(first, last);
  let anchor = keep === undefined ? undefined : rowAt(held, keep)?.id;
  let shift = 0;
  for (let attempt = 0; attempt < 3; attempt++) {
    const range = rangeAround(first + shift, Math.max(last, first + 30) + shift);
    const answer = await channel().request('rows', anchor === undefined ? range : { ...range, anchor });
    shift = keep === undefined ? 0 : anchorShift(answer, anchor, keep);
    if (!covers(answer, first + shift, last + shift) && answer.total > 0 && attempt < 2) continue;
    const activeId = rowAt(rows.value, active.value)?.id;
    const selectedId = rowAt(rows.value, selected.value)?.id;
    viewport.settle(answer.total, shift);
    batch(() => {
      rows.value = answer;
      known.value = true;
      active.value = follow(answer, activeId, active.value + shift, answer.total);
      if (latest.version <= answer.version) selected.value = latest.selected;
      else if (selectedId !== undefined) selected.value = indexOf(answer, selectedId);
    });
    if (latest.reveal && latest.selected >= 0 && latest.version <= answer.version) {
      latest = { ...latest, reveal: false };
      active.value = latest.selected;
      viewport.reveal(latest.selected);
    }
    [first, last] = viewport.visible();
    if (covers(answer, first, last)) return;
    // The list became so short, or something so far away was revealed, that other rows are on the screen now.
    keep = anchor = undefined;
    shift = 0;
  }
}

/** Where a row is in a new window, or the next best guess. */
function follow(answer: Rows, id: string | undefined, guess: number, total: number): number {
  const found = id === undefined ? -1 : indexOf(answer, id);
  return Math.max(0, Math.min(total - 1, found >= 0 ? found : guess));
}

/** The row that must not move: the active one if it is on the screen, else the first one that is whole. */
function anchorOf(first: number, last: number): number | undefined {
  const held = rows.value;
  for (const index of [active.value, selected.value]) {
    // A run's row at the very top stays put by itself; what grows is below it.
    if (index >= first && index <= last && rowAt(held, index)?.parent !== -1 && rowAt(held, index) !== undefined) return index;
  }
  for (let index = first; index <= last; index++) {
    const row = rowAt(held, index);
    if (row !== undefined && row.parent !== -1) return index;
  }
  return rowAt(held, first) === undefined ? undefined : first;
}
