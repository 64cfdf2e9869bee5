import { drawCurve } from '../../webview/charts/curve/drawing';
import { type CurveSeries, layoutCurve } from '../../webview/charts/curve/layout';
import { svgText } from '../../webview/charts/svgText';
import { mean, type Outcome } from './outcome';

/** A file's colours: they are read on white and on black. */
const COLOURS: Readonly<Record<string, string>> = {
  rl: '#c2600f',
  aa: '#2f7dd1',
  sum: '#5b8c2a',
  '--dim': '#808080',
  '--grid': '#80808040',
};
const DASHES: Readonly<Record<string, string>> = { rl: '5 3', aa: '', sum: '2 3' };

/** Training curves of a game, one line an algorithm: the mean over seeds. Null where nothing was trained. */
export function trainingFigure(game: string, outcomes: readonly Outcome[]): string | null {
  const series = Object.keys(DASHES).flatMap((algorithm): CurveSeries[] => {
    const curves = outcomes.filter(({ training }) => training.experiment.id === `${game}-${algorithm}`).map(({ curve }) => curve);
    const [first] = curves;
    if (first === undefined) return [];
    const points = first.map(({ iteration }, at) => {
      const values = curves.flatMap((curve) => curve[at]?.value ?? []);
      return { iteration, value: values.length === 0 ? null : mean(values) };
    });
    return [{ id: algorithm, label: algorithm, colour: COLOURS[algorithm]!, dash: DASHES[algorithm]!, points }];
  });
  const iterations = Math.max(0, ...series.map(({ points }) => points.length));
  const layout = layoutCurve({ series, width: 560, height: 220, iterations, range: [0, 1], format: (value) => value.toFixed(2) });
  if (layout === null) return null;
  return `${svgText(drawCurve(layout, { selected: null, hovered: null }), (name) => COLOURS[name] ?? '#808080')}\n`;
}
