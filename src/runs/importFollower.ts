import { type CreditSettingsFile, creditSettings, type ImportedFrom } from '../protocol/imports';
import { adalignPulse } from './adalignFolder';
import type { InferenceProcess } from './inferenceProcess';
import type { OpenRun } from './openRun';
import { messageOf } from './problem';
import type { RunStore } from './runStore';

/** How often the folders of imported runs are looked at, in milliseconds. */
const LOOK_EVERY = 1500;

/** What following takes. */
export interface FollowerOptions {
  readonly store: RunStore;
  readonly inference: Pick<InferenceProcess, 'perform'>;
  /** Whether a process may be started. */
  mayImport(): boolean;
  log(line: string): void;
}

/** Imports what the folders of open imported runs gain while somebody looks; one that stands still costs no process. */
export class ImportFollower {
  /** By the run's folder: the source as it was when it was last imported. */
  readonly #pulses = new Map<string, string>();
  readonly #said = new Map<string, string>();
  #timer: NodeJS.Timeout | undefined;
  #looking = false;

  constructor(private readonly options: FollowerOptions) {}

  /** Starts or stops following. */
  follow(on: boolean): void {
    clearInterval(this.#timer);
    this.#timer = on ? setInterval(() => void this.look(), LOOK_EVERY) : undefined;
    this.#timer?.unref();
    if (on) void this.look();
  }

  /** Looks at every imported run once. Never throws: what goes wrong is logged once. */
  async look(): Promise<void> {
    const { store, mayImport } = this.options;
    if (this.#looking || !mayImport()) return;
    this.#looking = true;
    try {
      for (const run of store.runs) {
        const file = run.file;
        if (file?.imported !== undefined) await this.#look(run, file.imported, creditSettings.strip().parse(file.config));
      }
    } finally {
      this.#looking = false;
    }
  }

  async #look(run: OpenRun, from: ImportedFrom, settings: CreditSettingsFile): Promise<void> {
    const { store, inference, log } = this.options;
    const { path } = run.folder;
    const pulse = await adalignPulse(from);
    if (pulse === null || pulse === this.#pulses.get(path)) return;
    try {
      const onProgress = (): void => void store.look(run);
      const { isPending, added } = await inference.perform('importAdalign', { from, settings, out: path }, { onProgress });
      if (added > 0) await store.look(run);
      if (!isPending) this.#pulses.set(path, pulse);
      this.#said.delete(path);
    } catch (error) {
      const line = `${run.name}: ${messageOf(error)}`;
      if (this.#said.get(path) !== line) log(line);
      this.#said.set(path, line);
    }
  }
}
