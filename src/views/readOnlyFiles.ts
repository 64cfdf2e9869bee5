import * as vscode from 'vscode';

/** Documents that Parley writes and nobody else does: a file system whose files are read, and refuse everything else. */
export abstract class ReadOnlyFiles implements vscode.FileSystemProvider, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  readonly onDidChangeFile = this.#changed.event;

  /** @param refusal what someone is told who wants to write one */
  constructor(private readonly refusal: string) {}

  abstract stat(uri: vscode.Uri): Promise<vscode.FileStat>;
  abstract readFile(uri: vscode.Uri): Promise<Uint8Array>;

  /** What breadcrumbs list: nothing, where a kind of document is not found by looking through folders. */
  readDirectory(_uri: vscode.Uri): [string, vscode.FileType][] | Promise<[string, vscode.FileType][]> {
    return [];
  }

  /** Whether they are watched makes no difference: what changes says so, and what never changes doesn't. */
  watch(): vscode.Disposable {
    return new vscode.Disposable(() => undefined);
  }

  createDirectory(): never {
    throw this.#refusal();
  }

  writeFile(): never {
    throw this.#refusal();
  }

  delete(): never {
    throw this.#refusal();
  }

  rename(): never {
    throw this.#refusal();
  }

  dispose(): void {
    this.#changed.dispose();
  }

  /** Tells VS Code that a document has other content now. */
  protected fireChanged(uris: readonly vscode.Uri[]): void {
    this.#changed.fire(uris.map((uri) => ({ type: vscode.FileChangeType.Changed, uri })));
  }

  #refusal(): vscode.FileSystemError {
    return vscode.FileSystemError.NoPermissions(this.refusal);
  }
}
