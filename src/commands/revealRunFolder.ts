import * as vscode from 'vscode';
import type { Command } from './command';
import { targetRun } from './runTarget';

/** Shows a run's folder in the explorer if it is in the workspace, else in the system's file manager. */
export const revealRunFolder: Command = {
  title: 'Reveal Run Folder',
  needsTrust: false,
  inViews: true,
  run: async (services, args) => {
    const run = await targetRun(services, args, { title: 'Reveal Run Folder', none: 'No run is open', will: () => true });
    if (run === undefined) return;
    const uri = vscode.Uri.file(run.folder.path);
    const inWorkspace = vscode.workspace.getWorkspaceFolder(uri) !== undefined;
    await vscode.commands.executeCommand(inWorkspace || vscode.env.remoteName !== undefined ? 'revealInExplorer' : 'revealFileInOS', uri);
  },
};
