import { batch, effect, signal } from '@preact/signals';
import type { CurvePoint, Place } from '../src/protocol/webview';
import { type HostChannel, saveState } from './channel';
import {
  choose,
  comparing,
  counterpart,
  currentRun,
  curves,
  matchups,
  negotiation,
  negotiationProblem,
  pairedRun,
  rival,
  rivalRun,
  selection,
} from './state';

/** Whether a negotiation is being fetched; the one before stays in view until then. */
export const loadingNegotiation = signal(false);

/** Subscribes what only the inspector draws: the negotiation in view, its counterpart, and the training curves. */
export function wireInspector(host: HostChannel): void {
  host.on('matchups', ({ shown }) => {
    matchups.value = shown;
    saveState({ matchups: shown?.id ?? null });
  });

  const stale = signal(0);
  let asked = 0;
  effect(() => {
    stale.value;
    const wanted = negotiationPlace(selection.value);
    const ticket = ++asked;
    if (wanted === null) {
      batch(() => {
        negotiation.value = null;
        negotiationProblem.value = null;
        loadingNegotiation.value = false;
      });
      return;
    }
    // Turns and tokens of the negotiation in hand need no new one.
    if (stale.value === fetched && sameNegotiation(negotiation.peek()?.place, wanted)) {
      loadingNegotiation.value = false;
      return;
    }
    const version = stale.value;
    loadingNegotiation.value = true;
    host.request('negotiation', wanted).then(
      (view) => {
        if (ticket !== asked) return;
        fetched = version;
        batch(() => {
          negotiation.value = view;
          negotiationProblem.value = view === null ? 'This negotiation is not on disk (yet).' : null;
          loadingNegotiation.value = false;
        });
      },
      (error: unknown) => {
        if (ticket !== asked) return;
        batch(() => {
          negotiation.value = null;
          negotiationProblem.value = error instanceof Error ? error.message : String(error);
          loadingNegotiation.value = false;
        });
      },
    );
  });
  let fetched = 0;
  host.on('negotiationChanged', (place) => {
    if (sameNegotiation(place, selection.value)) stale.value++;
  });

  let askedOther = 0;
  effect(() => {
    const here = negotiation.value;
    const other = comparing.value ? rival.value : undefined;
    const ticket = ++askedOther;
    if (here === null || other === undefined || here.place.negotiation === undefined) {
      counterpart.value = null;
      return;
    }
    const { iteration, negotiation: number } = here.place;
    host.request('negotiation', { run: other.run, iteration: other.iteration ?? iteration, negotiation: number }).then(
      (view) => {
        if (ticket === askedOther) counterpart.value = view;
      },
      () => {
        if (ticket === askedOther) counterpart.value = null;
      },
    );
  });

  const loading = new Set<string>();
  const dirty = new Map<string, number>();
  const fetchCurves = async (run: string, from: number): Promise<void> => {
    if (loading.has(run)) {
      dirty.set(run, Math.min(from, dirty.get(run) ?? from));
      return;
    }
    loading.add(run);
    try {
      const answer = await host.request('curves', { run, from });
      curves.value = new Map(curves.value).set(run, appended(curves.value.get(run) ?? [], answer.from, answer.points));
    } catch {
      // Asked for again with the next change.
    } finally {
      loading.delete(run);
      const next = dirty.get(run);
      dirty.delete(run);
      if (next !== undefined) void fetchCurves(run, next);
    }
  };
  host.on('curvesChanged', ({ run, from }) => void fetchCurves(run, from));
  effect(() => {
    for (const run of [currentRun.value, pairedRun.value, rivalRun.value]) {
      if (run !== undefined && !curves.peek().has(run.run)) void fetchCurves(run.run, 0);
    }
  });
}

/** The curve with its points from an iteration on replaced. */
export function appended(held: readonly CurvePoint[], from: number, points: readonly CurvePoint[]): readonly CurvePoint[] {
  return [...held.filter((point) => point.iteration < from), ...points];
}

/** Goes to the next or previous negotiation or iteration. */
export async function step(host: HostChannel, by: 'negotiation' | 'iteration', delta: 1 | -1): Promise<void> {
  const place = selection.value;
  if (place === null) return;
  const next = await host.request('step', { place, by, delta }).catch(() => null);
  if (next !== null) await choose(next);
}

function negotiationPlace(place: Place | null): Place | null {
  if (place?.iteration === undefined || place.negotiation === undefined) return null;
  return { run: place.run, iteration: place.iteration, group: place.group, negotiation: place.negotiation };
}

function sameNegotiation(a: Place | null | undefined, b: Place | null | undefined): boolean {
  return a?.run === b?.run && a?.iteration === b?.iteration && a?.negotiation === b?.negotiation;
}
