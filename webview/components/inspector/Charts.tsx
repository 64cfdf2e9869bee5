import { computed } from '@preact/signals';
import type { VNode } from 'preact';
import { learnerReward, SELF } from '../../../src/protocol/opponent';
import type { MeasuresFile } from '../../../src/protocol/runFiles';
import type { Place, RunView } from '../../../src/protocol/webview';
import { CurveChart } from '../../charts/curve/CurveChart';
import type { CurveSeries } from '../../charts/curve/layout';
import type { Profile } from '../../charts/profile/layout';
import { ProfileChart } from '../../charts/profile/ProfileChart';
import { ScatterChart } from '../../charts/scatter/ScatterChart';
import { choose, comparing, currentRun, curves, negotiation, pairedRun, rivalRun, selection } from '../../state';
import { plain } from '../numbers';
import { scatterPoints } from './scatterPoints';
import { type SeriesStyle, stylesOf } from './series';

interface CurveKind {
  readonly title: string;
  readonly range?: readonly [number, number];
  readonly digits: number;
  readonly value: (measures: MeasuresFile, run: RunView) => number | null | undefined;
}

const REWARD: CurveKind = {
  title: 'Reward per round',
  digits: 2,
  value: (measures, { opponent = SELF }) => learnerReward({ opponent }, measures),
};
const COOPERATION: CurveKind = { title: 'Cooperation rate', range: [0, 1], digits: 2, value: (measures) => measures.cooperationRate };
const EFFICIENCY: CurveKind = { title: 'Efficiency', range: [0, 1], digits: 2, value: (measures) => measures.efficiency };
const KEPT: CurveKind = { title: 'Kept when valuing less', digits: 1, value: (measures) => measures.keptWhenValuingLess };

/** Steps within an iteration leave the curves alone. */
const selectedIteration = computed(() => selection.value?.iteration ?? null);
const groupPoints = computed(() => scatterPoints(negotiation.value));

/** The measures over training, both runs of a pair in one picture, and what the newest policies do. */
export function Charts(): VNode {
  const run = currentRun.value;
  const other = comparing.value ? rivalRun.value : (pairedRun.value ?? undefined);
  // What was only played has no curves.
  const compared = [run, other?.run === run?.run ? undefined : other].filter(
    (one) => one !== undefined && one.algorithm !== null,
  ) as RunView[];
  // AA first, whichever is open, so that colours and order never swap.
  compared.sort((a, b) => (a.algorithm ?? '').localeCompare(b.algorithm ?? '') || a.seed - b.seed);
  const styles = stylesOf(compared);
  const ipd = run?.game === 'ipd';
  const kinds = run === undefined || run.algorithm === null ? [] : ipd ? [REWARD, COOPERATION] : [EFFICIENCY, KEPT];
  return (
    <section class="charts" aria-label="Charts">
      {kinds.map((kind) => (
        <CurveChart
          key={kind.title}
          title={kind.title}
          series={compared.map((one, index) => seriesOf(one, kind, styles[index]!))}
          iterations={Math.max(...compared.map(({ iteration, iterations }) => (iteration === 0 ? iterations : iteration)))}
          format={(value) => plain(value, kind.digits)}
          selected={selectedIteration.value}
          onSelect={(iteration) => void choose(atIteration(run, iteration))}
          empty="The first iteration is under way; its numbers appear here."
          {...(kind.range === undefined ? {} : { range: kind.range })}
        />
      ))}
      {ipd && run.algorithm !== null && <ProfileChart profiles={compared.map((one, index) => profileOf(one, styles[index]!))} />}
      {(negotiation.value !== null || (!ipd && run?.algorithm !== null)) && (
        <ScatterChart
          points={groupPoints.value}
          onSelect={(point) =>
            void choose({ ...(negotiation.value?.place ?? { run: run?.run ?? '' }), negotiation: point.negotiation, round: point.round })
          }
        />
      )}
    </section>
  );
}

function seriesOf(run: RunView, { value }: CurveKind, style: SeriesStyle): CurveSeries {
  const points = (curves.value.get(run.run) ?? []).map((point) => ({
    iteration: point.iteration,
    value: value(point.measures, run) ?? null,
  }));
  return { id: run.name, points, ...style };
}

function profileOf(run: RunView, { colour, dash, label }: SeriesStyle): Profile {
  const latest = (curves.value.get(run.run) ?? []).findLast(({ measures }) => measures.cooperateAfter !== undefined)?.measures
    .cooperateAfter;
  return {
    id: run.name,
    label,
    colour,
    hatched: dash !== '',
    cooperates: latest ?? { start: null, CC: null, CD: null, DC: null, DD: null },
  };
}

/** The same negotiation at another iteration; the iteration alone where none is chosen. */
function atIteration(run: RunView | undefined, iteration: number): Place {
  const { group, negotiation: number } = selection.peek() ?? {};
  return {
    run: run?.run ?? '',
    iteration: Math.min(iteration, Math.max(1, run?.iteration ?? iteration)),
    ...(number === undefined ? {} : { group, negotiation: number }),
  };
}
