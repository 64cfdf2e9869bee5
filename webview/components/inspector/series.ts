import type { Algorithm } from '../../../src/protocol/runConfig';

/** How an algorithm is drawn everywhere: its colour, its dash, the word at its line's end. */
export function seriesStyle(algorithm: Algorithm): { readonly colour: string; readonly dash: string; readonly label: string } {
  switch (algorithm) {
    case 'aa':
      return { colour: 'var(--aa)', dash: '', label: 'AA' };
    case 'aa-jit':
      return { colour: 'var(--aa)', dash: '8 2', label: 'AA k≤t' };
    case 'rl':
      return { colour: 'var(--rl)', dash: '5 3', label: 'RL' };
    case 'sum':
      return { colour: 'var(--sum)', dash: '2 3', label: 'sum' };
  }
}
