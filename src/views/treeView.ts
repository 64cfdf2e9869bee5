import * as vscode from 'vscode';
import { type HydratedView, hydratedView, type ViewSources } from './hydratedView';

/** How long to wait for the page, in milliseconds; it may never be asked for. */
const PAGE_WITHIN = 3000;

/** The side bar's tree of runs, seed groups, negotiations, rounds and turns. */
export class TreeView implements vscode.WebviewViewProvider {
  static readonly id = 'parley.runs';
  #view: vscode.WebviewView | undefined;
  #content: HydratedView | undefined;

  constructor(private readonly sources: ViewSources) {}

  get visible(): boolean {
    return this.#view?.visible === true;
  }

  /**
   * Shows the view and resolves once its page has come up. In a browser the first two webviews that load at the
   * same time can leave one of them waiting for VS Code's service worker for good, so the next one is opened after this.
   */
  async focus(): Promise<void> {
    await vscode.commands.executeCommand(`${TreeView.id}.focus`);
    const late = new Promise<void>((resolve) => setTimeout(resolve, PAGE_WITHIN));
    await Promise.race([this.#content?.ready, late]);
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    this.#view = view;
    const content = hydratedView(view.webview, 'tree', 'Runs', this.sources);
    this.#content = content;
    const sayTrust = (): void => {
      view.description = vscode.workspace.isTrusted ? '' : 'Restricted Mode: Parley shows runs and starts nothing';
    };
    sayTrust();
    const trusted = vscode.workspace.onDidGrantWorkspaceTrust(sayTrust);
    view.onDidChangeVisibility(() => this.sources.visibilityChanged());
    view.onDidDispose(() => {
      content.dispose();
      trusted.dispose();
      this.#view = undefined;
      this.#content = undefined;
      this.sources.visibilityChanged();
    });
    this.sources.visibilityChanged();
  }
}
