import * as vscode from 'vscode';
import { messageOf } from '../runs/problem';
import { isLeft } from '../runs/runSets';
import { showError, showInformation } from '../views/notices';
import { resume } from './resumeRun';
import { goOnWith } from './runSet';
import type { Services } from './services';
import { trainerSettings } from './trainerSettings';

/**
 * Offers once, in a corner, to go on with runs and run sets that were cut off when their window closed or their machine went
 * down. Sets whose runs were to outlive the window go on by themselves.
 */
export async function offerResume(services: Services): Promise<void> {
  if (!vscode.workspace.isTrusted) return;
  const { library } = services;
  const sets = library.interruptedSets().filter(({ members }) => members.some(isLeft));
  const ofSets = new Set(sets.flatMap(({ members }) => members.map(({ run }) => run)));
  const runs = library.interrupted().filter((run) => !ofSets.has(run));
  if (trainerSettings().keepTraining === true) for (const set of sets.splice(0)) await goOnWith(services, set);
  const [first] = [...sets, ...runs];
  if (first === undefined) return;
  const count = sets.length + runs.length;
  const which =
    count === 1
      ? `${first.name} was`
      : `${count} ${sets.length === 0 ? 'runs' : runs.length === 0 ? 'run sets' : 'runs and run sets'} were`;
  const answer = await showInformation(`${which} cut off before the end.`, 'Resume', 'Not Now');
  // Either answer settles it: what can go on keeps its Resume button, and nobody asks again.
  for (const set of sets) {
    await library.setEnded(set.id);
    for (const { run } of set.members) if (run !== null) await library.trainingEnded(run);
    if (answer === 'Resume') await goOnWith(services, set);
  }
  for (const run of runs) {
    await library.trainingEnded(run);
    if (answer !== 'Resume') continue;
    await resume(services, run).catch((error: unknown) => void showError(`${run.name}: ${messageOf(error)}`));
  }
}
