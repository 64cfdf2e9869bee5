import { useComputed } from '@preact/signals';
import type { VNode } from 'preact';
import { useRef } from 'preact/hooks';
import type { NegotiationView } from '../../../src/protocol/webview';
import { compareWith, counterpart, currentRun, rival, rivalRuns } from '../../state';
import { Dropdown } from '../controls';
import { seriesStyle } from '../inspector/series';
import { points } from '../numbers';
import { TurnCell } from '../transcript/TurnCell';
import { useTranscript } from '../transcript/useTranscript';
import { type Difference, type Step, summary } from './difference';
import { steps } from './steps';

const SIGNS: Readonly<Record<Difference, readonly [sign: string, words: string]>> = {
  same: ['=', 'the same'],
  words: ['~', 'other words'],
  action: ['≠', 'another action'],
  missing: ['∅', 'only on one side'],
};

/** The same negotiation under two policies, in lockstep: same seeds, same deals, each step's difference marked. */
export function Compare({ view }: { readonly view: NegotiationView }): VNode {
  const scroller = useRef<HTMLElement>(null);
  useTranscript(scroller);
  const other = counterpart.value;
  const text = useComputed(() => summary(steps.value));
  const rounds = new Map<number, Step[]>();
  for (const step of steps.value) {
    const round = step.left?.round ?? step.right?.round ?? 0;
    rounds.set(round, [...(rounds.get(round) ?? []), step]);
  }
  return (
    <section ref={scroller} class="transcript compare" aria-label="Comparison" tabIndex={-1}>
      <div class="compare-heads">
        <Head view={view} name={currentRun.value?.name ?? ''} />
        <span />
        <span class="compare-head">
          <RivalChoice />
          {other === null ? <span class="dim">has not played this negotiation</span> : <Head view={other} name="" />}
        </span>
      </div>
      <p class="compare-summary" role="status">
        {text.value}
      </p>
      {[...rounds].map(([round, these]) => (
        <section key={round} class="round" aria-label={`Round ${round + 1}`}>
          <header class="round-head">
            <h3>Round {round + 1}</h3>
          </header>
          {these.map((step) => (
            <StepRow key={`${step.leftIndex}/${step.rightIndex}`} step={step} />
          ))}
        </section>
      ))}
    </section>
  );
}

function Head({ view, name }: { readonly view: NegotiationView; readonly name: string }): VNode {
  const { colour, label } = seriesStyle(view.algorithm);
  const joint = view.rounds.reduce((sum, round) => sum + round.rewards[0] + round.rewards[1], 0) / Math.max(1, view.rounds.length);
  return (
    <span>
      <b style={{ color: colour }}>{label}</b> {name} <span class="dim number">joint {points(joint)} a round</span>
    </span>
  );
}

function StepRow({ step }: { readonly step: Step }): VNode {
  const [sign, words] = SIGNS[step.difference];
  return (
    <div class={`step ${step.difference}`}>
      {step.left === null ? <div class="turn empty" /> : <TurnCell turn={step.left} index={step.leftIndex} />}
      <span class="difference" role="img" aria-label={words} title={words}>
        {sign}
      </span>
      {step.right === null ? (
        <div class="turn empty" />
      ) : (
        <TurnCell turn={step.right} index={step.leftIndex} otherIndex={step.rightIndex} />
      )}
    </div>
  );
}

/** What stands beside: another run of the same game, or this one at another iteration. */
function RivalChoice(): VNode | null {
  const run = currentRun.value;
  const now = rival.value;
  if (run === undefined || now === undefined) return null;
  const iterations = [...new Set([1, Math.round(run.iteration / 4), Math.round(run.iteration / 2), run.iteration])].filter((n) => n >= 1);
  if (now.run === run.run && now.iteration !== undefined && !iterations.includes(now.iteration)) iterations.push(now.iteration);
  const choices = [
    ...rivalRuns.value.map((one) => ({ rival: { run: one.run }, label: one.name })),
    ...iterations.map((iteration) => ({ rival: { run: run.run, iteration }, label: `${run.name}, iteration ${iteration}` })),
  ].map((choice) => ({ ...choice, value: JSON.stringify(choice.rival) }));
  return (
    <Dropdown
      label="Compare with"
      value={JSON.stringify(now.iteration === undefined ? { run: now.run } : { run: now.run, iteration: now.iteration })}
      options={choices}
      onChange={(value) => {
        const chosen = choices.find((choice) => choice.value === value);
        if (chosen !== undefined) compareWith(chosen.rival);
      }}
    />
  );
}
