import * as vscode from 'vscode';
import { readPlay } from '../../runs/playedFiles';
import type { PlayHandle } from '../../runs/playHandle';
import { type PlayTable, playTable } from '../../runs/playTable';
import { messageOf } from '../../runs/problem';
import { ReadOnlyFiles } from '../readOnlyFiles';
import { folderOfTable, TABLE_SCHEME, tableUri } from './tableUri';

/** How long a document may take to follow its file, in milliseconds. */
const CATCHES_UP_WITHIN = 2000;

interface Shown {
  readonly handle: PlayHandle | null;
  readonly table: PlayTable;
  readonly bytes: Uint8Array;
  /** Grows with every change, since VS Code compares times. */
  readonly changed: number;
}

/** The read-only file system behind `parley-play:`: negotiations with a person as text, which grow turn by turn. */
export class TableFiles extends ReadOnlyFiles implements vscode.CodeLensProvider {
  readonly #shown = new Map<string, Shown>();
  readonly #changedLenses = new vscode.EventEmitter<void>();
  #clock = 0;
  readonly onDidChangeCodeLenses = this.#changedLenses.event;

  constructor() {
    super('Tables are read-only: you speak in the box above');
  }

  /** The table that a person sits at, in this window. */
  handleOf(folder: string): PlayHandle | null {
    return this.#shown.get(folder)?.handle ?? null;
  }

  /** Shows a negotiation as far as it has come, its end in sight; the focus stays where it is. */
  async show(handle: PlayHandle): Promise<void> {
    this.#keep(handle.folder, playTable(handle.file, handle.ask), handle);
    const uri = tableUri(handle.folder);
    this.fireChanged([uri]);
    this.#changedLenses.fire();
    const document = await vscode.workspace.openTextDocument(uri);
    const editor = await vscode.window.showTextDocument(document, { preview: false, preserveFocus: true });
    await caughtUp(document, this.#shown.get(handle.folder)?.table.text ?? '');
    const last = new vscode.Position(Math.max(0, document.lineCount - 1), 0);
    editor.revealRange(new vscode.Range(last, last));
  }

  /** Leaves the tables of negotiations that can be taken up again, so that only one policy's lanes are held. */
  async leaveOthers(): Promise<void> {
    for (const [folder, { handle }] of [...this.#shown]) {
      if (handle === null || handle.ask === null || handle.chat) continue;
      await handle.leave().catch(() => undefined);
      this.#shown.delete(folder);
      this.fireChanged([tableUri(folder)]);
    }
    this.#changedLenses.fire();
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    if (folderOfTable(uri) === undefined) return { type: vscode.FileType.Directory, ctime: 0, mtime: 0, size: 0 };
    const { bytes, changed } = await this.#load(uri);
    return { type: vscode.FileType.File, ctime: 0, mtime: changed, size: bytes.length, permissions: vscode.FilePermission.Readonly };
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    return (await this.#load(uri)).bytes;
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const folder = folderOfTable(document.uri);
    const shown = folder === undefined ? undefined : this.#shown.get(folder);
    if (folder === undefined || shown === undefined || !vscode.workspace.isTrusted) return [];
    const { table } = shown;
    const ended = table.ended;
    const title = ended ? 'Read It Turn by Turn' : 'Take Your Turn';
    const tooltip = ended ? 'Open the negotiation in the inspector and the tree' : 'Go on with this negotiation';
    const range = new vscode.Range(table.endLine, 0, table.endLine, 0);
    return [new vscode.CodeLens(range, { title, tooltip, command: 'parley.playAgainstPolicy', arguments: [{ folder }] })];
  }

  override dispose(): void {
    super.dispose();
    this.#changedLenses.dispose();
  }

  /** What is shown here, or, in a window that has just come up, what the folder keeps. */
  async #load(uri: vscode.Uri): Promise<Shown> {
    const folder = folderOfTable(uri);
    if (folder === undefined) throw vscode.FileSystemError.FileNotFound(`${uri.path} is no table`);
    const known = this.#shown.get(folder);
    if (known !== undefined) return known;
    let file: Awaited<ReturnType<typeof readPlay>>;
    try {
      file = await readPlay(folder);
    } catch (error) {
      throw vscode.FileSystemError.Unavailable(messageOf(error));
    }
    if (file === null) throw vscode.FileSystemError.Unavailable(`${folder} holds no negotiation: it has no play.json`);
    return this.#keep(folder, playTable(file, null), null);
  }

  #keep(folder: string, table: PlayTable, handle: PlayHandle | null): Shown {
    const shown = { handle, table, bytes: new TextEncoder().encode(table.text), changed: ++this.#clock };
    this.#shown.set(folder, shown);
    return shown;
  }
}

/** Waits until VS Code has read a document again, as long as anybody would. */
function caughtUp(document: vscode.TextDocument, text: string): Promise<void> {
  if (document.getText() === text) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      listening.dispose();
      resolve();
    };
    const timer = setTimeout(done, CATCHES_UP_WITHIN);
    const listening = vscode.workspace.onDidChangeTextDocument(() => document.getText() === text && done());
  });
}

/** Registers the file system of tables and their lenses. */
export function registerTables(files: TableFiles): vscode.Disposable {
  const isReadonly = new vscode.MarkdownString('You speak in the box above: choose Take Your Turn');
  return vscode.Disposable.from(
    vscode.workspace.registerFileSystemProvider(TABLE_SCHEME, files, { isReadonly, isCaseSensitive: true }),
    vscode.languages.registerCodeLensProvider({ scheme: TABLE_SCHEME }, files),
    files,
  );
}
