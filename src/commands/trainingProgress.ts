import * as vscode from 'vscode';
import type { OpenRun } from '../runs/openRun';
import { stopLine } from '../runs/trainers';
import { showError } from '../views/notices';
import { plainWords } from '../views/plainWords';
import type { Services } from './services';

/** Shows a run's start as a notification that can cancel it, until its first iteration is committed; later the status bar has it. */
export function followTraining(services: Services, run: OpenRun): void {
  const { store } = services;
  const begun = run.iteration;
  const { active } = run;
  if (active === null) return;
  const options = { location: vscode.ProgressLocation.Notification, title: `Parley: ${plainWords(run.name)}`, cancellable: true };
  void vscode.window.withProgress(options, async (progress, token) => {
    token.onCancellationRequested(() => void active.handle.stop());
    const { memory } = active.progress ?? {};
    const needs = !memory ? '' : `needs about ${(memory / 1e9).toFixed(2)} GB of memory; `;
    progress.report({ message: `${needs}playing the first iteration …` });
    await new Promise<void>((resolve) => {
      const stop = store.onChanged((change) => {
        if (change.run !== run || (run.iteration <= begun && change.kind !== 'ended')) return;
        stop();
        resolve();
      });
    });
  });
  followEnd(services, run);
}

/** Notes that a run ended, and says so where it died. */
export function followEnd({ library, log, trainers }: Services, run: OpenRun): void {
  void run.active?.handle.stopped.then(async (info) => {
    if (trainers.closing) return;
    await library.trainingEnded(run);
    if (info.how !== 'failed' && info.how !== 'died') return;
    const answer = await showError(`${run.name}: ${stopLine(info)}`, 'Resume Run', 'Show Log');
    if (answer === 'Resume Run') await vscode.commands.executeCommand('parley.resumeRun', { run: run.id });
    else if (answer === 'Show Log') log.show(true);
  });
}
