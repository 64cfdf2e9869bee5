import * as vscode from 'vscode';
import type { Handlers } from '../protocol/channel';
import type {
  DistributionsView,
  InspectorDetail,
  MatchupCell,
  MatchupsView,
  NegotiationView,
  Place,
  PolicyRef,
  RunView,
  SentPromptView,
  ViewKind,
  WebviewHostSide,
} from '../protocol/webview';
import type { RunStore } from '../runs/runStore';
import type { RunTree } from '../runs/runTree';
import type { Selection } from '../runs/selection';
import { coalesced } from './coalesced';
import { webviewHtml } from './webviewHtml';
import { connectWebview, type WebviewChannel } from './webviewTransport';

/** What the views draw from and act on. */
export interface ViewSources {
  readonly extensionUri: vscode.Uri;
  readonly store: RunStore;
  readonly tree: RunTree;
  readonly selection: Selection;
  /** How many annotations each turn of a negotiation has, by turn. */
  annotationCounts(place: Place): Promise<ReadonlyMap<number, number>>;
  /** Some annotation came, went or changed. */
  onAnnotationsChanged(listener: () => void): vscode.Disposable;
  /** What policies would say at a token; null asks whoever is the obvious choice. */
  distributions(place: Place, policies: readonly PolicyRef[] | null): Promise<DistributionsView>;
  /** The prompt that was really sent for a turn. */
  sentPrompt(place: Place): Promise<SentPromptView>;
  /** Brings the inspector up. */
  openInspector(): void;
  /** Runs a command that views may offer. @throws Error for any other name */
  runCommand(name: string, place: Place | undefined): Promise<void>;
  /** A view appeared or went: folders are followed while one is visible. */
  visibilityChanged(): void;
}

/** A webview that is filled and kept up to date until disposed. */
export interface HydratedView extends vscode.Disposable {
  /** Resolves once the page has come up for the first time. */
  readonly ready: Promise<void>;
  /** Brings one of the inspector's details to the front. */
  show(detail: InspectorDetail): void;
  /** Puts a place beside what is shown, in a column of its own. */
  addColumn(place: Place): void;
  /** Tells the page that `InspectorState.matchups` is another. */
  matchupsChanged(): void;
}

/** What an inspector shows besides the selection, and what it tells of. */
export interface InspectorState {
  /** The matrix that is shown in place of the negotiation. */
  matchups: MatchupsView | null;
  openMatchup(cell: MatchupCell): void;
  closeMatchups(id: string): void;
  compared(): void;
}

/** Time between two updates of a view, in milliseconds; more often is nothing that a reader sees. */
const UPDATE_EVERY = 100;

/** What has to be told to the page at the next update. */
interface Pending {
  tree: boolean;
  reveal: boolean;
  runs: boolean;
  selection: boolean;
  filter: boolean;
  negotiation: boolean;
  matchups: boolean;
  detail: InspectorDetail | null;
  columns: Place[];
  readonly curves: Map<string, number>;
}

/**
 * Fills a webview and keeps it up to date: the page says that it is ready and is told everything that it
 * shows; after that it is told what changed, coalesced. It asks for windows, never for everything.
 */
export function hydratedView(
  webview: vscode.Webview,
  view: ViewKind,
  title: string,
  sources: ViewSources,
  inspector?: InspectorState,
): HydratedView {
  const { store, tree, selection } = sources;
  const dist = vscode.Uri.joinPath(sources.extensionUri, 'dist');
  webview.options = { enableScripts: true, enableCommandUris: false, enableForms: false, localResourceRoots: [dist] };
  const load = (): void => {
    webview.html = webviewHtml({
      view,
      title,
      cspSource: webview.cspSource,
      script: String(webview.asWebviewUri(vscode.Uri.joinPath(dist, 'webview.js'))),
      style: String(webview.asWebviewUri(vscode.Uri.joinPath(dist, 'webview.css'))),
      nonce: crypto.randomUUID().replaceAll('-', ''),
      trusted: vscode.workspace.isTrusted,
    });
  };
  load();
  // Another page: what it offers is more now.
  const trusted = vscode.workspace.onDidGrantWorkspaceTrust(load);

  let page: WebviewChannel | undefined;
  const pending: Pending = {
    tree: false,
    reveal: false,
    runs: false,
    selection: false,
    filter: false,
    negotiation: false,
    matchups: false,
    detail: null,
    columns: [],
    curves: new Map(),
  };

  const update = coalesced(UPDATE_EVERY, () => {
    const { place, following } = selection;
    // Runs first: what follows names them.
    if (pending.runs) page?.send('runs', { runs: store.runs.map((run) => run.view()).filter((run): run is RunView => run !== null) });
    if (pending.selection) page?.send('selection', { place, following });
    if (pending.tree) {
      const selected = place === null ? -1 : tree.indexOf(place);
      page?.send('tree', { version: tree.version, total: tree.total, selected, reveal: pending.reveal });
    }
    if (pending.filter) page?.send('filter', tree.filter.view());
    if (pending.negotiation && place !== null) page?.send('negotiationChanged', place);
    if (pending.matchups) page?.send('matchups', { shown: inspector?.matchups ?? null });
    if (pending.detail !== null) page?.send('detail', { detail: pending.detail });
    for (const column of pending.columns) page?.send('addColumn', column);
    for (const [run, from] of pending.curves) page?.send('curvesChanged', { run, from });
    pending.tree = pending.reveal = pending.runs = pending.selection = pending.filter = pending.negotiation = pending.matchups = false;
    pending.detail = null;
    pending.columns = [];
    pending.curves.clear();
  });
  const tell = (change: Partial<Pending>): void => {
    Object.assign(pending, change);
    if (page !== undefined) update.request();
  };

  const stops = [
    tree.onChanged(() => {
      if (view === 'tree') tell({ tree: true, filter: tree.filter.active });
    }),
    selection.onChanged(({ by }) => tell({ selection: true, tree: view === 'tree', reveal: pending.reveal || by !== 'reader' })),
    store.onChanged((change) => {
      const place = selection.place;
      const here = place?.run === change.run.id ? place.iteration : undefined;
      if (change.kind === 'committed') {
        pending.curves.set(change.run.id, Math.min(change.from, pending.curves.get(change.run.id) ?? change.from));
        tell({ runs: true, negotiation: pending.negotiation || (here !== undefined && here >= change.from) });
      } else if (change.kind === 'branches') {
        tell({ negotiation: pending.negotiation || here !== undefined });
      } else if (change.kind === 'preview') {
        if (here !== undefined && here === change.run.active?.preview?.iteration) tell({ negotiation: true });
      } else tell({ runs: true });
    }),
  ];

  let cameUp: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => {
    cameUp = resolve;
  });
  const annotations = sources.onAnnotationsChanged(() => tell({ negotiation: true }));
  const connection = connectWebview(webview, handlersOf(sources), (channel) => {
    page = undefined;
    channel.on('ready', () => {
      page = channel;
      cameUp();
      tell({
        runs: true,
        selection: true,
        tree: view === 'tree',
        filter: view === 'tree',
        reveal: true,
        matchups: inspector !== undefined,
      });
      update.flush();
    });
    channel.on('openMatchup', (cell) => inspector?.openMatchup(cell));
    channel.on('closeMatchups', ({ id }) => inspector?.closeMatchups(id));
    channel.on('compared', () => inspector?.compared());
  });

  return {
    ready,
    show: (detail) => tell({ detail }),
    addColumn: (place) => tell({ columns: [...pending.columns, place] }),
    matchupsChanged: () => tell({ matchups: true }),
    dispose: () => {
      for (const stop of stops) stop();
      annotations.dispose();
      trusted.dispose();
      update.dispose();
      connection.dispose();
    },
  };
}

function handlersOf({
  annotationCounts,
  store,
  tree,
  selection,
  distributions,
  sentPrompt,
  openInspector,
  runCommand,
}: ViewSources): Handlers<WebviewHostSide> {
  return {
    rows: ({ start, end, anchor }) => tree.window(start, end, anchor),
    toggle: ({ id, expanded }) => {
      tree.toggle(id, expanded);
      return null;
    },
    select: ({ place, open }) => {
      selection.choose(place);
      if (open) openInspector();
      return null;
    },
    negotiation: async (place) => {
      const view = (await store.get(place.run)?.negotiation(place)) ?? null;
      return view === null ? null : withAnnotations(view, await annotationCounts(place));
    },
    iteration: async ({ run, iteration }) => (await store.get(run)?.iterationView(iteration)) ?? null,
    curves: ({ run, from }) => ({ run, from, points: store.get(run)?.curve(from) ?? [] }),
    step: ({ place, by, delta }) => tree.step(place, by, delta),
    distributions: ({ place, policies }) => distributions(place, policies),
    sentPrompt: (place) => sentPrompt(place),
    follow: ({ on }) => {
      selection.follow(on);
      return null;
    },
    filter: ({ expression }) => {
      tree.filter.set(expression);
      return tree.filter.view();
    },
    sort: (sort) => {
      tree.sort(sort);
      return null;
    },
    command: async ({ name, place }) => {
      await runCommand(name, place);
      return null;
    },
  };
}

function withAnnotations(view: NegotiationView, counts: ReadonlyMap<number, number>): NegotiationView {
  if (counts.size === 0) return view;
  const turns = view.turns.map((turn) => {
    const annotations = counts.get(turn.turn);
    return annotations === undefined ? turn : { ...turn, annotations };
  });
  return { ...view, turns };
}
