import { useComputed } from '@preact/signals';
import { createRef, type VNode } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';
import type { NegotiationView } from '../../../src/protocol/webview';
import { addColumn, columns, counterparts, currentRun, negotiation, rivalRuns } from '../../state';
import { Board } from '../board/Board';
import { Choice } from '../Choice';
import { TurnCell } from '../transcript/TurnCell';
import { useTranscript } from '../transcript/useTranscript';
import { ColumnHead, FirstHead } from './ColumnHead';
import { type Column, iterationsOffered, keyOf, MOST_OTHERS } from './columns';
import { type Difference, parting, type Step } from './difference';
import { steps } from './steps';

const SIGNS: Readonly<Record<Difference, readonly [sign: string, words: string]>> = {
  same: ['=', 'the same'],
  words: ['~', 'other words'],
  action: ['≠', 'another action'],
  missing: ['∅', 'only on one side'],
};

const addChoice = createRef<HTMLSelectElement>();
/** Set until the choice is there: comparing begins with the key that asks for a column. */
let focusWanted = false;

/** Puts the keyboard on the choice of a further column. */
export function focusAddColumn(): void {
  if (addChoice.current === null) focusWanted = true;
  else addChoice.current.focus();
}

/** The same negotiation under several policies, in lockstep: same seeds, same deals, each step's difference from the first column marked. */
export function Compare({ view }: { readonly view: NegotiationView }): VNode {
  const scroller = useRef<HTMLElement>(null);
  useTranscript(scroller);
  const others = columns.value;
  const views = counterparts.value;
  const partings = useComputed(() => columns.value.map((_, index) => parting(steps.value, index + 1)));
  const rounds = new Map<number, { readonly step: Step; readonly index: number }[]>();
  steps.value.forEach((step, index) => {
    const known = rounds.get(step.round) ?? [];
    rounds.set(step.round, known);
    known.push({ step, index });
  });
  return (
    <section
      ref={scroller}
      class={`transcript compare columns-${others.length + 1}`}
      style={{ '--others': others.length }}
      aria-label="Comparison"
      tabIndex={-1}
    >
      <div class="compare-heads sticky-head">
        <div class="compare-row">
          <FirstHead view={view} />
          {others.map((column, index) => (
            <ColumnHead key={keyOf(column)} column={column} index={index + 1} view={views[index] ?? null} />
          ))}
        </div>
        <div class="compare-row boards">
          <Board view={view} />
          {others.map((column, index) => {
            const board = views[index];
            return board === null || board === undefined ? <span key={keyOf(column)} /> : <Board key={keyOf(column)} view={board} />;
          })}
        </div>
        {others.length < MOST_OTHERS && <AddColumn />}
      </div>
      {[...rounds].map(([round, these]) => (
        <section key={round} class="round" aria-label={`Round ${round + 1}`}>
          <header class="round-head">
            <h3>Round {round + 1}</h3>
          </header>
          {these.map(({ step, index }) => (
            <StepRow key={step.indices.join('/')} step={step} parts={partings.value.map((at) => at === index)} />
          ))}
        </section>
      ))}
    </section>
  );
}

/** One step in every column; `parts` says for which of the others it is the first that differs. */
function StepRow({ step, parts }: { readonly step: Step; readonly parts: readonly boolean[] }): VNode {
  const [index = -1] = step.indices;
  return (
    <div class="compare-row step">
      {step.turns.map((turn, column) => {
        const difference = step.differences[column] ?? 'same';
        const own = step.indices[column] ?? -1;
        return (
          <div key={column} class={`step-cell ${difference}`}>
            {column > 0 && <Sign difference={difference} parts={parts[column - 1] ?? false} />}
            {turn === null ? (
              <div class="turn empty" />
            ) : (
              <TurnCell turn={turn} index={index} {...(column === 0 ? {} : { elsewhere: { column, index: own } })} />
            )}
          </div>
        );
      })}
    </div>
  );
}

function Sign({ difference, parts }: { readonly difference: Difference; readonly parts: boolean }): VNode {
  const [sign, words] = SIGNS[difference];
  const said = parts ? `${words}: here it parts from the first column` : words;
  return (
    <span class={parts ? 'difference parts' : 'difference'} role="img" aria-label={said} title={said}>
      {sign}
    </span>
  );
}

/** A further column: another run, this one at another iteration, or another negotiation of the seed group. */
function AddColumn(): VNode {
  useLayoutEffect(() => {
    if (!focusWanted) return;
    focusWanted = false;
    addChoice.current?.focus();
  }, []);
  const run = currentRun.value;
  const here = negotiation.value;
  const shown = new Set(columns.value.map(keyOf));
  const choices: { readonly column: Column; readonly label: string }[] = [
    ...rivalRuns.value.map((one) => ({ column: { run: one.run }, label: one.name })),
    ...(run === undefined
      ? []
      : iterationsOffered(run, undefined).map((iteration) => ({
          column: { run: run.run, iteration },
          label: `iteration ${iteration} of ${run.name}`,
        }))),
    ...(here?.members ?? []).map((member) => ({
      column: { run: here?.place.run ?? '', negotiation: member.negotiation },
      label: `negotiation ${member.negotiation} of the same seed group`,
    })),
  ];
  const options = choices
    .filter(({ column }) => !shown.has(keyOf(column)))
    .filter(({ column }) => column.run !== here?.place.run || column.iteration !== here.place.iteration || column.negotiation !== undefined)
    .map((choice) => ({ ...choice, value: keyOf(choice.column) }));
  return (
    <div class="add-column">
      <Choice
        label="Add a column"
        title="Another run, iteration or negotiation of the seed group beside (a)"
        field={addChoice}
        value=""
        options={[{ value: '', label: 'Add column…' }, ...options.map(({ value, label }) => ({ value, label }))]}
        onChange={(value) => {
          const chosen = options.find((option) => option.value === value);
          if (chosen !== undefined) addColumn(chosen.column);
        }}
      />
    </div>
  );
}
