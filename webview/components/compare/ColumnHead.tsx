import { useComputed } from '@preact/signals';
import type { VNode } from 'preact';
import type { NegotiationView } from '../../../src/protocol/webview';
import { columns, currentRun, negotiation, removeColumn, rivalRuns, runs, setColumns } from '../../state';
import { Choice } from '../Choice';
import { Button } from '../controls';
import { seriesStyle } from '../inspector/series';
import { points } from '../numbers';
import { type Column, iterationsOffered } from './columns';
import { summary } from './difference';
import { steps } from './steps';

/** The head of the first column, which is the selection. */
export function FirstHead({ view }: { readonly view: NegotiationView }): VNode {
  return (
    <div class="compare-head">
      <span class="compare-name">
        <Mark view={view} /> <b>{currentRun.value?.name ?? ''}</b> <span class="dim number">iteration {view.place.iteration}</span>
      </span>
      <span class="compare-summary dim number">{joint(view)} · the others are marked against it</span>
    </div>
  );
}

/** The head of another column: what it shows and may show instead, what came of it, and where it parts from the first. */
export function ColumnHead(props: { readonly column: Column; readonly index: number; readonly view: NegotiationView | null }): VNode {
  const { column, index, view } = props;
  const run = runs.value.find((one) => one.run === column.run);
  const said = useComputed(() => summary(steps.value, index));
  const change = (next: Column): void => setColumns(columns.value.map((one, at) => (at === index - 1 ? next : one)));
  const own = currentRun.value;
  const choices = [...(own === undefined ? [] : [own]), ...rivalRuns.value];
  const iterations = run === undefined ? [] : iterationsOffered(run, column.iteration);
  const here = negotiation.value?.place;
  return (
    <div class="compare-head">
      <span class="compare-name">
        {view !== null && <Mark view={view} />}
        <Choice
          label={`Run of column ${index + 1}`}
          value={column.run}
          options={choices.map((one) => ({ value: one.run, label: one.name }))}
          onChange={(id) => {
            const beginning = id === here?.run && column.iteration === undefined ? { iteration: 1 } : {};
            change({ ...column, ...beginning, run: id });
          }}
        />
        <Choice
          label={`Iteration of column ${index + 1}`}
          value={column.iteration === undefined ? '' : String(column.iteration)}
          options={[
            { value: '', label: 'same iteration' },
            ...iterations.map((iteration) => ({ value: String(iteration), label: `iteration ${iteration}` })),
          ]}
          onChange={(value) => {
            const { iteration: _, ...rest } = column;
            change(value === '' ? rest : { ...rest, iteration: Number(value) });
          }}
        />
        <Button kind="icon" label={`Remove column ${index + 1}`} onClick={() => removeColumn(column)}>
          <span aria-hidden="true">×</span>
        </Button>
      </span>
      {view === null ? (
        <span class="compare-summary dim">has not played this negotiation</span>
      ) : (
        <span class="compare-summary" role="status">
          {column.negotiation !== undefined && <b>negotiation {column.negotiation} · </b>}
          {column.branch !== undefined && <b>branch {column.branch} · </b>}
          <span class="dim number">{joint(view)}</span> · {said.value}
        </span>
      )}
    </div>
  );
}

function Mark({ view }: { readonly view: NegotiationView }): VNode {
  const { colour, dash, label } = seriesStyle(view.algorithm);
  return (
    <b class="algorithm" style={{ '--c': colour }}>
      <i class={dash === '' ? 'swatch-line' : 'swatch-line dashed'} aria-hidden="true" />
      {label}
    </b>
  );
}

function joint(view: NegotiationView): string {
  const sum = view.rounds.reduce((total, round) => total + round.rewards[0] + round.rewards[1], 0);
  return `joint ${points(sum / Math.max(1, view.rounds.length))} a round`;
}
