import { signal } from '@preact/signals';

/** The iterations that all training curves show; null for all of them. One for all charts, so that they stay comparable. */
export const zoom = signal<readonly [first: number, last: number] | null>(null);

/** Fewest iterations that a zoom shows. */
const LEAST = 4;

/** A zoom to what lies between two iterations, in either order; null (everything) if that is next to nothing. */
export function between(a: number, b: number): readonly [number, number] | null {
  const [first, last] = a < b ? [a, b] : [b, a];
  return last - first < LEAST - 1 ? null : [first, last];
}

/** Half as much around an iteration, or twice as much; null once everything is in view. */
export function scaled(now: readonly [number, number], around: number, factor: 0.5 | 2, end: number): readonly [number, number] | null {
  const width = Math.max(LEAST - 1, Math.round((now[1] - now[0]) * factor));
  if (width >= end - 1) return null;
  const share = (around - now[0]) / Math.max(1, now[1] - now[0]);
  const first = Math.max(1, Math.min(end - width, Math.round(around - share * width)));
  return [first, first + width];
}
