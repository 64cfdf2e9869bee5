import { realpath } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { RunStatus } from '../protocol/webview';
import type { ActiveRun } from './activeRun';
import { Emitter } from './emitter';
import type { NegotiationFolder } from './negotiationFolder';
import { openFolder } from './openFolder';
import { OpenRun } from './openRun';
import { RolloutReader } from './rolloutReader';
import type { StopInfo } from './trainerHandle';

/** How often a folder that somebody else may be writing is looked at, in milliseconds. */
const POLL_EVERY = 1000;

/** What changed about a run. */
export type RunChange =
  /** Opened, closed, or its status, problems or progress differ. */
  | { readonly kind: 'run'; readonly run: OpenRun }
  /** Iterations were committed or replaced from this one on. */
  | { readonly kind: 'committed'; readonly run: OpenRun; readonly from: number }
  /** Branches of its negotiations came or went. */
  | { readonly kind: 'branches'; readonly run: OpenRun }
  /** The iteration under way went on. */
  | { readonly kind: 'preview'; readonly run: OpenRun }
  /** A trainer of this window ended. */
  | { readonly kind: 'ended'; readonly run: OpenRun; readonly info: StopInfo };

/** The runs that are open in this window. What is committed is always read from the folder; a trainer only says when to look. */
export class RunStore {
  readonly reader = new RolloutReader();
  readonly #runs = new Map<string, OpenRun>();
  readonly #opening = new Map<string, Promise<OpenRun>>();
  /** What runs were when they were closed, by folder. */
  readonly #closed = new Map<string, RunStatus>();
  readonly #changed = new Emitter<RunChange>();
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  readonly onChanged = this.#changed.on;

  /** Open runs, the newest first; those that cannot be read come last. */
  get runs(): readonly OpenRun[] {
    return [...this.#runs.values()].sort((a, b) => b.created.localeCompare(a.created) || a.id.localeCompare(b.id));
  }

  /** An open run by its id. */
  get(id: string): OpenRun | undefined {
    return this.#runs.get(id);
  }

  /** Whether a folder is open or being opened, by its real path. */
  isOpen(path: string): boolean {
    return this.#opening.has(path);
  }

  /** Opens a folder, or finds it open; never throws, since a folder that cannot be read shows its problem. */
  async open(path: string): Promise<OpenRun> {
    const real = await realPath(path);
    const known = this.#opening.get(real);
    if (known !== undefined) return known;
    const opening = openFolder(real, this.reader).then(async (folder) => {
      const run = new OpenRun(this.#freeId(folder), folder, this.reader);
      await run.branches.refresh();
      this.#runs.set(run.id, run);
      this.#changed.fire({ kind: 'run', run });
      return run;
    });
    this.#opening.set(real, opening);
    this.#closed.delete(real);
    return opening;
  }

  /** Lets go of a run; its folder stays as it is. */
  close(run: OpenRun): void {
    if (!this.#runs.delete(run.id)) return;
    this.#opening.delete(run.folder.path);
    this.#closed.set(run.folder.path, run.status);
    this.#changed.fire({ kind: 'run', run });
  }

  /** What a run was when it was closed in this session; undefined for a folder that is open or never was. */
  closedAs(path: string): RunStatus | undefined {
    return this.#closed.get(path);
  }

  /** Joins a trainer of this window to the run that it trains. */
  attach(run: OpenRun, active: ActiveRun): void {
    run.active = active;
    active.onChanged((what) => this.#changed.fire(what === 'preview' ? { kind: 'preview', run } : { kind: 'run', run }));
    active.onCommitted(() => void this.look(run));
    void active.handle.stopped.then(async (info) => {
      run.folder.lookCloser();
      await run.folder.refresh();
      if (run.active === active) run.active = null;
      await this.look(run);
      this.#changed.fire({ kind: 'run', run });
      this.#changed.fire({ kind: 'ended', run, info });
    });
    this.#changed.fire({ kind: 'run', run });
    void this.look(run);
  }

  /** Reads what a folder gained and tells of it. */
  async look(run: OpenRun): Promise<void> {
    const { from, changed } = await run.folder.refresh();
    const branches = await run.branches.refresh();
    if (this.#runs.get(run.id) !== run) return;
    run.active?.dropPreview(run.folder.last);
    if (branches) this.#changed.fire({ kind: 'branches', run });
    if (from !== null) this.#changed.fire({ kind: 'committed', run, from });
    else if (changed) this.#changed.fire({ kind: 'run', run });
  }

  /** Follows the folders of runs that may move, by polling: file watchers miss writes on network file systems. */
  follow(on: boolean): void {
    clearInterval(this.#timer);
    this.#timer = on ? setInterval(() => void this.#poll(), POLL_EVERY) : undefined;
    if (on) void this.#poll();
  }

  /** Stops following. Trainers are not its to stop. */
  dispose(): void {
    this.follow(false);
  }

  async #poll(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      // An imported run counts as finished, and grows all the same.
      for (const run of this.runs) if (run.status !== 'finished' || run.file?.imported !== undefined) await this.look(run);
    } finally {
      this.#looking = false;
    }
  }

  /** Two copies of a run have one id on disk; here they need two. A slash would look like a path in the tree. */
  #freeId(folder: NegotiationFolder): string {
    const wanted = (folder.file?.id ?? folder.baseName).replaceAll('/', '_');
    if (!this.#runs.has(wanted)) return wanted;
    for (let copy = 2; ; copy++) if (!this.#runs.has(`${wanted}~${copy}`)) return `${wanted}~${copy}`;
  }
}

async function realPath(path: string): Promise<string> {
  return realpath(path).catch(() => resolve(path));
}
