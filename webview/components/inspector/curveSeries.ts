import type { CurvePoint, RunView } from '../../../src/protocol/webview';
import { meanOfRuns } from '../../charts/curve/band';
import type { CurveSeries } from '../../charts/curve/layout';
import type { CurveGroup } from './curveGroups';
import type { CurveKind } from './curveKinds';

type Curves = ReadonlyMap<string, readonly CurvePoint[]>;

/** Kept while the curves behind it are the same: a band takes a while, and charts are drawn at every step. */
interface Kept {
  readonly of: readonly (readonly CurvePoint[] | undefined)[];
  readonly series: Pick<CurveSeries, 'points' | 'band' | 'runs'>;
}

const kept = new Map<string, Kept>();
const KEPT = 64;

/** What each kind was last, and of what. */
const last = new Map<string, { readonly of: readonly unknown[]; readonly series: readonly CurveSeries[] }>();

/**
 * The curves of some groups: a line for a single run; for several a mean with its band, and thin lines for those in view.
 * The same ones as the last time where nothing behind them differs, so that they are laid out once.
 */
export function seriesOf(
  groups: readonly CurveGroup[],
  curves: Curves,
  kind: CurveKind,
  inView: ReadonlySet<string>,
): readonly CurveSeries[] {
  const of = [
    inView,
    ...groups.flatMap(({ key, name, style, runs }) => [key, name, style.dash, ...runs.flatMap((run) => [run.name, curves.get(run.run)])]),
  ];
  const known = last.get(kind.id);
  if (known?.of.length === of.length && known.of.every((one, index) => one === of[index])) return known.series;
  const series = madeOf(groups, curves, kind, inView);
  last.set(kind.id, { of, series });
  return series;
}

function madeOf(groups: readonly CurveGroup[], curves: Curves, kind: CurveKind, inView: ReadonlySet<string>): CurveSeries[] {
  return groups.flatMap((group): CurveSeries[] => {
    const { style, runs, key } = group;
    const of = runs.map(({ run }) => curves.get(run));
    const known = kept.get(`${key} ${kind.id}`);
    const fresh = known?.of.length === of.length && known.of.every((points, index) => points === of[index]);
    const series = fresh && known !== undefined ? known.series : computed(group, curves, kind);
    kept.delete(`${key} ${kind.id}`);
    kept.set(`${key} ${kind.id}`, { of, series });
    for (const old of kept.keys()) {
      if (kept.size <= KEPT) break;
      kept.delete(old);
    }
    const members = runs.length < 2 ? [] : runs.filter(({ run }) => inView.has(run));
    return [
      { ...style, id: runs.length === 1 ? (runs[0]?.name ?? group.name) : group.name, ...series },
      ...members.map((run) => ({
        ...style,
        id: run.name,
        label: `s${run.seed}`,
        member: true,
        points: series.runs?.find(({ id }) => id === run.name)?.points ?? [],
      })),
    ];
  });
}

function computed({ runs }: CurveGroup, curves: Curves, kind: CurveKind): Kept['series'] {
  const each = runs.map((run) => ({ id: run.name, points: pointsOf(run, curves, kind) }));
  const [only] = each;
  if (each.length < 2) return { points: only?.points ?? [] };
  return { ...meanOfRuns(each.map(({ points }) => points)), runs: each };
}

function pointsOf(run: RunView, curves: Curves, { value }: CurveKind): CurveSeries['points'] {
  return (curves.get(run.run) ?? []).map((point) => ({ iteration: point.iteration, value: value(point, run) ?? null }));
}
