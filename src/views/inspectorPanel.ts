import * as vscode from 'vscode';
import type { MatchupsFile } from '../protocol/matchups';
import { type InspectorDetail, type MatchupCell, type MatchupsView, type Place, place } from '../protocol/webview';
import { Emitter } from '../runs/emitter';
import { messageOf } from '../runs/problem';
import { type HydratedView, hydratedView, type InspectorState, type ViewSources } from './hydratedView';
import { showWarning } from './notices';

/** Whether a tab is the inspector's; VS Code puts something of its own before the type. */
function isInspector(input: unknown): boolean {
  return input instanceof vscode.TabInputWebview && input.viewType.endsWith(InspectorPanel.viewType);
}

/** How long a page that is visible may take to come up before another panel is tried, in milliseconds, twice as long each time, and how often. */
const PAGE_WITHIN = 4000;
const ATTEMPTS = 3;

/** The editor panel that shows the selected negotiation; it comes back after a reload with the place it was at. */
export class InspectorPanel implements vscode.WebviewPanelSerializer {
  static readonly viewType = 'parley.inspector';
  #panel: vscode.WebviewPanel | undefined;
  #content: HydratedView | undefined;
  readonly #openMatchup = new Emitter<MatchupCell>();
  readonly #state: InspectorState = {
    matchups: null,
    openMatchup: (cell) => this.#openMatchup.fire(cell),
    closeMatchups: (id) => {
      if (this.#state.matchups?.id === id) this.#state.matchups = null;
    },
    // The walkthrough's step is done then.
    compared: () => void vscode.commands.executeCommand('setContext', 'parley.compared', true),
  };
  /** A reader chose a cell of the matrix that is shown: its negotiations are wanted. */
  readonly onOpenMatchup = this.#openMatchup.on;
  /** Reads a matrix that was shown when the window was closed; null where it is gone. Set by whoever keeps matrices. */
  restoreMatchups: (id: string) => Promise<MatchupsFile | null> = async () => null;

  constructor(
    private readonly sources: ViewSources,
    /** Resolves once the runs of the last session are open, so that a place in one of them can be found. */
    private readonly runsOpened: () => Promise<void>,
  ) {}

  get visible(): boolean {
    return this.#panel?.visible === true;
  }

  /** Brings the panel up with the selected negotiation, in the active editor group if it is new; the focus stays where it is. */
  open(): void {
    this.#setMatchups(null);
    this.#bringUp();
  }

  /** Puts a place beside what is shown, in a column of its own; what it leaves out is as in the first column. */
  addColumn(place: Place): void {
    this.open();
    this.#content?.addColumn(place);
  }

  /**
   * Shows a matrix of match-ups in the negotiation's place until the reader goes back or opens a negotiation.
   * While cells are still being played, call it again with each new state and `reveal: false`: what is shown is brought up
   * to date, and a reader who went elsewhere is left there. Cells that a reader chooses come through `onOpenMatchup`;
   * `restoreMatchups` brings the matrix back after a reload.
   */
  showMatchups(id: string, file: MatchupsFile, { reveal }: { readonly reveal: boolean } = { reveal: true }): void {
    if (!reveal && this.#state.matchups?.id !== id) return;
    this.#setMatchups({ id, file });
    if (reveal) this.#bringUp();
  }

  #setMatchups(matchups: MatchupsView | null): void {
    if (matchups === this.#state.matchups) return;
    this.#state.matchups = matchups;
    this.#content?.matchupsChanged();
  }

  #bringUp(): void {
    if (this.#panel !== undefined) {
      this.#panel.reveal(undefined, true);
      return;
    }
    // A tab that a reload left in the background is no panel until it is shown: the new one takes its place.
    const left = vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs).filter(({ input }) => isInspector(input));
    this.#create(ATTEMPTS, left[0]?.group.viewColumn);
    if (left.length > 0) void vscode.window.tabGroups.close(left, true);
  }

  /**
   * Opens a new panel. In a browser, webviews that load while VS Code's service worker is only just starting can wait for
   * its takeover for good, when it has already happened. Nothing wakes such a page, and a new one comes up at once.
   */
  #create(attempts: number, viewColumn: vscode.ViewColumn = vscode.ViewColumn.Active): void {
    const where = { viewColumn, preserveFocus: true };
    const panel = vscode.window.createWebviewPanel(InspectorPanel.viewType, 'Inspector', where, {
      enableScripts: true,
      enableFindWidget: true,
    });
    const content = this.#fill(panel);
    const late = setTimeout(
      () => {
        if (this.#content === content && panel.visible && attempts > 1) this.#create(attempts - 1, viewColumn);
      },
      PAGE_WITHIN * 2 ** (ATTEMPTS - attempts),
    );
    void content.ready.then(() => clearTimeout(late));
  }

  /** Brings one of the details to the front, where the panel has no room for all. */
  show(detail: InspectorDetail): void {
    this.#content?.show(detail);
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    this.#fill(panel);
    const { place: at, matchups }: { place?: unknown; matchups?: unknown } = typeof state === 'object' && state !== null ? state : {};
    const kept = place.safeParse(at);
    if (typeof matchups === 'string') await this.#restoreMatchups(matchups);
    await this.runsOpened();
    if (kept.success && this.sources.selection.place === null && this.sources.store.get(kept.data.run) !== undefined) {
      this.sources.selection.goTo(kept.data);
    }
  }

  async #restoreMatchups(id: string): Promise<void> {
    try {
      const file = await this.restoreMatchups(id);
      if (file !== null && this.#state.matchups === null) this.#setMatchups({ id, file });
    } catch (error) {
      void showWarning(`The match-ups ${id} cannot be shown again: ${messageOf(error)}`);
    }
  }

  #fill(panel: vscode.WebviewPanel): HydratedView {
    this.#panel?.dispose();
    this.#panel = panel;
    panel.iconPath = {
      light: vscode.Uri.joinPath(this.sources.extensionUri, 'media/icon-light.svg'),
      dark: vscode.Uri.joinPath(this.sources.extensionUri, 'media/icon-dark.svg'),
    };
    const content = hydratedView(panel.webview, 'inspector', 'Inspector', this.sources, this.#state);
    this.#content = content;
    panel.onDidChangeViewState(() => this.sources.visibilityChanged());
    panel.onDidDispose(() => {
      content.dispose();
      if (this.#panel === panel) this.#panel = undefined;
      if (this.#content === content) this.#content = undefined;
      this.sources.visibilityChanged();
    });
    this.sources.visibilityChanged();
    return content;
  }
}
