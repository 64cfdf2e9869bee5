import type { RefObject } from 'preact';
import { useLayoutEffect } from 'preact/hooks';
import { cursor, yieldToReader } from '../../state';
import { listenToTokens } from './pointing';
import { keepInView } from './scroll';

/** Keys that scroll, and do nothing else here. */
function yieldToScrolling({ key }: KeyboardEvent): void {
  if (key === 'PageUp' || key === 'PageDown' || key === ' ') yieldToReader();
}

/** What every list of turns does: it follows the cursor, and its tokens answer the pointer and the focus. */
export function useTranscript(scroller: RefObject<HTMLElement | null>): void {
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const stopListening = listenToTokens(element);
    const stopFollowing = keepInView(scroller, cursor);
    element.addEventListener('wheel', yieldToReader, { passive: true });
    element.addEventListener('touchmove', yieldToReader, { passive: true });
    // Text is marked, or the scroll bar is held.
    element.addEventListener('pointerdown', yieldToReader);
    element.addEventListener('keydown', yieldToScrolling);
    return () => {
      stopListening();
      stopFollowing();
    };
  }, [scroller]);
}
