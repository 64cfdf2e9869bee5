import type { VNode } from 'preact';
import { drawCurve } from '../../webview/charts/curve/drawing';
import { layoutCurve } from '../../webview/charts/curve/layout';
import { type CurveGroup, curveGroups } from '../../webview/components/inspector/curveGroups';
import { type CurveKind, kindsThere } from '../../webview/components/inspector/curveKinds';
import { seriesOf } from '../../webview/components/inspector/curveSeries';
import type { ReportRun } from './report';

const SIZE = { width: 520, height: 200 } as const;
/** Timings say nothing about what was learned. */
const LEFT_OUT = ['seconds'];

/** Whether a curve is of the optimizer, not of what the policy does. */
export function isTraining(id: CurveKind['id']): boolean {
  return ['rmsOwn', 'rmsAlignment', 'signFlip', 'loss', 'gradNorm', 'rhoMax', 'samplerGap', 'seconds'].includes(id);
}

/** Runs that one curve stands for, as the inspector pools them: seeds of one recipe, AA first. */
export function groupsOf(runs: readonly ReportRun[]): CurveGroup[] {
  const views = runs.map(({ view }) => view);
  return curveGroups(views, { current: views[0], paired: undefined, beside: views });
}

/** Every measure over training, one chart each; runs of one recipe pooled to their mean with its band. */
export function Charts({ runs }: { readonly runs: readonly ReportRun[] }): VNode | null {
  const groups = groupsOf(runs);
  const curves = new Map(runs.map(({ view, curve }) => [view.run, curve]));
  const kinds = new Map(runs.flatMap(({ view, curve }) => kindsThere(curve, view).map((kind) => [kind.id, kind] as const)));
  const charts = (some: readonly CurveKind[]): VNode[] => some.flatMap((kind) => chartOf(kind, groups, curves, runs) ?? []);
  const shown = [...kinds.values()].filter(({ id }) => !LEFT_OUT.includes(id));
  const [measured, training] = [shown.filter(({ id }) => !isTraining(id)), shown.filter(({ id }) => isTraining(id))];
  if (shown.length === 0) return null;
  return (
    <>
      <div class="charts">{charts(measured)}</div>
      {training.length > 0 && (
        <details>
          <summary>What the optimizer reported</summary>
          <div class="charts">{charts(training)}</div>
        </details>
      )}
    </>
  );
}

function chartOf(
  kind: CurveKind,
  groups: readonly CurveGroup[],
  curves: ReadonlyMap<string, ReportRun['curve']>,
  runs: readonly ReportRun[],
): VNode | null {
  const { id, title, meaning, range, format } = kind;
  const series = seriesOf(groups, curves, kind, new Set());
  const iterations = Math.max(1, ...runs.map(({ view }) => view.iteration));
  const layout = layoutCurve({ series, ...SIZE, iterations, format, ...(range === undefined ? {} : { range }) });
  if (layout === null) return null;
  // The drawing is hidden from screen readers; where its lines end, they are told.
  const ends = layout.lines.flatMap(({ end }) => (end.text === '' ? [] : end.text)).join(', ');
  return (
    <figure key={id}>
      <figcaption>
        <strong>{title}</strong> <span class="dim">{meaning}</span>
      </figcaption>
      {drawCurve(layout, { selected: null, hovered: null })}
      <p class="for-screen-readers">At the end: {ends}.</p>
    </figure>
  );
}
