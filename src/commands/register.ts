import * as vscode from 'vscode';
import type { Place } from '../protocol/webview';
import { NeedsTrust } from '../runs/policyCards';
import { messageOf } from '../runs/problem';
import { showError } from '../views/notices';
import { COMMAND_NAMES, type CommandName, isCommandName } from './names';
import { Refusal, type Services } from './services';
import { commandTable } from './table';

/** Registers every command of the table. */
export function registerCommands(services: Services): vscode.Disposable {
  const registered = COMMAND_NAMES.map((name) =>
    vscode.commands.registerCommand(`parley.${name}`, async (args: unknown) => {
      try {
        return await invoke(name, services, args);
      } catch (error) {
        // Thrown on, VS Code would show a dialog over everything; one line in a corner says as much.
        report(services, error);
        return { error: messageOf(error) };
      }
    }),
  );
  return vscode.Disposable.from(...registered);
}

/** Runs a command for a view's button. @throws Error for a name that views may not run */
export async function runFromView(services: Services, name: string, place: Place | undefined): Promise<void> {
  if (!isCommandName(name) || !commandTable[name].inViews) throw new Error(`"${name}" is no command that a view may run`);
  try {
    await invoke(name, services, place);
  } catch (error) {
    report(services, error);
  }
}

async function invoke(name: CommandName, services: Services, args: unknown): Promise<unknown> {
  const command = commandTable[name];
  if (command.needsTrust && !vscode.workspace.isTrusted) {
    throw new Untrusted(`${command.title} needs a trusted workspace: in this one Parley reads and shows, and starts nothing`);
  }
  return command.run(services, args);
}

/** Refused for want of trust, which the reader may give. */
class Untrusted extends Refusal {}

function report({ log }: Services, error: unknown): void {
  const message = messageOf(error);
  log.error(
    error instanceof Refusal || error instanceof NeedsTrust ? message : error instanceof Error ? (error.stack ?? message) : message,
  );
  const remedy = error instanceof Untrusted || error instanceof NeedsTrust ? 'Manage Workspace Trust' : 'Show Log';
  void showError(message, remedy).then((answer) => {
    if (answer === 'Show Log') log.show(true);
    else if (answer !== undefined) void vscode.commands.executeCommand('parley.manageTrust');
  });
}
