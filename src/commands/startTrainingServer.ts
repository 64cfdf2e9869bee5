import { mkdirSync } from 'node:fs';
import * as vscode from 'vscode';
import type { ChildCommand, ChildEnd } from '../runs/managedChild';
import { messageOf } from '../runs/problem';
import { readServerCommand, SERVER_SETTINGS, serverStorage } from '../runs/serverSettings';
import { showError } from '../views/notices';
import { plainWords } from '../views/plainWords';
import type { Command } from './command';
import { Refusal, type Services } from './services';
import { configuredServer, serverKey, serverSettings } from './trainingServers';

/** Runs the configured training server on this machine, shows its log, and waits until its model answers. */
export const startTrainingServer: Command = {
  title: 'Start Local Training Server',
  needsTrust: true,
  inViews: false,
  run: async (services) => {
    const { context, localServer, serverLog } = services;
    const storage = serverStorage(context.globalStorageUri.fsPath);
    const command = configured(storage);
    const server = configuredServer();
    mkdirSync(storage, { recursive: true });
    serverLog.info(`${[command.command, ...command.args].join(' ')} (in ${command.cwd})`);
    serverLog.show(true);
    const key = await serverKey(context, server.baseUrl);
    const title = `Training server: loading ${plainWords(server.baseModel)}`;
    const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
    const started = await vscode.window.withProgress(options, async (_, token) => {
      const stop = new AbortController();
      token.onCancellationRequested(() => stop.abort(new CalledOff()));
      return localServer.serve(command, server, key, stop.signal).catch((error: unknown) => {
        if (error instanceof CalledOff) return undefined;
        throw new Refusal(`Training server: ${messageOf(error)}`);
      });
    });
    if (started === undefined) return undefined;
    serverLog.info(`ready at ${server.baseUrl}`);
    vscode.window.setStatusBarMessage(`$(check) Training server ready at ${plainWords(server.baseUrl)}`, 10_000);
    void started.ended.then((end) => tellEnd(services, end));
    return server.baseUrl;
  },
};

/** Stops the training server of this window. */
export const stopTrainingServer: Command = {
  title: 'Stop Local Training Server',
  needsTrust: false,
  inViews: false,
  run: async ({ localServer }) => {
    if (!localServer.isRunning) throw new Refusal('No training server of this window is at work');
    await localServer.stop();
  },
};

/** The reader's own wish, of which nothing need be said. */
class CalledOff extends Error {}

/** @throws Refusal */
function configured(storage: string): ChildCommand {
  try {
    return readServerCommand(serverSettings(), storage);
  } catch (error) {
    void vscode.commands.executeCommand('workbench.action.openSettings', SERVER_SETTINGS);
    throw new Refusal(messageOf(error));
  }
}

function tellEnd({ serverLog }: Services, { isStopped, line }: ChildEnd): void {
  if (isStopped) return;
  void showError(`Training server: ${line}`, 'Show Log').then((answer) => answer && serverLog.show());
}
