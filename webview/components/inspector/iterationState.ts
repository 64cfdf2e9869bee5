import { computed, effect, signal } from '@preact/signals';
import { type HostChannel, savedState, saveState } from '../../channel';
import { iterationProblem, iterationView, negotiation, runs, selection } from '../../state';

/** What shows how credits are spread. */
export type AdvantageChartId = 'scatter' | 'advantages' | 'credits';

/** See `AdvantageChartId`. */
export const advantageChart = signal<AdvantageChartId>(savedState().advantageChart ?? 'scatter');

/** Chooses how it is shown that credits are spread, and keeps that. */
export function setAdvantageChart(id: AdvantageChartId): void {
  advantageChart.value = id;
  saveState({ advantageChart: id });
}

/** Iteration of the selection; steps within it change nothing here. */
export const selectedIteration = computed(() => selection.value?.iteration ?? null);

/** The iteration whose whole is wanted, as `run iteration`; empty for none. */
const wanted = computed(() => {
  const { run, iteration } = selection.value ?? {};
  if (run === undefined || iteration === undefined) return '';
  const shown = negotiation.value === null || advantageChart.value === 'advantages';
  const committed = runs.value.some((one) => one.run === run && one.algorithm !== null && one.iteration >= iteration);
  return shown && committed && iteration > 0 ? JSON.stringify([run, iteration]) : '';
});

/** Fetches the iteration of the selection where something shows it. */
export function wireIteration(host: HostChannel): void {
  const stale = signal(0);
  let asked = 0;
  effect(() => {
    stale.value;
    const ticket = ++asked;
    if (wanted.value === '') return;
    const [run, iteration] = JSON.parse(wanted.value) as [string, number];
    host.request('iteration', { run, iteration }).then(
      (view) => {
        if (ticket !== asked) return;
        iterationView.value = view;
        iterationProblem.value = null;
      },
      (error: unknown) => {
        if (ticket !== asked) return;
        iterationView.value = null;
        iterationProblem.value = error instanceof Error ? error.message : String(error);
      },
    );
  });
  host.on('curvesChanged', ({ run, from }) => {
    const view = iterationView.peek();
    if (view?.run === run && view.iteration >= from) stale.value++;
  });
}
