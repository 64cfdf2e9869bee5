import * as vscode from 'vscode';
import type { CardFiles } from './cardFiles';
import { CARD_SCHEME } from './cardUri';

/** Registers the file system of cards. */
export function registerCards(files: CardFiles): vscode.Disposable {
  return vscode.Disposable.from(
    vscode.workspace.registerFileSystemProvider(CARD_SCHEME, files, {
      isReadonly: new vscode.MarkdownString('Policy cards are computed: they are read-only'),
      isCaseSensitive: true,
    }),
    files,
  );
}
