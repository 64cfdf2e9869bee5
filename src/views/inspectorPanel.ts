import * as vscode from 'vscode';
import { type InspectorDetail, place } from '../protocol/webview';
import { type HydratedView, hydratedView, type ViewSources } from './hydratedView';

/** How long a page that is visible may take to come up before another panel is tried, in milliseconds, and how often. */
const PAGE_WITHIN = 4000;
const ATTEMPTS = 3;

/** The editor panel that shows the selected negotiation; it comes back after a reload with the place it was at. */
export class InspectorPanel implements vscode.WebviewPanelSerializer {
  static readonly viewType = 'parley.inspector';
  #panel: vscode.WebviewPanel | undefined;
  #content: HydratedView | undefined;

  constructor(
    private readonly sources: ViewSources,
    /** Resolves once the runs of the last session are open, so that a place in one of them can be found. */
    private readonly runsOpened: () => Promise<void>,
  ) {}

  get visible(): boolean {
    return this.#panel?.visible === true;
  }

  /** Brings the panel up, in the editor group beside the focus if it is new; the focus stays where it is. */
  open(): void {
    if (this.#panel !== undefined) {
      this.#panel.reveal(undefined, true);
      return;
    }
    this.#create(ATTEMPTS);
  }

  /**
   * Opens a new panel. In a browser, webviews that load while VS Code's service worker is only just starting can wait for
   * its takeover for good, when it has already happened. Nothing wakes such a page, and a new one comes up at once.
   */
  #create(attempts: number): void {
    const where = { viewColumn: vscode.ViewColumn.Active, preserveFocus: true };
    const panel = vscode.window.createWebviewPanel(InspectorPanel.viewType, 'Inspector', where, {
      enableScripts: true,
      enableFindWidget: true,
    });
    const content = this.#fill(panel);
    const late = setTimeout(() => {
      if (this.#content === content && panel.visible && attempts > 1) this.#create(attempts - 1);
    }, PAGE_WITHIN);
    void content.ready.then(() => clearTimeout(late));
  }

  /** Brings one of the details to the front, where the panel has no room for all. */
  show(detail: InspectorDetail): void {
    this.#content?.show(detail);
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    this.#fill(panel);
    const kept = place.safeParse(typeof state === 'object' && state !== null && 'place' in state ? state.place : undefined);
    await this.runsOpened();
    if (kept.success && this.sources.selection.place === null && this.sources.store.get(kept.data.run) !== undefined) {
      this.sources.selection.goTo(kept.data);
    }
  }

  #fill(panel: vscode.WebviewPanel): HydratedView {
    this.#panel?.dispose();
    this.#panel = panel;
    panel.iconPath = {
      light: vscode.Uri.joinPath(this.sources.extensionUri, 'media/icon-light.svg'),
      dark: vscode.Uri.joinPath(this.sources.extensionUri, 'media/icon-dark.svg'),
    };
    const content = hydratedView(panel.webview, 'inspector', 'Inspector', this.sources);
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
