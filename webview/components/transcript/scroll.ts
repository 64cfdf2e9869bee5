import { effect, type ReadonlySignal } from '@preact/signals';
import type { RefObject } from 'preact';
import type { Cursor } from './cursor';

let focusWanted = false;

/** Makes the next move of the cursor take the keyboard's focus along. */
export function takeFocus(): void {
  focusWanted = true;
}

/** Keeps the turn under the cursor in view, moving as little as needed; the focus follows only a key press. */
export function keepInView(scroller: RefObject<HTMLElement | null>, cursor: ReadonlySignal<Cursor | null>): () => void {
  return effect(() => {
    const at = cursor.value;
    const focus = focusWanted;
    focusWanted = false;
    if (at === null) return;
    // After the turn's own re-render, which the same signal causes.
    requestAnimationFrame(() => {
      const element = scroller.current;
      const turn = element?.querySelector<HTMLElement>(`[data-turn="${at.turn}"]`);
      if (element === null || element === undefined || turn === null || turn === undefined) return;
      // From token to token; a button in the transcript keeps the focus.
      const inside = element.contains(document.activeElement) && document.activeElement?.closest('[data-token]') !== null;
      scrollWithin(element, turn);
      if (focus || inside) turn.querySelector<HTMLElement>(`[data-token="${at.token}"]`)?.focus({ preventScroll: true });
    });
  });
}

function scrollWithin(scroller: HTMLElement, turn: HTMLElement): void {
  const outer = scroller.getBoundingClientRect();
  const inner = turn.getBoundingClientRect();
  // What sticks to the top covers what is under it.
  const sticky = 24 + (scroller.querySelector('.sticky-head')?.getBoundingClientRect().height ?? 32);
  if (inner.top < outer.top + sticky) scroller.scrollTop += inner.top - outer.top - sticky;
  else if (inner.bottom > outer.bottom - 8) scroller.scrollTop += Math.min(inner.bottom - outer.bottom + 8, inner.top - outer.top - sticky);
}
