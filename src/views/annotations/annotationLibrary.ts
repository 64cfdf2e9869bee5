import { userInfo } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import {
  type AnchorState,
  type Annotation,
  type AnnotationFile,
  AnnotationStore,
  annotationsBeside,
  type Deed,
  filterAnnotations,
  resolveAnchor,
} from '../../annotations';
import type { Place as PlaceInRun } from '../../protocol/webview';
import type { OpenRun } from '../../runs/openRun';
import type { RunStore } from '../../runs/runStore';
import { positionOf, type Transcript, type TranscriptTurn } from '../../runs/transcript';
import type { TranscriptFiles } from '../transcripts/transcriptFiles';
import { rangeOf } from '../transcripts/transcriptUri';

/** Annotations of one run, as its file has them now; the run may not be open here, or gone. */
export interface RunAnnotations {
  /** The run's id on disk, which names the file. */
  readonly id: string;
  readonly run: OpenRun | undefined;
  readonly file: AnnotationFile;
}

/** Where an annotation stands in its transcript. */
export interface Located {
  readonly state: AnchorState;
  readonly uri: vscode.Uri;
  /** The quoted words; of an orphan its turn, or the first line where that is gone too. */
  readonly range: vscode.Range;
}

/** The annotations of the runs that are open, and of others whose files lie beside theirs; watched, so that a pull shows. */
export class AnnotationLibrary {
  readonly #stores = new Map<string, { readonly store: AnnotationStore; readonly watcher: vscode.Disposable }>();
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #stop: () => void;
  /** Some file differs, or other runs are open. */
  readonly onDidChange = this.#changed.event;

  constructor(
    private readonly runs: RunStore,
    private readonly files: TranscriptFiles,
    /** Where annotations go of runs that lie in no workspace folder, with no folder open. */
    private readonly fallback: string,
  ) {
    const open = new Set<OpenRun>();
    this.#stop = runs.onChanged(({ run }) => {
      const isOpen = runs.get(run.id) === run;
      if (isOpen === open.has(run)) return;
      if (isOpen) open.add(run);
      else open.delete(run);
      this.#changed.fire();
    });
  }

  /** Who annotates here, and when. */
  deed(): Deed {
    const named = vscode.workspace.getConfiguration('parley').get<unknown>('author');
    return { author: typeof named === 'string' && named.trim() !== '' ? named.trim() : userName(), time: new Date().toISOString() };
  }

  /** The id that annotations know a run by. */
  idOf(run: OpenRun): string {
    return run.file?.id ?? run.folder.baseName;
  }

  /** The annotations of a run as its file has them now. */
  async read(run: OpenRun): Promise<AnnotationFile> {
    return this.#storeOf(run).read(this.idOf(run));
  }

  /** How many annotations each turn of a negotiation has, by turn. */
  async counts({ run: id, iteration, negotiation, branch }: PlaceInRun): Promise<ReadonlyMap<number, number>> {
    const counts = new Map<number, number>();
    const run = this.runs.get(id);
    const annotations = run === undefined ? [] : (await this.read(run)).annotations;
    for (const { turn } of filterAnnotations(annotations, {
      iteration: iteration ?? -1,
      negotiation: negotiation ?? -1,
      branch: branch ?? null,
    })) {
      counts.set(turn, (counts.get(turn) ?? 0) + 1);
    }
    return counts;
  }

  /** Every run that has annotations: those open first, in the order of the tree. */
  async all(): Promise<RunAnnotations[]> {
    const found: RunAnnotations[] = [];
    const seen = new Set<string>();
    for (const run of this.runs.runs) {
      const id = this.idOf(run);
      const path = this.#storeOf(run).pathOf(id);
      if (seen.has(path)) continue;
      seen.add(path);
      found.push({ id, run, file: await this.read(run) });
    }
    for (const folder of vscode.workspace.workspaceFolders ?? []) this.#store(join(folder.uri.fsPath, '.parley/annotations'));
    for (const { store } of [...this.#stores.values()]) {
      for (const id of await store.runs()) {
        if (!seen.has(store.pathOf(id))) found.push({ id, run: undefined, file: await store.read(id) });
      }
    }
    return found.filter(({ file }) => file.annotations.some(({ deleted }) => deleted === undefined));
  }

  /** Adds an annotation. */
  async add(run: OpenRun, annotation: Annotation): Promise<void> {
    await this.#storeOf(run).put(this.idOf(run), annotation);
    this.#changed.fire();
  }

  /** Changes an annotation as the file has it now. @throws RangeError when there is no such annotation */
  async change(run: OpenRun, id: string, change: (annotation: Annotation) => Annotation): Promise<void> {
    await this.#storeOf(run).change(this.idOf(run), id, change);
    this.#changed.fire();
  }

  /** Finds an annotation in its transcript, or says why it is not there. */
  async locate(run: OpenRun, annotation: Annotation): Promise<Located> {
    const { iteration, negotiation, branch } = annotation;
    const uri = this.files.uriOf({ run: run.id, iteration, negotiation, branch });
    if (uri === undefined) throw new RangeError(`${run.name} is not open`);
    const transcript = await this.files.transcript(uri).catch(() => undefined);
    return { uri, ...standing(transcript, annotation) };
  }

  dispose(): void {
    this.#stop();
    this.#changed.dispose();
    for (const { watcher } of this.#stores.values()) watcher.dispose();
  }

  #storeOf(run: OpenRun): AnnotationStore {
    return this.#store(folderOf(run.folder.path, this.fallback));
  }

  #store(folder: string): AnnotationStore {
    const known = this.#stores.get(folder);
    if (known !== undefined) return known.store;
    const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(vscode.Uri.file(folder), '*.jsonl'));
    const fire = (): void => this.#changed.fire();
    const watching = [watcher.onDidChange(fire), watcher.onDidCreate(fire), watcher.onDidDelete(fire)];
    const store = new AnnotationStore(folder);
    this.#stores.set(folder, { store, watcher: vscode.Disposable.from(watcher, ...watching) });
    return store;
  }
}

/** Where an annotation stands in a transcript; undefined is a negotiation that is gone. */
export function standing(transcript: Transcript | undefined, annotation: Annotation): Pick<Located, 'state' | 'range'> {
  const turn = transcript?.turns.find(({ view }) => view.turn === annotation.turn);
  const state = resolveAnchor(annotation, turn?.said);
  if (turn === undefined) return { state, range: new vscode.Range(0, 0, 0, 0) };
  const [start, end] = state.kind === 'orphaned' ? [0, turn.said.text.length] : [state.start, state.end];
  return { state, range: spanOf(turn, start, end) };
}

/** The range of a stretch of a turn, `[start, end)`. A line end at its end belongs to the line that it ends. */
export function spanOf(turn: TranscriptTurn, start: number, end: number): vscode.Range {
  const last = end > start && turn.said.text[end - 1] === '\n' ? end - 1 : end;
  return rangeOf(positionOf(turn, start), positionOf(turn, last));
}

/** Beside the runs of `.parley/runs`; else in the workspace folder that holds the run, or in the first one. */
function folderOf(run: string, fallback: string): string {
  const beside = annotationsBeside(run);
  if (beside !== undefined) return beside;
  const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(run)) ?? vscode.workspace.workspaceFolders?.[0];
  return folder === undefined ? fallback : join(folder.uri.fsPath, '.parley/annotations');
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a number that has no name.
    return 'somebody';
  }
}
