import * as vscode from 'vscode';
import { messageOf } from '../runs/problem';
import { resume } from './resumeRun';
import type { Services } from './services';

/** Offers once, in a corner, to go on with runs that were cut off when their window closed or their machine went down. */
export async function offerResume(services: Services): Promise<void> {
  if (!vscode.workspace.isTrusted) return;
  const runs = services.library.interrupted();
  const [first] = runs;
  if (first === undefined) return;
  const which = runs.length === 1 ? `${first.name} was` : `${runs.length} runs were`;
  const answer = await vscode.window.showInformationMessage(`${which} cut off before the end.`, 'Resume', 'Not Now');
  for (const run of runs) {
    // Either answer settles it: the run keeps its Resume button, and nobody asks again.
    await services.library.trainingEnded(run);
    if (answer !== 'Resume') continue;
    await resume(services, run).catch((error: unknown) => void vscode.window.showErrorMessage(`${run.name}: ${messageOf(error)}`));
  }
}
