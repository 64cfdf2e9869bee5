import { existsSync } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { PlannedRun } from '../protocol/runSetFile';
import type { RunStatus } from '../protocol/webview';
import { Emitter } from './emitter';
import type { OpenRun } from './openRun';
import { messageOf } from './problem';
import type { RunQueue } from './runQueue';
import { folderOf, isSetFile, type PlannedSet, readRunSet } from './runSet';
import type { RunStore } from './runStore';

/** A run of a set: planned, begun, or both. */
export interface SetMember {
  readonly name: string;
  readonly folder: string;
  /** What the set's file says of it; null where there is no such file, or it says nothing. */
  readonly planned: PlannedRun | null;
  /** Once it has begun. */
  readonly run: OpenRun | null;
  /** What it was when the reader closed it; null where it is open or has not begun. */
  readonly closed: RunStatus | null;
  /** Whether it waits for its turn, or is just being started. */
  readonly queued: boolean;
}

/** A run set as it stands. */
export interface OpenSet {
  readonly id: string;
  readonly name: string;
  /** Its file; null where there is none, so that only runs that have begun are known. */
  readonly plan: PlannedSet | null;
  readonly members: readonly SetMember[];
  /** `live` also while runs only wait. */
  readonly status: RunStatus;
  readonly finished: number;
}

/** The run sets of this window: what their files plan, what came of it, and what waits. */
export class RunSets {
  /** By id. */
  readonly #plans = new Map<string, PlannedSet>();
  /** When a file was last changed, by path; read again only then. */
  readonly #read = new Map<string, number>();
  readonly #changed = new Emitter<null>();
  /** A set's file came, went or changed, or other runs wait. */
  readonly onChanged = this.#changed.on;

  constructor(
    private readonly store: RunStore,
    private readonly queue: RunQueue,
    /** Told of a file that cannot be used, once for each change of it. */
    private readonly warn: (line: string) => void = () => undefined,
  ) {
    queue.onChanged(() => this.#changed.fire(null));
  }

  /** Every set of which a run is open or planned. */
  get all(): readonly OpenSet[] {
    const { runs } = this.store;
    const byFolder = new Map(runs.map((run) => [run.folder.path, run]));
    const bySet = new Map<string, OpenRun[]>([...this.#plans.keys()].map((id) => [id, []]));
    for (const run of runs) {
      const id = run.file?.set?.id;
      if (id === undefined) continue;
      const own = bySet.get(id) ?? [];
      bySet.set(id, own);
      own.push(run);
    }
    return [...bySet].flatMap(([id, own]) => this.#open(id, own, byFolder) ?? []);
  }

  /** A set by its id. */
  get(id: string): OpenSet | undefined {
    const { runs } = this.store;
    const own = runs.filter(({ file }) => file?.set?.id === id);
    return this.#open(id, own, new Map(runs.map((run) => [run.folder.path, run])));
  }

  #open(id: string, own: readonly OpenRun[], byFolder: ReadonlyMap<string, OpenRun>): OpenSet | undefined {
    const plan = this.#plans.get(id) ?? null;
    const planned = plan === null ? [] : plan.file.runs.map((run) => this.#member(plan, run, byFolder));
    const placed = new Set(planned.map(({ run }) => run));
    const others = own.filter((run) => !placed.has(run)).map((run) => this.#begun(run));
    const members = [...planned, ...others.sort((a, b) => a.folder.localeCompare(b.folder))];
    if (members.length === 0) return undefined;
    const name = plan?.file.name ?? own[0]?.file?.set?.name ?? id;
    return { id, name, plan, members, status: statusOf(members), finished: finishedOf(members) };
  }

  /** The set that a run belongs to. */
  of(run: OpenRun): OpenSet | undefined {
    const id = run.file?.set?.id;
    return id === undefined ? undefined : this.get(id);
  }

  /** Takes in a set that was just planned. */
  add(plan: PlannedSet): void {
    this.#plans.set(plan.file.id, plan);
    this.#changed.fire(null);
  }

  /** Forgets a set whose file is gone. */
  remove(id: string): void {
    this.#plans.delete(id);
    this.#changed.fire(null);
  }

  /** Reads the set files that lie in these folders, as far as they have changed; what is gone is forgotten. */
  async look(folders: Iterable<string>): Promise<void> {
    let changed = false;
    const found = new Set<string>();
    for (const folder of new Set(await Promise.all([...folders].map(realPath)))) {
      for (const name of await readdir(folder).catch(() => [])) {
        if (!isSetFile(name)) continue;
        const path = join(folder, name);
        found.add(path);
        changed = (await this.#look(path)) || changed;
      }
    }
    for (const path of [...this.#read.keys()]) if (!found.has(path)) changed = this.#forget(path) || changed;
    if (changed) this.#changed.fire(null);
  }

  async #look(path: string): Promise<boolean> {
    const time = (await stat(path).catch(() => null))?.mtimeMs;
    if (time === undefined || this.#read.get(path) === time) return false;
    this.#forget(path);
    this.#read.set(path, time);
    try {
      const plan = await readRunSet(path);
      this.#plans.set(plan.file.id, plan);
    } catch (error) {
      this.warn(messageOf(error));
    }
    return true;
  }

  /** Lets go of what a file said. */
  #forget(path: string): boolean {
    this.#read.delete(path);
    const [id] = [...this.#plans].find(([, plan]) => plan.path === path) ?? [];
    return id !== undefined && this.#plans.delete(id);
  }

  #member(plan: PlannedSet, planned: PlannedRun, byFolder: ReadonlyMap<string, OpenRun>): SetMember {
    const folder = folderOf(plan, planned);
    const run = byFolder.get(folder) ?? null;
    const status = run === null ? this.store.closedAs(folder) : undefined;
    // Runs that were deleted were closed, too.
    const closed = status !== undefined && existsSync(folder) ? status : null;
    return { name: run?.name ?? planned.name, folder, planned, run, closed, queued: this.#isQueued(folder, run) };
  }

  #begun(run: OpenRun): SetMember {
    const folder = run.folder.path;
    return { name: run.name, folder, planned: null, run, closed: null, queued: this.#isQueued(folder, run) };
  }

  #isQueued(folder: string, run: OpenRun | null): boolean {
    return run?.status !== 'live' && this.queue.has(folder);
  }
}

/** Whether a run can be gone on with, or begun. */
export function isLeft({ run, closed, queued }: SetMember): boolean {
  const status = run?.status ?? closed;
  return !queued && (status === null || status === 'stopped');
}

/** How many runs of a set are finished. */
function finishedOf(members: readonly SetMember[]): number {
  return members.filter(({ run, closed }) => (run?.status ?? closed) === 'finished').length;
}

function statusOf(members: readonly SetMember[]): RunStatus {
  if (members.some(({ run, queued }) => queued || run?.status === 'live')) return 'live';
  return finishedOf(members) === members.length ? 'finished' : 'stopped';
}

function realPath(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}
