import type { Algorithm } from '../../../src/protocol/runConfig';
import type { RunView } from '../../../src/protocol/webview';

/** How a run is drawn everywhere: its colour, its dash, the word at its line's end. */
export interface SeriesStyle {
  readonly colour: string;
  readonly dash: string;
  readonly label: string;
}

/** The style of an algorithm; null where nothing was trained. */
export function seriesStyle(algorithm: Algorithm | null): SeriesStyle {
  switch (algorithm) {
    case null:
      return { colour: 'var(--vscode-foreground)', dash: '', label: 'played' };
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

/** Styles of runs in one picture: two of one algorithm differ by dash and are named by their seeds. */
export function stylesOf(runs: readonly Pick<RunView, 'algorithm' | 'seed'>[]): SeriesStyle[] {
  return runs.map((run, index) => {
    const style = seriesStyle(run.algorithm);
    const twins = runs.filter(({ algorithm }) => algorithm === run.algorithm);
    if (twins.length < 2) return style;
    const first = runs.findIndex(({ algorithm }) => algorithm === run.algorithm) === index;
    return { ...style, dash: first ? style.dash : style.dash === '2 3' ? '9 3' : '2 3', label: `${style.label} s${run.seed}` };
  });
}
