import { setTimeout as wait } from 'node:timers/promises';
import * as vscode from 'vscode';
import { EXTERNAL_SETTING, type ExternalCommand, prepareOutput, readExternalCommand } from '../runs/externalRun';
import { messageOf } from '../runs/problem';
import { showError } from '../views/notices';
import { plainWords } from '../views/plainWords';
import type { Command } from './command';
import { openAdalign } from './importRun';
import { Refusal, type Services } from './services';

/** How often the run's folder is looked for, in milliseconds. */
const LOOK_EVERY = 1_000;

/** Runs the configured command, shows its log, and opens the run folder that it writes as soon as there is one. */
export const startExternalRun: Command = {
  title: 'Start External Run…',
  needsTrust: true,
  inViews: false,
  run: async (services, args) => {
    const { external, externalLog } = services;
    const command = configured();
    try {
      prepareOutput(command);
      externalLog.info(`${[command.command, ...command.args].join(' ')} (in ${command.cwd})`);
      const { ended } = await external.start(command);
      externalLog.show(true);
      void ended.then(({ isFailure, line }) => {
        if (!isFailure) vscode.window.setStatusBarMessage(`$(check) ${plainWords(line)}`, 10_000);
        else void showError(`External run: ${line}`, 'Show Log').then((answer) => answer && externalLog.show());
      });
    } catch (error) {
      throw new Refusal(`External run: ${messageOf(error)}`);
    }
    void openWhenThere(services, command, args);
  },
};

/** Keeps the context key that says whether a command is configured. */
export function watchExternalCommand(): vscode.Disposable {
  const look = (): void => {
    const setting = vscode.workspace.getConfiguration().get<unknown>(EXTERNAL_SETTING);
    const isSet = typeof setting === 'object' && setting !== null && Object.keys(setting).length > 0;
    void vscode.commands.executeCommand('setContext', 'parley.hasExternalCommand', isSet);
  };
  look();
  return vscode.workspace.onDidChangeConfiguration((change) => change.affectsConfiguration(EXTERNAL_SETTING) && look());
}

/** @throws Refusal */
function configured(): ExternalCommand {
  try {
    return readExternalCommand(vscode.workspace.getConfiguration().get<unknown>(EXTERNAL_SETTING));
  } catch (error) {
    void vscode.commands.executeCommand('workbench.action.openSettings', EXTERNAL_SETTING);
    throw new Refusal(messageOf(error));
  }
}

/** Its last iteration may be written just before it ends, so that the folder is looked for once more then. */
async function openWhenThere(services: Services, command: ExternalCommand, args: unknown): Promise<void> {
  const { external, externalLog, tree, selection } = services;
  for (let last = false; !last; ) {
    last = !external.isRunning;
    const folder = await external.findFolder(command);
    if (folder !== undefined) {
      try {
        const runs = await openAdalign(services, folder, args);
        for (const { id } of runs) tree.toggle(id, true);
        if (runs[0]) selection.goTo({ run: runs[0].id });
      } catch (error) {
        void showError(messageOf(error));
      }
      return;
    }
    if (!last) await wait(LOOK_EVERY);
  }
  externalLog.warn(`no run appeared in ${command.output}`);
}
