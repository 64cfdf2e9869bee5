import { batch, computed, signal } from '@preact/signals';
import type { CurvePoint, IterationView, MatchupsView, NegotiationView, Place, RunView } from '../src/protocol/webview';
import { type HostChannel, savedState, saveState } from './channel';
import { type Column, columnByDefault, keyOf, MOST_OTHERS, usable } from './components/compare/columns';
import { type CurveGroup, curveGroups } from './components/inspector/curveGroups';
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
/** What the other columns of a comparison show, in their order; null where there is nothing (yet). */
export const counterparts = signal<readonly (NegotiationView | null)[]>([]);
/** Whether other columns stand beside. */
export const comparing = signal(savedState().comparing ?? false);
/** Points of the training curves by run, oldest first. */
export const curves = signal<ReadonlyMap<string, readonly CurvePoint[]>>(new Map());
/** The matrix of match-ups in the negotiation's place; null as a rule. */
export const matchups = signal<MatchupsView | null>(null);
/** The iteration of the selection as a whole, where something shows it; the one before until it is read. */
export const iterationView = signal<IterationView | null>(null);
/** Why it could not be read. */
export const iterationProblem = signal<string | null>(null);
/** What colours the tokens. */
export const colourBy = signal<MeasureId>(savedState().colourBy ?? 'push');
/** The reason the channel closed, once it has. */
export const disconnected = signal<string | null>(null);

/** The run of the selection, or the newest one. */
export const currentRun = computed<RunView | undefined>(() => runs.value.find((run) => run.run === selection.value?.run) ?? runs.value[0]);

/** The run that differs from the current one in the algorithm alone. */
export const pairedRun = computed<RunView | undefined>(() => runs.value.find((run) => run.run === currentRun.value?.pairedWith));

/** What the reader chose to compare with; null where nothing was chosen. */
const chosenColumns = signal<readonly Column[] | null>(savedState().columns ?? null);

/** Runs of the same game that can stand beside the current one. */
export const rivalRuns = computed<readonly RunView[]>(() =>
  runs.value.filter((run) => run.run !== currentRun.value?.run && run.game === currentRun.value?.game),
);

/** The negotiation of the selection as one text: steps within it change nothing about the columns. */
const hereKey = computed(() => {
  const { run, iteration, negotiation: number, branch } = selection.value ?? {};
  return `${run}/${iteration}/${number}/${branch}`;
});

/** As one text, so that columns that are the same as before are no new ones. */
const columnsKey = computed(() => {
  hereKey.value;
  const chosen = usable(chosenColumns.value ?? [], runs.value, selection.peek(), currentRun.value?.game);
  const standard = columnByDefault(currentRun.value, pairedRun.value, rivalRuns.value, selection.peek());
  return JSON.stringify(chosen.length > 0 || standard === undefined ? chosen : [standard]);
});

/** The columns beside the first; the paired run's where nothing else is chosen, none where there is nothing to compare with. */
export const columns = computed<readonly Column[]>(() => JSON.parse(columnsKey.value) as Column[]);

/** The runs that stand beside, in charts and comparisons, each once. */
export const columnRuns = computed<readonly RunView[]>(() => {
  const ids = new Set(columns.value.map(({ run }) => run));
  return runs.value.filter(({ run }) => ids.has(run));
});

/** Which groups of runs the reader switched on or off in the charts, by key. */
const switchedGroups = signal<Readonly<Record<string, boolean>>>(savedState().groups ?? {});

/** The open runs of the game, as the charts group them. */
export const groups = computed<readonly CurveGroup[]>(() =>
  curveGroups(runs.value, {
    current: currentRun.value,
    paired: comparing.value ? undefined : pairedRun.value,
    beside: comparing.value ? columnRuns.value : [],
  }),
);

/** Those that are drawn. */
export const shownGroups = computed<readonly CurveGroup[]>(() =>
  groups.value.filter(({ key, byDefault }) => switchedGroups.value[key] ?? byDefault),
);

/** Draws a group of runs or leaves it out, and keeps that. */
export function showGroup(key: string, on: boolean): void {
  switchedGroups.value = { ...switchedGroups.value, [key]: on };
  saveState({ groups: switchedGroups.value });
}

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
export function setColumns(next: readonly Column[]): void {
  chosenColumns.value = next;
  saveState({ columns: next });
}

/** Puts a column beside the others; the last one makes room where there are as many as fit. */
export function addColumn(column: Column): void {
  const others = (comparing.value ? columns.value : []).filter((one) => keyOf(one) !== keyOf(column));
  setColumns([...others.slice(0, MOST_OTHERS - 1), column]);
  saveComparing(true);
}

/** Takes a column away; with the last one the comparison ends. */
export function removeColumn(column: Column): void {
  const others = columns.value.filter((one) => keyOf(one) !== keyOf(column));
  setColumns(others);
  if (others.length === 0) saveComparing(false);
}

/** Goes back from the matrix to the negotiation. */
export function closeMatchups(): void {
  const shown = matchups.value;
  if (shown === null) return;
  matchups.value = null;
  saveState({ matchups: null });
  channel().send('closeMatchups', { id: shown.id });
}
