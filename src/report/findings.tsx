import type { VNode } from 'preact';
import { CURVE_KINDS } from '../../webview/components/inspector/curveKinds';
import { plain } from '../../webview/components/numbers';
import { type Interval, overSeeds } from '../domain/metrics';
import type { MeasuresFile } from '../protocol/runFiles';
import type { RunView } from '../protocol/webview';
import { groupsOf, isTraining } from './charts';
import type { ReportRun } from './report';
import { Scroll } from './Scroll';

/** Iterations whose mean stands for a run that is not finished. */
const LAST = 10;

interface Row {
  readonly label: string;
  readonly meaning: string;
  format(value: number): string;
  read(final: Final): number | null | undefined;
}

/** What stands for a run's final policy, and whom it met: a final policy itself, one in training whomever it was trained against. */
interface Final {
  readonly measures: MeasuresFile;
  readonly met: Pick<RunView, 'opponent'>;
}

/** What the curves show of a policy; the optimizer's numbers are none of them. */
const MEASURED: readonly Row[] = CURVE_KINDS.filter(({ id }) => !isTraining(id)).map(({ title, meaning, format, value }) => ({
  ...{ label: title, meaning, format },
  read: ({ measures, met }) => value({ iteration: 0, measures, seconds: 0 }, met),
}));

const two = (value: number): string => plain(value, 2);
const SITUATIONS: readonly Row[] = (
  [
    ['start', 'in the first round'],
    ['CC', 'after both cooperated'],
    ['CD', 'after only the other defected'],
    ['DC', 'after only oneself defected'],
    ['DD', 'after both defected'],
  ] as const
).map(([situation, meaning]) => ({
  ...{ label: `P(cooperate | ${situation})`, meaning, format: two },
  read: ({ measures }) => measures.cooperateAfter?.[situation],
}));

/** What the policies came to: final measures a group of runs, and what each run's last iterations were like. */
export function Findings({ runs }: { readonly runs: readonly ReportRun[] }): VNode {
  const groups = groupsOf(runs).map(({ key, name, runs: members }) => ({
    key,
    name,
    finals: members.flatMap(({ run }) => finalOf(runs.find(({ view }) => view.run === run)) ?? []),
  }));
  const rows = [...MEASURED, ...SITUATIONS].filter(({ read }) =>
    groups.some(({ finals }) => finals.some((final) => typeof read(final) === 'number')),
  );
  const unfinished = runs.filter(({ view }) => view.final === undefined);
  return (
    <>
      <Scroll label="Final policies">
        <table>
          <caption>Final policies{groups.some(({ finals }) => finals.length > 1) ? ', mean over seeds [95 % interval]' : ''}</caption>
          <thead>
            <tr>
              <th scope="col">measure</th>
              {groups.map(({ key, name }) => (
                <th key={key} scope="col" class="number">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ label, meaning, format, read }) => (
              <tr key={label}>
                <th scope="row">
                  {label} <span class="dim">{meaning}</span>
                </th>
                {groups.map(({ key, finals }) => (
                  <td key={key} class="number">
                    {intervalText(overSeeds(finals.map(read).filter((value) => typeof value === 'number')), format, finals.length > 1)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      <p class="dim">
        A finished run is measured in 256 fresh negotiations of its final policy with itself. Intervals are bootstrap intervals in which
        each run counts once.
        {unfinished.length > 0 &&
          ` Not finished: ${unfinished.map(({ view }) => view.name).join(', ')}; the mean of the last ${LAST} iterations stands for the final policy.`}
      </p>
      <Late runs={runs} />
    </>
  );
}

/** The last iterations of each run, with intervals over seed groups. */
function Late({ runs }: { readonly runs: readonly ReportRun[] }): VNode | null {
  const shown = runs.flatMap(({ view, late }) => (late === null ? [] : { view, late }));
  const labels = [...new Set(shown.flatMap(({ late }) => late.measures.map(({ label }) => label)))];
  if (labels.length === 0) return null;
  return (
    <Scroll label="In training">
      <table>
        <caption>In training: the last iterations of each run, mean [95 % interval over seed groups]</caption>
        <thead>
          <tr>
            <th scope="col">run</th>
            <th scope="col">iterations</th>
            {labels.map((label) => (
              <th key={label} scope="col" class="number">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map(({ view, late }) => (
            <tr key={view.run}>
              <th scope="row">{view.name}</th>
              <td>
                {late.iterations[0]}–{late.iterations[1]}, <span class="dim">{late.seedGroups} seed groups</span>
              </td>
              {labels.map((label) => {
                const found = late.measures.find((measure) => measure.label === label);
                return (
                  <td key={label} class="number">
                    {intervalText(found?.interval ?? null, two, late.seedGroups > 1)}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

/** A run's final measures as a list of one; of an unfinished run the mean of its last iterations, of which each counts once. */
function finalOf(run: ReportRun | undefined): Final[] {
  if (run === undefined) return [];
  if (run.view.final !== undefined) return [{ measures: run.view.final, met: {} }];
  const last = run.curve.slice(-LAST).map(({ measures }) => measures);
  return last.length === 0 ? [] : [{ measures: meanMeasures(last), met: run.view }];
}

function meanMeasures(all: readonly MeasuresFile[]): MeasuresFile {
  const mean = (read: (measures: MeasuresFile) => unknown): number | null => {
    const values = all.map(read).filter((value) => typeof value === 'number');
    return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  const [first] = all;
  const keys = Object.keys(first ?? {}).filter((key) => key !== 'meanReward' && key !== 'cooperateAfter');
  const rewards = [mean(({ meanReward }) => meanReward?.[0]), mean(({ meanReward }) => meanReward?.[1])] as const;
  const after = (['start', 'CC', 'CD', 'DC', 'DD'] as const).map(
    (key) => [key, mean(({ cooperateAfter }) => cooperateAfter?.[key])] as const,
  );
  return {
    ...(Object.fromEntries(keys.map((key) => [key, mean((measures) => measures[key])])) as MeasuresFile),
    meanReward: rewards[0] === null || rewards[1] === null ? null : [rewards[0], rewards[1]],
    ...(all.some(({ cooperateAfter }) => cooperateAfter !== undefined) && {
      cooperateAfter: Object.fromEntries(after) as NonNullable<MeasuresFile['cooperateAfter']>,
    }),
  };
}

function intervalText(interval: Interval | null, format: (value: number) => string, several: boolean): string {
  if (interval === null) return '–';
  const { mean, low, high } = interval;
  return !several ? format(mean) : `${format(mean)} [${format(low)}, ${format(high)}]`;
}
