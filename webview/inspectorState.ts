import { batch, effect, signal } from '@preact/signals';
import type { CurvePoint, NegotiationView, Place } from '../src/protocol/webview';
import { type HostChannel, saveState } from './channel';
import { placeOf } from './components/compare/columns';
import { wireIteration } from './components/inspector/iterationState';
import {
  addColumn,
  choose,
  columnRuns,
  columns,
  comparing,
  counterparts,
  currentRun,
  curves,
  matchups,
  negotiation,
  negotiationProblem,
  pairedRun,
  selection,
  shownGroups,
} from './state';

/** Whether a negotiation is being fetched; the one before stays in view until then. */
export const loadingNegotiation = signal(false);

/** Subscribes what only the inspector draws: the negotiation in view, its counterpart, and the training curves. */
export function wireInspector(host: HostChannel): void {
  host.on('matchups', ({ shown }) => {
    matchups.value = shown;
    saveState({ matchups: shown?.id ?? null });
  });

  host.on('addColumn', ({ run, iteration, negotiation: number, branch }) => {
    addColumn({
      run,
      ...(iteration === undefined ? {} : { iteration }),
      ...(number === undefined ? {} : { negotiation: number }),
      ...(branch === undefined ? {} : { branch }),
    });
  });

  wireIteration(host);

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
          negotiationProblem.value =
            view !== null ? null : wanted.branch === undefined ? 'This negotiation is not on disk (yet).' : 'This branch was deleted.';
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

  const staleColumns = signal(0);
  const fetchColumns = columnFetcher(host);
  effect(() => {
    const version = stale.value + staleColumns.value;
    const here = negotiation.value;
    const wanted = comparing.value && here !== null ? columns.value : [];
    fetchColumns(here === null ? [] : wanted.map((column) => placeOf(column, here.place)), version);
  });
  let told = false;
  effect(() => {
    if (told || !comparing.value || counterparts.value.every((view) => view === null)) return;
    told = true;
    host.send('compared', {});
  });
  host.on('curvesChanged', ({ run, from }) => {
    // What was not there yet, or only in preview, may be there now.
    const here = negotiation.peek()?.place;
    if (here !== undefined && columns.peek().some((column) => column.run === run && (placeOf(column, here).iteration ?? 0) >= from))
      staleColumns.value++;
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
  host.on('curvesChanged', ({ run, from }) => {
    // Curves that nobody looks at are fetched whole when somebody does.
    if (curves.peek().has(run) || loading.has(run)) void fetchCurves(run, from);
  });
  effect(() => {
    for (const run of [currentRun.value, pairedRun.value, ...columnRuns.value, ...shownGroups.value.flatMap((group) => group.runs)]) {
      if (run !== undefined && !curves.peek().has(run.run)) void fetchCurves(run.run, 0);
    }
  });
}

/**
 * Fetches what the columns show. Those whose place has not changed stay as they are while others come; a new version
 * fetches all of them again.
 */
function columnFetcher(host: HostChannel): (places: readonly Place[], version: number) => void {
  let asked = 0;
  let fetched = 0;
  return (places, version) => {
    const ticket = ++asked;
    const held = counterparts.peek();
    const kept = places.map((place) => held.find((view) => view !== null && sameNegotiation(view.place, place)) ?? null);
    if (places.length > 0 || held.length > 0) counterparts.value = kept;
    places.forEach((place, column) => {
      if (kept[column] !== null && version === fetched) return;
      const show = (view: NegotiationView | null): void => {
        if (ticket === asked) counterparts.value = counterparts.peek().map((one, index) => (index === column ? view : one));
      };
      host.request('negotiation', place).then(show, () => show(null));
    });
    fetched = version;
  };
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
  const { run, iteration, group, negotiation: number, branch } = place;
  return { run, iteration, group, negotiation: number, ...(branch === undefined ? {} : { branch }) };
}

function sameNegotiation(a: Place | null | undefined, b: Place | null | undefined): boolean {
  return a?.run === b?.run && a?.iteration === b?.iteration && a?.negotiation === b?.negotiation && a?.branch === b?.branch;
}
