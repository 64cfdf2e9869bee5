import { basename, dirname, relative } from 'node:path';
import type * as vscode from 'vscode';
import { escapeMarkup } from '../domain/markup';
import type { Place } from '../protocol/webview';
import { holdsNegotiations } from '../runs/openFolder';
import type { OpenRun } from '../runs/openRun';
import { messageOf } from '../runs/problem';

/** Folders above a file that are looked through for the run it belongs to. */
const DEPTH = 3;

/** What the editor acts on. */
export interface RolloutEditorSources {
  /** Opens a run's folder and keeps it among those opened again in the next session. */
  open(folder: string): Promise<OpenRun>;
  /** Shows a place in tree and inspector. */
  show(place: Place): Promise<void>;
}

/**
 * Open With… for a Parquet file of rollouts: its iteration is shown in the inspector, where the run's other files are read
 * too. The editor itself has nothing to show, so it closes; a file that belongs to no run says so and stays.
 */
export class RolloutEditor implements vscode.CustomReadonlyEditorProvider {
  static readonly viewType = 'parley.rollouts';

  constructor(private readonly sources: RolloutEditorSources) {}

  openCustomDocument(uri: vscode.Uri): vscode.CustomDocument {
    return { uri, dispose: () => undefined };
  }

  async resolveCustomEditor({ uri }: vscode.CustomDocument, panel: vscode.WebviewPanel): Promise<void> {
    try {
      const place = await this.#placeOf(uri.fsPath);
      await this.sources.show(place);
      panel.dispose();
    } catch (error) {
      panel.webview.html = page(messageOf(error));
    }
  }

  async #placeOf(file: string): Promise<Place> {
    let folder = dirname(file);
    for (let depth = 0; depth < DEPTH && !holdsNegotiations(folder); depth++) folder = dirname(folder);
    if (!holdsNegotiations(folder)) {
      throw new Error(
        `${basename(file)} lies in no run folder: Parley reads rollouts with the run.json, matchups.json or play.json that they belong to. Open the file from its run’s folder, or read it with DuckDB or pandas`,
      );
    }
    const run = await this.sources.open(folder);
    const name = relative(folder, file).replaceAll('\\', '/');
    const line = run.folder.iterations.find(({ rollouts }) => rollouts?.file === name);
    if (line === undefined) throw new Error(`${name} is not committed: the journal of ${run.name} does not name it, so it is not shown`);
    return { run: run.id, iteration: line.iteration, group: 0, negotiation: 0 };
  }
}

/** A page of one line; nothing in it can run. */
function page(line: string): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="UTF-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'">
<title>Rollouts</title>
</head>
<body><p role="alert">${escapeMarkup(line)}.</p></body>
</html>
`;
}
