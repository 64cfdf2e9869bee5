import type { RefObject } from 'preact';
import { useLayoutEffect } from 'preact/hooks';
import { cursor, yieldToReader } from '../../state';
import { listenToTokens } from './pointing';
import { keepInView } from './scroll';

/** What every list of turns does: it follows the cursor, and its tokens answer the pointer and the focus. */
export function useTranscript(scroller: RefObject<HTMLElement | null>): void {
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const stopListening = listenToTokens(element);
    const stopFollowing = keepInView(scroller, cursor);
    element.addEventListener('wheel', yieldToReader, { passive: true });
    element.addEventListener('touchmove', yieldToReader, { passive: true });
    return () => {
      stopListening();
      stopFollowing();
    };
  }, [scroller]);
}
