import type { Algorithm } from '../../../src/protocol/runConfig';
import type { RunView } from '../../../src/protocol/webview';
import { type SeriesStyle, seriesStyle } from './series';

/** Runs that one curve stands for: of one algorithm, and alike but for their seeds. */
export interface CurveGroup {
  readonly key: string;
  readonly algorithm: Algorithm;
  /** By seed, ascending; at least one. */
  readonly runs: readonly RunView[];
  readonly style: SeriesStyle;
  /** What the legend says: the algorithm, what tells it from others of the same, and how many runs. */
  readonly name: string;
  /** Whether it is drawn unless the reader says otherwise. */
  readonly byDefault: boolean;
}

/** What is on the screen, by which groups are drawn without being asked for. */
export interface CurvesInView {
  readonly current: RunView | undefined;
  readonly paired: RunView | undefined;
  /** Runs of the other columns, where runs are compared. */
  readonly beside: readonly RunView[];
}

const DASHES = ['', '5 3', '2 3', '9 3', '6 2 1 2'];

/**
 * Groups the open runs of the current one's game: the runs of a run set by algorithm, other runs by all of their settings but
 * the seed. Two of one seed are the same run twice, and count once. AA comes first, so that colours and order never swap.
 */
export function curveGroups(runs: readonly RunView[], { current, paired, beside }: CurvesInView): CurveGroup[] {
  const found = new Map<string, { readonly algorithm: Algorithm; readonly bySeed: Map<number, RunView> }>();
  const wanted = new Set([current?.run, paired?.run, ...beside.map(({ run }) => run)]);
  for (const run of runs) {
    // What was only played has no curves.
    if (run.game !== current?.game || run.algorithm === null) continue;
    const key = groupKey(run);
    const group = found.get(key) ?? { algorithm: run.algorithm, bySeed: new Map<number, RunView>() };
    found.set(key, group);
    const known = group.bySeed.get(run.seed);
    if (known === undefined || (!wanted.has(known.run) && (wanted.has(run.run) || run.iteration > known.iteration)))
      group.bySeed.set(run.seed, run);
  }
  const groups = [...found].sort(
    ([a, { algorithm: x }], [b, { algorithm: y }]) => x.localeCompare(y) || Number(b.startsWith('set')) - Number(a.startsWith('set')),
  );
  return groups.map(([key, { algorithm, bySeed }], index) => {
    const members = [...bySeed.values()].sort((a, b) => a.seed - b.seed);
    const twins = groups.filter(([, other]) => other.algorithm === algorithm);
    const style = seriesStyle(algorithm);
    const nth = groups.slice(0, index).filter(([, other]) => other.algorithm === algorithm).length;
    const dash = nth === 0 ? style.dash : (DASHES.filter((one) => one !== style.dash)[(nth - 1) % (DASHES.length - 1)] ?? '');
    const [first] = members;
    const apart = twins.length < 2 ? '' : ` ${first?.set?.name ?? (members.length > 1 ? `“${first?.name ?? ''}” …` : `s${first?.seed}`)}`;
    return {
      key,
      algorithm,
      runs: members,
      style: { ...style, dash, label: `${style.label}${members.length > 1 || twins.length < 2 ? '' : ` s${first?.seed}`}` },
      name: `${style.label}${apart}${members.length > 1 ? ` · ${members.length} seeds` : ''}`,
      byDefault: members.some(({ run, set }) => wanted.has(run) || (set !== undefined && set.id === current?.set?.id)),
    };
  });
}

function groupKey({ set, game, algorithm, recipe }: RunView): string {
  return set === undefined ? `runs/${game}/${algorithm}/${recipe ?? ''}` : `set/${set.id}/${algorithm}`;
}
