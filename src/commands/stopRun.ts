import { hostname } from 'node:os';
import * as vscode from 'vscode';
import type { OpenRun } from '../runs/openRun';
import { plainWords } from '../views/plainWords';
import type { Command } from './command';
import { targetRun } from './runTarget';
import type { Services } from './services';

/** Stops a run, or all that are training, after the chunk under way; Resume Run goes on with them. */
export const stopRun: Command = {
  title: 'Stop Run',
  needsTrust: false,
  inViews: true,
  run: async (services, args) => {
    await Promise.all((await chosenRuns(services, args)).map((run) => services.trainers.stop(run, hostname())));
  },
};

async function chosenRuns(services: Services, args: unknown): Promise<readonly OpenRun[]> {
  const live = services.store.runs.filter(({ status }) => status === 'live');
  if (live.length < 2 || isNamed(args)) {
    const one = await targetRun(services, args, { title: 'Stop Run', none: 'it is not training', will: ({ status }) => status === 'live' });
    return one === undefined ? [] : [one];
  }
  const items = [
    {
      label: live.length === 2 ? 'Both runs' : `All ${live.length} runs`,
      description: plainWords(live.map(({ name }) => name).join(', ')),
      runs: live,
    },
    ...live.map((run) => ({ label: plainWords(run.name), description: `${run.iteration} of ${run.planned} iterations`, runs: [run] })),
  ];
  return (await vscode.window.showQuickPick(items, { title: 'Stop Run', placeHolder: 'Which run?' }))?.runs ?? [];
}

function isNamed(args: unknown): boolean {
  return typeof args === 'object' && args !== null && 'run' in args;
}
