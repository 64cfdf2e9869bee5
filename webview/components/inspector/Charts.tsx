import { computed, signal } from '@preact/signals';
import type { VNode } from 'preact';
import type { Place, RunView } from '../../../src/protocol/webview';
import { savedState, saveState } from '../../channel';
import { AdvantagesChart } from '../../charts/advantages/AdvantagesChart';
import { CurveChart } from '../../charts/curve/CurveChart';
import type { CurveSeries } from '../../charts/curve/layout';
import type { ChartChoice } from '../../charts/Frame';
import type { Profile } from '../../charts/profile/layout';
import { ProfileChart } from '../../charts/profile/ProfileChart';
import { COOPERATION_PROFILE, KEPT_PROFILE, type ProfileKind } from '../../charts/profile/specs';
import { ScatterChart } from '../../charts/scatter/ScatterChart';
import {
  choose,
  columnRuns,
  comparing,
  currentRun,
  curves,
  iterationProblem,
  iterationView,
  negotiation,
  pairedRun,
  selection,
  shownGroups,
} from '../../state';
import { plain } from '../numbers';
import { CurveLegend } from './CurveLegend';
import { CURVE_KINDS, type CurveKind, kindsByDefault, kindsThere } from './curveKinds';
import { seriesOf } from './curveSeries';
import { type AdvantageChartId, advantageChart, selectedIteration, setAdvantageChart } from './iterationState';
import { scatterPoints } from './scatterPoints';
import { type SeriesStyle, stylesOf } from './series';
import { whyEmpty } from './whyEmpty';

/** Which measures the curve charts show, by slot; what a reader has not chosen is by game. */
const chosenKinds = signal<readonly (string | null)[]>(savedState().measures ?? []);

const groupPoints = computed(() => scatterPoints(negotiation.value));
/** Kinds of which the current run has numbers, by their ids, so that nothing is drawn anew with each iteration. */
const thereKey = computed(() => {
  const run = currentRun.value;
  const there = run === undefined ? [] : kindsThere(curves.value.get(run.run) ?? [], run);
  return there.map(({ id }) => id).join();
});
/** Runs whose own lines are drawn where they are part of a mean. */
const inViewKey = computed(() => [currentRun.value, ...(comparing.value ? columnRuns.value : [])].map((run) => run?.run ?? '').join('\n'));
const inView = computed<ReadonlySet<string>>(() => new Set(inViewKey.value.split('\n')));

/** The measures over training, means of seeds with their bands, what the newest policies do, and how credits are spread. */
export function Charts({ wide = false }: { readonly wide?: boolean }): VNode {
  const run = currentRun.value;
  const trained = run !== undefined && run.algorithm !== null;
  return (
    <div class="charts-panel">
      {trained && <CurveLegend />}
      <section class={wide ? 'charts wide' : 'charts'} aria-label="Charts">
        {trained && (wide ? [0, 1, 2, 3] : [0, 1]).map((slot) => <Curve key={slot} slot={slot} run={run} />)}
        {trained && <Profiles run={run} />}
        {(negotiation.value !== null || wide) && <AdvantageSlot run={run} trained={trained} />}
      </section>
    </div>
  );
}

function Curve({ slot, run }: { readonly slot: number; readonly run: RunView }): VNode {
  const there = thereKey.value.split(',').filter(Boolean);
  const id = chosenKinds.value[slot] ?? kindsByDefault(run.game, there)[slot];
  const kind = CURVE_KINDS.find((one) => one.id === id) ?? CURVE_KINDS[0]!;
  const offered = CURVE_KINDS.filter((one) => there.includes(one.id) || one.id === kind.id);
  const groups = shownGroups.value;
  const series = seriesOf(groups, curves.value, kind, inView.value);
  const ends = groups.flatMap(({ runs }) => runs.map(({ iteration, iterations }) => (iteration === 0 ? iterations : iteration)));
  return (
    <CurveChart
      title={kind.title}
      choice={choiceOf(kind, offered, slot)}
      series={series}
      iterations={Math.max(1, ...ends)}
      format={kind.format}
      selected={selectedIteration.value}
      onSelect={(iteration) => void choose(atIteration(run, iteration))}
      empty={whyEmpty(
        groups.flatMap(({ runs }) => runs),
        curves.value,
        kind.title,
      )}
      {...(kind.range === undefined ? {} : { range: kind.range })}
    />
  );
}

function choiceOf(kind: CurveKind, offered: readonly CurveKind[], slot: number): ChartChoice {
  return {
    label: `Measure of chart ${slot + 1}`,
    value: kind.id,
    options: offered.map(({ id, title }) => ({ value: id, label: title })),
    onChange: (id) => {
      const next = Array.from({ length: Math.max(slot + 1, chosenKinds.value.length) }, (_, i) => chosenKinds.value[i] ?? null);
      next[slot] = id;
      chosenKinds.value = next;
      saveState({ measures: next });
    },
  };
}

function Profiles({ run }: { readonly run: RunView }): VNode {
  const others = comparing.value ? columnRuns.value : [pairedRun.value];
  const compared = [run, ...others].filter(
    (one, index, all) => one !== undefined && one.algorithm !== null && all.indexOf(one) === index,
  ) as RunView[];
  // AA first, whichever is open, so that colours and order never swap.
  compared.sort((a, b) => (a.algorithm ?? '').localeCompare(b.algorithm ?? '') || a.seed - b.seed);
  const styles = stylesOf(compared);
  const kind = run.game === 'ipd' ? COOPERATION_PROFILE : KEPT_PROFILE;
  return (
    <ProfileChart
      kind={kind}
      profiles={compared.map((one, index) => profileOf(one, kind, styles[index]!))}
      empty={whyEmpty(compared, curves.value, kind.title)}
      onSelect={(index) => {
        const one = compared[index];
        if (one !== undefined) void choose(atIteration(one, one.iteration));
      }}
    />
  );
}

function profileOf(run: RunView, kind: ProfileKind, { colour, dash, label }: SeriesStyle): Profile {
  // While it trains, what the rounds of an iteration happened to show; at the end, what was asked of the policy itself.
  const measured = (curves.value.get(run.run) ?? []).findLast(({ measures }) => kind.values(measures) !== undefined)?.measures;
  const latest = (run.final && kind.values(run.final)) ?? (measured && kind.values(measured));
  return {
    id: run.name,
    label,
    colour,
    hatched: dash !== '',
    values: latest ?? kind.situations.map(() => null),
  };
}

const ADVANTAGE_CHARTS: Readonly<Record<AdvantageChartId, string>> = {
  scatter: 'Own advantage × alignment term',
  advantages: 'Advantages in the iteration',
  credits: 'Credits over training',
};

/** How credits are spread: in the seed group, over the iteration, or over training. */
function AdvantageSlot({ run, trained }: { readonly run: RunView | undefined; readonly trained: boolean }): VNode {
  const place = selection.value;
  const wanted = advantageChart.value;
  const shown = !trained || (wanted === 'scatter' && negotiation.value !== null) ? 'scatter' : wanted === 'scatter' ? 'advantages' : wanted;
  const choice: ChartChoice = {
    label: 'How credits are spread',
    value: shown,
    options: Object.entries(ADVANTAGE_CHARTS).map(([value, label]) => ({ value, label })),
    onChange: (value) => setAdvantageChart(value as AdvantageChartId),
  };
  const goTo = ({ negotiation: number, round }: { readonly negotiation: number; readonly round: number }): void => {
    if (place?.iteration !== undefined) void choose({ run: place.run, iteration: place.iteration, negotiation: number, round });
  };
  if (shown === 'credits' && run !== undefined) {
    return (
      <CurveChart
        title="Credits over training"
        choice={choice}
        series={creditSeries(run)}
        iterations={Math.max(1, run.iteration)}
        format={(value) => plain(value, 2)}
        selected={selectedIteration.value}
        onSelect={(iteration) => void choose(atIteration(run, iteration))}
        empty={whyEmpty([run], curves.value, 'Credits')}
      />
    );
  }
  if (shown === 'advantages') {
    const view = iterationView.value;
    const here = view !== null && view.run === place?.run && view.iteration === place.iteration ? view : null;
    return (
      <AdvantagesChart
        advantages={here?.advantages ?? null}
        iteration={here?.iteration ?? null}
        negotiation={negotiation.value?.place.negotiation ?? null}
        choice={choice}
        empty={
          iterationProblem.value ??
          (place?.iteration === undefined ? 'Choose an iteration to see its advantages.' : 'Reading the iteration …')
        }
        onSelect={goTo}
      />
    );
  }
  return <ScatterChart points={groupPoints.value} {...(trained ? { choice } : {})} onSelect={goTo} />;
}

/** Quantiles of the negotiations' mean credits, by iteration. */
function creditSeries(run: RunView): CurveSeries[] {
  const points = (curves.value.get(run.run) ?? []).flatMap(({ iteration, credits }) =>
    credits === undefined ? [] : [{ iteration, credits }],
  );
  const band = (label: string, low: 0 | 1, high: 3 | 4): CurveSeries => ({
    id: `${run.name} ${label}`,
    label,
    colour: 'var(--sequential)',
    dash: '',
    points: [],
    band: points.map(({ iteration, credits }) => ({ iteration, low: credits[low], high: credits[high] })),
  });
  const median = points.map(({ iteration, credits }) => ({ iteration, value: credits[2] }));
  return [
    band('5 – 95 %', 0, 4),
    band('25 – 75 %', 1, 3),
    { id: `${run.name} median`, label: 'median', colour: 'var(--sequential)', dash: '', points: median },
  ];
}

/** The same negotiation at another iteration; the iteration alone where none is chosen. */
function atIteration(run: RunView, iteration: number): Place {
  const { group, negotiation: number } = selection.peek() ?? {};
  return {
    run: run.run,
    iteration: Math.min(iteration, Math.max(1, run.iteration)),
    ...(number === undefined ? {} : { group, negotiation: number }),
  };
}
