import * as vscode from 'vscode';
import type { Command } from './command';

/** Colours the tokens of transcripts, or leaves them bare. */
export const toggleTokenColours: Command = {
  title: 'Toggle Token Colours',
  needsTrust: false,
  inViews: false,
  run: async () => {
    const settings = vscode.workspace.getConfiguration('parley');
    const on = settings.get<unknown>('tokenColours') === false;
    await settings.update('tokenColours', on, vscode.ConfigurationTarget.Global);
    return on;
  },
};
