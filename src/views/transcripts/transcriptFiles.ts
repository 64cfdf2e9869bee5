import * as vscode from 'vscode';
import type { Place } from '../../protocol/webview';
import type { OpenRun } from '../../runs/openRun';
import { messageOf } from '../../runs/problem';
import type { RunStore } from '../../runs/runStore';
import { type Transcript, transcriptOf } from '../../runs/transcript';
import { coalesced } from '../coalesced';
import { ReadOnlyFiles } from '../readOnlyFiles';
import { TRANSCRIPT_SCHEME, type TranscriptAddress, transcriptAddress, transcriptName, transcriptUri } from './transcriptUri';

/** Time between two updates of a document that grows, in milliseconds. */
const UPDATE_EVERY = 250;

/** Transcripts kept that no editor shows. */
const KEPT = 40;

interface Known {
  readonly uri: vscode.Uri;
  readonly address: TranscriptAddress;
  readonly transcript: Transcript;
  readonly bytes: Uint8Array;
  /** Grows with every change, since VS Code compares times. */
  readonly changed: number;
}

/** The read-only file system behind `parley:`: negotiations of open runs as text, which grow while they are under way. */
export class TranscriptFiles extends ReadOnlyFiles {
  /** Least recently used first. */
  readonly #known = new Map<string, Known>();
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #stop: () => void;
  readonly #stale = new Map<OpenRun, number>();
  /** Transcripts that somebody asked for and that were not there, by URI. */
  readonly #missing = new Map<string, vscode.Uri>();
  readonly #update = coalesced(UPDATE_EVERY, () => void this.#refresh());
  #clock = 0;
  /** A transcript that was read before differs now. */
  readonly onDidChangeTranscript = this.#changed.event;

  constructor(
    private readonly store: RunStore,
    /** Resolves once the runs of the last session are open. */
    private readonly runsOpened: () => Promise<void>,
  ) {
    super('Transcripts are read-only: annotate them instead');
    this.#stop = store.onChanged((change) => {
      if (change.kind === 'run' || change.kind === 'committed') this.#offerMissing(change.run, change.kind);
      const from =
        change.kind === 'committed'
          ? change.from
          : change.kind === 'preview'
            ? (change.run.active?.preview?.iteration ?? Number.POSITIVE_INFINITY)
            : change.kind === 'branches'
              ? 0
              : Number.POSITIVE_INFINITY;
      if (from === Number.POSITIVE_INFINITY) return;
      this.#stale.set(change.run, Math.min(from, this.#stale.get(change.run) ?? from));
      this.#update.request();
    });
  }

  /** URI of the transcript that a place lies in; undefined where the place names no negotiation of an open run. */
  uriOf({ run, iteration, negotiation, branch }: Place): vscode.Uri | undefined {
    const folder = this.store.get(run)?.folder.path;
    if (folder === undefined || iteration === undefined || negotiation === undefined) return undefined;
    return transcriptUri({ folder, iteration, negotiation, ...(branch === undefined ? {} : { branch }) });
  }

  /** The open run that a transcript is of, and which negotiation. */
  sourceOf(uri: vscode.Uri): { readonly run: OpenRun; readonly place: Place } | undefined {
    const address = transcriptAddress(uri);
    const run = address && this.store.runs.find(({ folder }) => folder.path === address.folder);
    if (run === undefined || address === undefined) return undefined;
    const { folder: _, ...place } = address;
    return { run, place: run.complete({ run: run.id, ...place }) };
  }

  /** The transcript that a document shows, or a later state of it; undefined until it is read. */
  of(document: vscode.TextDocument): Transcript | undefined {
    const transcript = this.#known.get(String(document.uri))?.transcript;
    return transcript?.text.startsWith(document.getText()) === true ? transcript : undefined;
  }

  /** Reads a transcript. @throws FileSystemError in one line */
  async transcript(uri: vscode.Uri): Promise<Transcript> {
    return (await this.#load(uri)).transcript;
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    if (transcriptAddress(uri) === undefined) return { type: vscode.FileType.Directory, ctime: 0, mtime: 0, size: 0 };
    const { bytes, changed } = await this.#load(uri);
    return { type: vscode.FileType.File, ctime: 0, mtime: changed, size: bytes.length, permissions: vscode.FilePermission.Readonly };
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    return (await this.#load(uri)).bytes;
  }

  /** What breadcrumbs list: a run's iterations, an iteration's negotiations. */
  override async readDirectory(uri: vscode.Uri): Promise<[string, vscode.FileType][]> {
    const sample = transcriptAddress(vscode.Uri.joinPath(uri, 'negotiation 0.transcript'));
    const of = sample && this.store.runs.find(({ folder }) => folder.path === sample.folder);
    const line = sample && of?.folder.iteration(sample.iteration);
    if (line !== undefined) {
      const { iteration } = line;
      return (line.negotiations?.group ?? [])
        .flatMap((_, negotiation) => [{ negotiation }, ...(of?.branches.of({ iteration, negotiation }) ?? [])])
        .map((name) => [transcriptName(name), vscode.FileType.File]);
    }
    const folder = uri.with({ scheme: 'file' }).fsPath;
    const run = this.store.runs.find((each) => each.folder.path === folder);
    return (run?.folder.iterations ?? []).flatMap(({ iteration, rollouts }) =>
      rollouts === undefined ? [] : [[`iteration ${iteration}`, vscode.FileType.Directory]],
    );
  }

  override dispose(): void {
    super.dispose();
    this.#stop();
    this.#update.dispose();
    this.#changed.dispose();
  }

  async #load(uri: vscode.Uri): Promise<Known> {
    const known = this.#known.get(String(uri));
    if (known !== undefined) return known;
    await this.runsOpened();
    return this.#read(uri);
  }

  async #read(uri: vscode.Uri): Promise<Known> {
    const address = transcriptAddress(uri);
    const source = this.sourceOf(uri);
    if (address === undefined) throw vscode.FileSystemError.FileNotFound(`${uri.path} is no transcript`);
    const key = String(uri);
    // "Not found" makes the tab of one that is not there yet open by itself once it is.
    if (source === undefined) {
      this.#missing.set(key, uri);
      throw vscode.FileSystemError.FileNotFound(`The run in ${address.folder} is not open: open it with Parley: Open Run…`);
    }
    const before = this.#known.get(key);
    let negotiation: Awaited<ReturnType<OpenRun['negotiation']>>;
    try {
      negotiation = await source.run.negotiation(source.place);
    } catch (error) {
      throw vscode.FileSystemError.Unavailable(messageOf(error));
    }
    if (negotiation === null) {
      // One that was under way when its trainer stopped is kept in sight for as long as somebody reads it.
      if (before !== undefined) return before;
      const what = address.branch === undefined ? '' : `branch ${address.branch} of `;
      if (source.run.folder.iteration(address.iteration)?.rollouts === undefined) this.#missing.set(key, uri);
      throw vscode.FileSystemError.FileNotFound(
        `${source.run.name} has no ${what}negotiation ${address.negotiation} in iteration ${address.iteration} ${what === '' ? '(yet)' : '(any more)'}`,
      );
    }
    this.#missing.delete(key);
    const transcript = transcriptOf(negotiation);
    const isSame = before?.transcript.text === transcript.text;
    const known: Known = {
      ...{ uri, address, transcript },
      bytes: isSame ? before.bytes : new TextEncoder().encode(transcript.text),
      changed: isSame ? before.changed : ++this.#clock,
    };
    this.#known.delete(key);
    this.#known.set(key, known);
    this.#trim();
    return known;
  }

  /** A run came, or went on: those that were looked for in it in vain may be there now. */
  #offerMissing(run: OpenRun, kind: 'run' | 'committed'): void {
    for (const [key, uri] of this.#missing) {
      const source = this.sourceOf(uri);
      if (source?.run !== run) continue;
      const { iteration = 0 } = source.place;
      // What a run that is open does not have comes with an iteration.
      const isThere = kind === 'committed' || run.folder.iteration(iteration)?.rollouts !== undefined;
      if (!isThere) continue;
      this.#missing.delete(key);
      this.fireChanged([uri]);
    }
  }

  async #refresh(): Promise<void> {
    const stale = [...this.#stale];
    this.#stale.clear();
    for (const [run, from] of stale) {
      for (const known of [...this.#known.values()]) {
        const { address, uri, changed, transcript } = known;
        if (address.folder !== run.folder.path || address.iteration < from) continue;
        const now = await this.#read(uri).catch(() => known);
        if (now.changed !== changed) this.fireChanged([uri]);
        const [before, after] = [transcript.negotiation, now.transcript.negotiation];
        // Credits and branches come without a change of the text.
        const differs = after.committed !== before.committed || after.branches?.length !== before.branches?.length;
        if (now.changed !== changed || differs) this.#changed.fire(uri);
      }
    }
  }

  #trim(): void {
    if (this.#known.size <= KEPT) return;
    const open = new Set(
      vscode.workspace.textDocuments.filter(({ uri }) => uri.scheme === TRANSCRIPT_SCHEME).map(({ uri }) => String(uri)),
    );
    for (const key of [...this.#known.keys()].slice(0, -1)) {
      if (this.#known.size <= KEPT) return;
      if (!open.has(key)) this.#known.delete(key);
    }
  }
}
