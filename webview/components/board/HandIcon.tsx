import type { VNode } from 'preact';
import type { Hand } from '../../../src/domain/games/game';

const SHAPES: Readonly<Record<Hand, VNode>> = {
  rock: <path d="M8 20c-2-5 1-10 8-10s10 4 9 8-4 5-9 5-7-1-8-3z" fill="currentColor" />,
  paper: <path d="M10 7h9l4 4v14H10zM19 7v4h4" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linejoin="round" />,
  scissors: (
    <g fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round">
      <circle cx="11" cy="22" r="2.6" />
      <circle cx="21" cy="22" r="2.6" />
      <path d="M12.4 19.8L20 8M19.6 19.8L12 8" />
    </g>
  ),
};

/** A hand of rock, paper, scissors. */
export function HandIcon({ hand }: { readonly hand: Hand }): VNode {
  return (
    <svg class="hand" viewBox="0 0 32 32" width="30" height="30" role="img" aria-label={hand}>
      <title>{hand}</title>
      <circle cx="16" cy="16" r="14.5" fill="none" stroke="currentColor" stroke-width="1" />
      {SHAPES[hand]}
    </svg>
  );
}
