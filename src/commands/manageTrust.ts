import * as vscode from 'vscode';
import type { Command } from './command';

/** Leads to where VS Code lets a workspace be trusted; offered where it is not. */
export const manageTrust: Command = {
  title: 'Manage Workspace Trust',
  needsTrust: false,
  inViews: true,
  run: async () => vscode.commands.executeCommand('workbench.trust.manage'),
};
