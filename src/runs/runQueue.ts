import { Emitter } from './emitter';
import { messageOf } from './problem';
import type { StopInfo, TrainerHandle } from './trainerHandle';

/** The part of a trainer that a queue deals with. */
export type QueuedTrainer = Pick<TrainerHandle, 'started' | 'stopped' | 'stop'>;

/** A run that waits for its turn. */
export interface QueuedRun {
  /** Its folder, by which a queue knows it. */
  readonly folder: string;
  /** Id of the run set that it belongs to. */
  readonly set: string;
  /** Cores that its trainer will use. */
  readonly threads: number;
  /** Runs of its set at once, at most. */
  readonly atOnce: number;
  /** Starts its trainer; null where there is nothing to do by now. @throws Error where none can be started */
  start(): Promise<QueuedTrainer | null>;
}

/** How a run left the queue: as its trainer ended, refused to begin, or without anything to do. */
export type QueueEnd = StopInfo | { readonly how: 'refused'; readonly message: string } | { readonly how: 'nothing' };

/** A run that left the queue, and those of its set that were dropped because none could begin. */
export interface QueueReport {
  readonly run: QueuedRun;
  readonly end: QueueEnd;
  readonly dropped: readonly QueuedRun[];
}

interface Underway {
  readonly run: QueuedRun;
  trainer: QueuedTrainer | null;
  stopping: boolean;
  readonly gone: Promise<void>;
}

/** Runs that wait for cores: each is started once there is room, in the order in which they were added. */
export class RunQueue {
  #waiting: QueuedRun[] = [];
  readonly #underway = new Map<string, Underway>();
  /** Sets of which a run has begun: what is wrong with another is its own trouble. */
  readonly #began = new Set<string>();
  #closed = false;
  readonly #changed = new Emitter<null>();
  readonly #ended = new Emitter<QueueReport>();
  /** Other runs wait or are under way. */
  readonly onChanged = this.#changed.on;
  readonly onEnded = this.#ended.on;

  /** @param fits whether the machine has room for a run beside those that are under way. */
  constructor(private readonly fits: (run: QueuedRun, underway: readonly QueuedRun[]) => boolean = () => true) {}

  get waiting(): readonly QueuedRun[] {
    return this.#waiting;
  }

  get underway(): readonly QueuedRun[] {
    return [...this.#underway.values()].map(({ run }) => run);
  }

  /** Whether a run waits here or is under way. */
  has(folder: string): boolean {
    return this.#underway.has(folder) || this.#waiting.some((run) => run.folder === folder);
  }

  /** Adds runs at the end; one that is here already is not added again. */
  add(runs: readonly QueuedRun[]): void {
    for (const set of new Set(runs.map((run) => run.set))) if (!this.#has(set)) this.#began.delete(set);
    for (const run of runs) if (!this.has(run.folder)) this.#waiting.push(run);
    this.#changed.fire(null);
    this.wake();
  }

  /** Starts what there is room for: a trainer that is none of the queue's may have ended. */
  wake(): void {
    for (let next = this.#next(); next !== undefined && !this.#closed; next = this.#next()) {
      this.#waiting = this.#waiting.filter((run) => run !== next);
      this.#begin(next);
    }
  }

  /** The first run that there is room for; within a set nobody is overtaken. */
  #next(): QueuedRun | undefined {
    const { underway } = this;
    const firsts = this.#waiting.filter((run, i) => this.#waiting.findIndex(({ set }) => set === run.set) === i);
    return firsts.find((run) => underway.filter(({ set }) => set === run.set).length < run.atOnce && this.fits(run, underway));
  }

  /** Lets the waiting runs of a set go, and stops those under way; resolves once their trainers are gone. */
  async stop(set?: string): Promise<void> {
    this.#drop(set);
    const stopping = [...this.#underway.values()].filter(({ run }) => set === undefined || run.set === set);
    for (const each of stopping) {
      each.stopping = true;
      void each.trainer?.stop();
    }
    await Promise.all(stopping.map(({ gone }) => gone));
  }

  /** Starts nothing any more; what is under way goes on. */
  close(): void {
    this.#closed = true;
    this.#drop(undefined);
  }

  #has(set: string): boolean {
    return [...this.underway, ...this.#waiting].some((run) => run.set === set);
  }

  #drop(set: string | undefined): QueuedRun[] {
    const dropped = this.#waiting.filter((run) => set === undefined || run.set === set);
    this.#waiting = this.#waiting.filter((run) => !dropped.includes(run));
    if (dropped.length > 0) this.#changed.fire(null);
    return dropped;
  }

  #begin(run: QueuedRun): void {
    let leave: () => void = () => undefined;
    const gone = new Promise<void>((resolve) => {
      leave = resolve;
    });
    const entry: Underway = { run, trainer: null, stopping: false, gone };
    this.#underway.set(run.folder, entry);
    this.#changed.fire(null);
    void this.#follow(entry).then((end) => {
      this.#underway.delete(run.folder);
      // Where not even the first could begin, the others would not either: one complaint is enough.
      const hopeless = end.how === 'refused' && !entry.stopping && !this.#began.has(run.set);
      const dropped = hopeless ? this.#drop(run.set) : [];
      leave();
      this.#ended.fire({ run, end, dropped });
      this.#changed.fire(null);
      this.wake();
    });
  }

  async #follow(entry: Underway): Promise<QueueEnd> {
    try {
      const trainer = await entry.run.start();
      if (trainer === null) return { how: 'nothing' };
      entry.trainer = trainer;
      if (entry.stopping) void trainer.stop();
      const refusal = trainer.started.then(
        () => {
          this.#began.add(entry.run.set);
          return null;
        },
        (error: unknown) => messageOf(error),
      );
      const info = await trainer.stopped;
      const message = info.how === 'stopped' || info.how === 'finished' ? null : await refusal;
      return message === null ? info : { how: 'refused', message };
    } catch (error) {
      return { how: 'refused', message: messageOf(error) };
    }
  }
}
