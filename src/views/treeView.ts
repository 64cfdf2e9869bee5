import * as vscode from 'vscode';
import { hydratedView, type ViewSources } from './hydratedView';

/** The side bar's tree of runs, seed groups, negotiations, rounds and turns. */
export class TreeView implements vscode.WebviewViewProvider {
  static readonly id = 'parley.runs';
  #view: vscode.WebviewView | undefined;

  constructor(private readonly sources: ViewSources) {}

  get visible(): boolean {
    return this.#view?.visible === true;
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    this.#view = view;
    const content = hydratedView(view.webview, 'tree', 'Runs', this.sources);
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
      this.sources.visibilityChanged();
    });
    this.sources.visibilityChanged();
  }
}
