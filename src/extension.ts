import * as vscode from 'vscode';
import { watchApis } from './commands/chatSettings';
import { contextKeys } from './commands/contextKeys';
import { followMatchups } from './commands/openMatchups';
import { rolloutEditorSources } from './commands/openRollouts';
import { registerCommands, runFromView } from './commands/register';
import { followQueue } from './commands/runSet';
import { createServices, type Services } from './commands/services';
import { tellKeys } from './commands/setApiKey';
import { watchExternalCommand } from './commands/startExternalRun';
import { targetKeys } from './commands/targetKeys';
import { stopServerWithRuns } from './commands/trainingServers';
import { uriHandler } from './commands/uriHandler';
import { welcome } from './commands/welcome';
import { tagCompletion } from './views/annotations/tagCompletion';
import { registerCards } from './views/cards/register';
import { InspectorPanel } from './views/inspectorPanel';
import { registerTables } from './views/play/tableFiles';
import { RolloutEditor } from './views/rolloutEditor';
import { statusBar } from './views/statusBar';
import { registerTranscripts } from './views/transcripts/register';
import { TreeView } from './views/treeView';

let services: Services | undefined;

/** Builds the services and registers what draws and what runs; folders are read after that. */
export function activate(context: vscode.ExtensionContext): void {
  const built = createServices(context, runFromView);
  services = built;
  context.subscriptions.push(
    registerCommands(built),
    contextKeys(built.store, built.sets, built.selection),
    targetKeys(built),
    statusBar(built.store, built.sets),
    followQueue(built),
    watchApis(),
    watchExternalCommand(),
    stopServerWithRuns(built),
    followMatchups(built),
    vscode.window.registerWebviewViewProvider(TreeView.id, built.treeView),
    vscode.window.registerWebviewPanelSerializer(InspectorPanel.viewType, built.inspector),
    vscode.window.registerCustomEditorProvider(RolloutEditor.viewType, new RolloutEditor(rolloutEditorSources(built))),
    vscode.window.registerUriHandler(uriHandler(built)),
    registerTranscripts(built.transcripts, built.store),
    registerTables(built.tables),
    registerCards(built.cardFiles),
    vscode.languages.registerCompletionItemProvider({ scheme: 'comment' }, tagCompletion(built.annotations), '#'),
    { dispose: () => built.store.dispose() },
  );
  void tellKeys(built);
  void welcome(built);
}

/** Stops trainers that must not outlive the window. */
export async function deactivate(): Promise<void> {
  services?.queue.close();
  await services?.trainers.stopAll();
}
