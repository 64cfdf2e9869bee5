import { computed, effect, signal } from '@preact/signals';
import type { DistributionsView, Place, PolicyRef } from '../../../src/protocol/webview';
import { type HostChannel, savedState, saveState } from '../../channel';
import { currentRun, cursor, negotiation } from '../../state';

/** Milliseconds that the cursor has to rest before policies are asked: a reader who walks asks nothing. */
const REST = 150;

/** Whether the panel stands beside the transcript. */
export const saysShown = signal(savedState().says ?? false);

/** What policies would say at the cursor; the answer before stays until the next is here. */
export const answer = signal<DistributionsView | null>(null);

/** Whether an answer is awaited. */
export const asking = signal(false);

/** Whom the reader chose to ask; null asks whoever is the obvious choice. */
const chosen = signal<readonly PolicyRef[] | null>(null);

/** The token under the cursor, as text, so that a negotiation that is read again asks nothing again. */
const tokenKey = computed(() => {
  const view = negotiation.value;
  const at = cursor.value;
  const turn = view === null || at === null ? undefined : view.turns[at.turn];
  if (view === null || at === null || turn === undefined) return null;
  return JSON.stringify({ ...view.place, round: turn.round, turn: turn.turn, token: at.token } satisfies Place);
});

/** Asks the host as the cursor moves while the panel is open. */
export function wireSays(host: HostChannel): void {
  let ticket = 0;
  let waiting: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const key = saysShown.value ? tokenKey.value : null;
    const policies = chosen.value;
    const mine = ++ticket;
    clearTimeout(waiting);
    asking.value = key !== null;
    if (key === null) return;
    const show = (view: DistributionsView): void => {
      if (mine !== ticket) return;
      answer.value = view;
      asking.value = false;
    };
    waiting = setTimeout(() => {
      const place = JSON.parse(key) as Place;
      host.request('distributions', { place, policies }).then(show, (error: unknown) => {
        const problem = error instanceof Error ? error.message : String(error);
        show({ place, choices: [], policies: [], isExact: false, said: null, problem });
      });
    }, REST);
  });
  let run = currentRun.peek()?.run;
  effect(() => {
    // Another run has other policies.
    const now = currentRun.value?.run;
    if (now !== run) chosen.value = null;
    run = now;
  });
}

/** Opens or closes the panel, and keeps that. */
export function showSays(on: boolean): void {
  saysShown.value = on;
  saveState({ says: on });
}

/** Asks these policies; null the obvious ones again. */
export function ask(policies: readonly PolicyRef[] | null): void {
  chosen.value = policies;
}

/** Whether the reader chose whom to ask. */
export const isChosen = computed(() => chosen.value !== null);
