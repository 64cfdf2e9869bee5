import { batch, computed, signal } from '@preact/signals';
import type { CurvePoint, MatchupsView, NegotiationView, Place, RunView } from '../src/protocol/webview';
import { type HostChannel, type Rival, savedState, saveState } from './channel';
import type { MeasureId } from './components/tokens/measures';
import { type Cursor, cursorAt } from './components/transcript/cursor';

/** Everything that the views draw, as signals; only `wire` and the functions here write them. */
export const runs = signal<readonly RunView[]>([]);
/** The one selection, which lives in the host. */
export const selection = signal<Place | null>(null);
/** Whether the selection moves with the newest committed iteration. */
export const following = signal(false);
/** Set once the host has sent its first full state. */
export const hydrated = signal(false);
/** The negotiation in view; `null` while there is none. */
export const negotiation = signal<NegotiationView | null>(null);
/** Why no negotiation is in view, when one was asked for. */
export const negotiationProblem = signal<string | null>(null);
/** The same negotiation of the paired run, when comparing. */
export const counterpart = signal<NegotiationView | null>(null);
/** Whether the paired run's negotiation stands beside. */
export const comparing = signal(savedState().comparing ?? false);
/** Points of the training curves by run, oldest first. */
export const curves = signal<ReadonlyMap<string, readonly CurvePoint[]>>(new Map());
/** The matrix of match-ups in the negotiation's place; null as a rule. */
export const matchups = signal<MatchupsView | null>(null);
/** What colours the tokens. */
export const colourBy = signal<MeasureId>(savedState().colourBy ?? 'push');
/** The reason the channel closed, once it has. */
export const disconnected = signal<string | null>(null);

/** The run of the selection, or the newest one. */
export const currentRun = computed<RunView | undefined>(() => runs.value.find((run) => run.run === selection.value?.run) ?? runs.value[0]);

/** The run that differs from the current one in the algorithm alone. */
export const pairedRun = computed<RunView | undefined>(() => runs.value.find((run) => run.run === currentRun.value?.pairedWith));

/** What the reader chose to compare with; the paired run where nothing is chosen. */
const against = signal<Rival | null>(savedState().against ?? null);

/** Runs of the same game that can stand beside the current one; what was played beside what was played. */
export const rivalRuns = computed<readonly RunView[]>(() => {
  const own = currentRun.value;
  const alike = (run: RunView): boolean => run.game === own?.game && (run.algorithm === null) === (own.algorithm === null);
  return runs.value.filter((run) => run.run !== own?.run && alike(run));
});

/** What stands beside in a comparison; undefined where there is nothing to compare with. */
export const rival = computed<Rival | undefined>(() => {
  const chosen = against.value;
  if (chosen !== null && runs.value.some((run) => run.run === chosen.run && run.game === currentRun.value?.game)) {
    if (chosen.run !== currentRun.value?.run || chosen.iteration !== undefined) return chosen;
  }
  const other = pairedRun.value ?? rivalRuns.value[0];
  if (other !== undefined) return { run: other.run };
  const own = currentRun.value;
  return own === undefined || own.iteration < 2 ? undefined : { run: own.run, iteration: 1 };
});

/** The run that stands beside, in charts and comparisons. */
export const rivalRun = computed<RunView | undefined>(() => runs.value.find((run) => run.run === rival.value?.run));

/** Turn and token under the cursor in the negotiation in view. */
export const cursor = computed<Cursor | null>(() =>
  negotiation.value === null ? null : cursorAt(negotiation.value.turns, selection.value),
);

let host: HostChannel | undefined;

/** The channel; the views ask through it. */
export function channel(): HostChannel {
  if (host === undefined) throw new Error('The view asked the host before it was connected.');
  return host;
}

/** Subscribes the signals that every view uses to the host's events. */
export function wire(connected: HostChannel): void {
  host = connected;
  connected.on('runs', (event) => {
    batch(() => {
      runs.value = event.runs;
      hydrated.value = true;
    });
  });
  connected.on('selection', (event) => {
    // Our own moves are ahead of the host's echoes of earlier ones.
    if (selecting > 0) return;
    batch(() => {
      selection.value = event.place;
      following.value = event.following;
    });
    saveState({ place: event.place });
  });
  void connected.closed.then((reason) => {
    disconnected.value = reason;
  });
}

let selecting = 0;
let queued: { readonly place: Place; readonly open: boolean } | undefined;

/** Chooses a place: at once here, then in the host; of moves made while one is under way only the last is sent. */
export async function choose(place: Place, open = false): Promise<void> {
  batch(() => {
    selection.value = place;
    following.value = false;
  });
  saveState({ place });
  queued = { place, open };
  if (selecting > 0) return;
  selecting++;
  try {
    while (queued !== undefined) {
      const next: { readonly place: Place; readonly open: boolean } = queued;
      queued = undefined;
      await channel().request('select', next);
    }
  } catch {
    // The channel says why it closed; a refused selection leaves the view where the reader put it.
  } finally {
    selecting--;
  }
}

/** Turns following the newest iteration on or off. */
export function follow(on: boolean): void {
  following.value = on;
  channel()
    .request('follow', { on })
    .catch(() => undefined);
}

/** Stops following, if it is on: the reader scrolls or walks about. */
export function yieldToReader(): void {
  if (following.value) follow(false);
}

/** Runs a Parley command. */
export function command(name: string, place?: Place): void {
  channel()
    .request('command', place === undefined ? { name } : { name, place })
    .catch(() => undefined);
}

/** Chooses what colours the tokens and keeps it. */
export function setColourBy(measure: MeasureId): void {
  colourBy.value = measure;
  saveState({ colourBy: measure });
}

/** Hands a file to the reader, who says where it goes. */
export function saveFile(name: string, text: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: name.endsWith('.svg') ? 'image/svg+xml' : 'text/csv' }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Puts the paired run's negotiation beside, or takes it away, and keeps that. */
export function saveComparing(on: boolean): void {
  comparing.value = on;
  saveState({ comparing: on });
}

/** Chooses what stands beside, and keeps it. */
export function compareWith(choice: Rival): void {
  against.value = choice;
  saveState({ against: choice });
}

/** Goes back from the matrix to the negotiation. */
export function closeMatchups(): void {
  const shown = matchups.value;
  if (shown === null) return;
  matchups.value = null;
  saveState({ matchups: null });
  channel().send('closeMatchups', { id: shown.id });
}
