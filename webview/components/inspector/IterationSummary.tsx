import type { VNode } from 'preact';
import type { CurvePoint, RunView } from '../../../src/protocol/webview';
import { choose, command, curves, iterationView, selection } from '../../state';
import { Button } from '../controls';
import { CURVE_KINDS, type CurveKind } from './curveKinds';
import { LinkIcon } from './PlaceBar';

/** From here on the kinds are of training, not of behaviour. */
const FIRST_OF_TRAINING = CURVE_KINDS.findIndex(({ id }) => id === 'rmsOwn');

/** An iteration that is chosen as a whole: what was played, what was measured, what the optimizer step reported. */
export function IterationSummary({ run, iteration }: { readonly run: RunView; readonly iteration: number }): VNode {
  const view = iterationView.value;
  const here = view !== null && view.run === run.run && view.iteration === iteration ? view : null;
  const points = curves.value.get(run.run) ?? [];
  const now = points.find((point) => point.iteration === iteration);
  const before = points.find((point) => point.iteration === iteration - 1);
  return (
    <section class="iteration" aria-label={`Iteration ${iteration}`}>
      <header class="iteration-head">
        <h2>Iteration {iteration}</h2>
        {here !== null && <span>{facts(here, now)}</span>}
        <span class="buttons">
          {here !== null && here.negotiations > 0 && (
            <Button onClick={() => void choose({ run: run.run, iteration, negotiation: 0 })}>Read its first negotiation</Button>
          )}
          <Button
            kind="icon"
            label="Copy Link to this iteration"
            onClick={() => command('copyLink', selection.value ?? { run: run.run, iteration })}
          >
            <LinkIcon />
          </Button>
        </span>
      </header>
      {now !== undefined && (
        <div class="iteration-tables">
          <Numbers caption="Measures" kinds={CURVE_KINDS.slice(0, FIRST_OF_TRAINING)} run={run} now={now} before={before} />
          <Numbers caption="Training" kinds={CURVE_KINDS.slice(FIRST_OF_TRAINING)} run={run} now={now} before={before} />
        </div>
      )}
    </section>
  );
}

function facts(view: NonNullable<typeof iterationView.value>, now: CurvePoint | undefined): string {
  const opponents = view.opponents.map(({ name, negotiations }) => `${negotiations} against ${name}`);
  const shown = opponents.length > 4 ? [...opponents.slice(0, 3), `and ${opponents.length - 3} more players`] : opponents;
  return [
    `${view.negotiations} negotiations in ${view.groups} seed groups`,
    ...shown,
    view.invalid === 0 ? 'every turn parsed' : `${view.invalid} ${view.invalid === 1 ? 'turn' : 'turns'} did not parse`,
    ...(view.checkpoint ? ['checkpoint'] : []),
    ...(now?.training === undefined ? [] : [`${now.training.sampledTokens} tokens sampled, ${now.training.trainedTokens} trained`]),
    new Date(view.time).toLocaleString(),
  ].join(' · ');
}

function Numbers(props: {
  readonly caption: string;
  readonly kinds: readonly CurveKind[];
  readonly run: RunView;
  readonly now: CurvePoint;
  readonly before: CurvePoint | undefined;
}): VNode {
  const { caption, kinds, run, now, before } = props;
  const rows = kinds.flatMap((kind) => {
    const value = kind.value(now, run);
    if (typeof value !== 'number') return [];
    const last = before === undefined ? undefined : kind.value(before, run);
    return [{ kind, value, change: typeof last === 'number' ? value - last : null }];
  });
  return (
    <table class="iteration-numbers">
      <caption>{caption}</caption>
      <thead>
        <tr>
          <th scope="col">measure</th>
          <th scope="col">value</th>
          <th scope="col">since the one before</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ kind, value, change }) => (
          <tr key={kind.id}>
            <th scope="row" title={kind.meaning}>
              {kind.title}
            </th>
            <td>{kind.format(value)}</td>
            <td class="dim">{change === null ? '–' : `${change === 0 ? '' : change < 0 ? '−' : '+'}${kind.format(Math.abs(change))}`}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
