import * as vscode from 'vscode';
import { plainWords } from '../views/plainWords';
import type { Command } from './command';

/** What a click on the status bar item leads to. */
export const showRunMenu: Command = {
  title: 'Show Training Menu',
  needsTrust: false,
  inViews: false,
  run: async ({ store, sets }) => {
    const live = store.runs.filter((run) => run.status === 'live');
    const training = sets.all.filter(({ status }) => status === 'live');
    const items = [
      { label: '$(open-preview) Open Inspector', command: 'parley.openInspector', args: {} as Record<string, string> },
      ...training.map(({ id, name }) => ({
        label: `$(debug-stop) Stop all of ${plainWords(name)}`,
        command: 'parley.stopRunSet',
        args: { set: id },
      })),
      ...live.map((run) => ({ label: `$(debug-stop) Stop ${plainWords(run.name)}`, command: 'parley.stopRun', args: { run: run.id } })),
      { label: '$(output) Show Log', command: 'parley.showLog', args: {} },
    ];
    const picked = await vscode.window.showQuickPick(items, { title: 'Parley' });
    if (picked !== undefined) await vscode.commands.executeCommand(picked.command, picked.args);
  },
};
