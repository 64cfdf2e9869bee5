import * as vscode from 'vscode';

/** Scheme of tables; their paths are a folder of play and a name. */
export const TABLE_SCHEME = 'parley-play';

const NAME = 'negotiation.table';

/** `parley-play:/…/<id>/negotiation.table`. */
export function tableUri(folder: string): vscode.Uri {
  return vscode.Uri.joinPath(vscode.Uri.file(folder).with({ scheme: TABLE_SCHEME }), NAME);
}

/** The folder that a URI of ours means; undefined where it is none. */
export function folderOfTable(uri: vscode.Uri): string | undefined {
  if (uri.scheme !== TABLE_SCHEME || !uri.path.endsWith(`/${NAME}`)) return undefined;
  return uri.with({ scheme: 'file', path: uri.path.slice(0, -NAME.length - 1) }).fsPath;
}
