import * as vscode from 'vscode';
import { inspectLock } from '../runs/lock';
import type { OpenRun } from '../runs/openRun';
import { runReach } from './chatSettings';
import type { Command } from './command';
import { targetRun } from './runTarget';
import type { Services } from './services';
import { begin } from './startRun';
import { trainerSettings } from './trainerSettings';

/** Goes on with a run from its newest committed iteration, to the numbers it would have had without the break. */
export const resumeRun: Command = {
  title: 'Resume Run',
  needsTrust: true,
  inViews: true,
  run: async (services, args) => {
    const run = await targetRun(services, args, {
      title: 'Resume Run',
      none: 'it is not stopped before its end, so there is nothing to resume',
      will: ({ status }) => status === 'stopped',
    });
    return run === undefined ? undefined : await resume(services, run);
  },
};

/** Resumes a stopped run. @throws Error with the trainer's line, host and pid of whoever has the folder included */
export async function resume(services: Services, run: OpenRun): Promise<string | undefined> {
  const takeOver = await mayTakeOver(run);
  if (takeOver === undefined) return undefined;
  const threads = run.file?.threads ?? 1;
  const resumed = await services.trainers.train({
    start: 'resume',
    folder: run.folder.path,
    threads,
    spin: services.store.runs.every(({ active }) => active === null),
    takeOver,
    ...trainerSettings(),
    ...(run.file === null ? {} : await runReach(services.context, run.file.config)),
  });
  await begin(services, resumed);
  services.selection.follow(true, resumed.id);
  return resumed.id;
}

/** Another host's lock that has been silent may only be taken by a person's word; undefined when they leave. */
async function mayTakeOver(run: OpenRun): Promise<boolean | undefined> {
  const lock = await inspectLock(run.folder.path);
  if (lock.state !== 'stale') return false;
  const question = `${run.name} is locked by pid ${lock.lock.pid} on ${lock.lock.host}, silent for ${Math.round(lock.silentFor / 1000)} s. Is that process gone?`;
  const answer = await vscode.window.showWarningMessage(
    question,
    { modal: true, detail: 'Two trainers on one folder would spoil the run.' },
    'Take Over',
  );
  return answer === 'Take Over' ? true : undefined;
}
