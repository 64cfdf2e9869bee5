import * as vscode from 'vscode';
import type { OpenRun } from '../runs/openRun';
import { showInformation } from '../views/notices';
import type { Services } from './services';

/** A run that lasts this long is worth the question what becomes of it when the window closes, in milliseconds. */
const WORTH_ASKING = 3 * 60_000;
const ASKED = 'parley.askedToKeepTraining';

/** Asks once, on the first run that takes its time, whether trainers may outlive the window. */
export function askToKeepTraining({ context }: Services, runs: readonly OpenRun[]): void {
  const settings = vscode.workspace.getConfiguration('parley');
  if (settings.get('keepTraining') !== 'ask' || context.globalState.get(ASKED) === true) return;
  const timer = setTimeout(async () => {
    if (!runs.some((run) => run.active !== null) || context.globalState.get(ASKED) === true) return;
    await context.globalState.update(ASKED, true);
    const question =
      'Training stops when this window closes, and Resume Run goes on with it. Should runs that you start from now on keep training?';
    const answer = await showInformation(question, 'Keep Training', 'Stop With the Window');
    if (answer === undefined) return;
    await settings.update('keepTraining', answer === 'Keep Training' ? 'keep' : 'stop', vscode.ConfigurationTarget.Global);
  }, WORTH_ASKING);
  context.subscriptions.push({ dispose: () => clearTimeout(timer) });
}
