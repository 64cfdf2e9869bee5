import type { TrainParams } from '../protocol/trainer';
import { ActiveRun } from './activeRun';
import type { OpenRun } from './openRun';
import { messageOf } from './problem';
import type { RunStore } from './runStore';
import { type LogLine, type StopInfo, startTrainer, type TrainerHandle } from './trainerHandle';

/** Cores that a trainer may use, and whether its threads may spin while they wait. */
export interface Share {
  readonly threads: number;
  readonly spin: boolean;
}

/** More threads than this gain nothing on models of the sizes that a CPU trains. */
const MOST_THREADS = 8;

/** The share of each of `runs` trainers that are started together: spinning threads of one would starve the other. */
export function shareCores(cores: number, runs: number): Share {
  const threads = Math.max(1, Math.min(MOST_THREADS, Math.floor(cores / runs)));
  return { threads, spin: threads * runs < cores || runs === 1 };
}

/** The trainers of this window. */
export class Trainers {
  readonly #active = new Set<ActiveRun>();
  /** Set when the window goes: what stops then is cut off, not ended. */
  closing = false;

  constructor(
    private readonly store: RunStore,
    /** The trainer's bundle. */
    private readonly script: string,
    private readonly log: (run: string, line: LogLine) => void,
  ) {}

  /** What is at work, whether its model is loaded by now or not. */
  get underway(): readonly { readonly folder: string; readonly threads: number }[] {
    return [...this.#active].map(({ handle: { params } }) => ({ folder: params.folder, threads: params.threads }));
  }

  /**
   * Starts a trainer on a folder and opens its run; resolves once the model is loaded.
   * @throws Error with one line: the folder is somebody else's, the model cannot be loaded, …
   */
  train(params: TrainParams): Promise<OpenRun> {
    return this.start(params).opened;
  }

  /** Starts a trainer on a folder; `opened` is its run, as `train` gives it. */
  start(params: TrainParams): { readonly handle: TrainerHandle; readonly opened: Promise<OpenRun> } {
    const active = new ActiveRun(startTrainer(params, { script: this.script }));
    this.#active.add(active);
    const name = params.start === 'new' ? params.name : params.folder;
    active.handle.onLog((line) => this.log(name, line));
    this.log(name, {
      level: 'info',
      line: `${params.start === 'new' ? 'Started' : 'Resumed'} in ${params.folder}, pid ${active.handle.pid ?? 'none'}`,
    });
    void active.handle.stopped.then((info) => {
      this.#active.delete(active);
      this.log(name, { level: info.how === 'died' || info.how === 'failed' ? 'error' : 'info', line: stopLine(info) });
    });
    return { handle: active.handle, opened: this.#open(params.folder, active) };
  }

  async #open(folder: string, active: ActiveRun): Promise<OpenRun> {
    await active.handle.started;
    const run = await this.store.open(folder);
    await this.store.look(run);
    this.store.attach(run, active);
    return run;
  }

  /**
   * Stops whoever trains a run: a trainer of this window by its channel, another process of this host by a
   * signal, after which its folder tells.
   * @throws Error when the run is not training, or on another host
   */
  async stop(run: OpenRun, host: string): Promise<void> {
    if (run.active !== null) {
      await run.active.handle.stop();
      return;
    }
    const { trainedBy } = run.folder;
    if (trainedBy === null) throw new Error(`${run.name} is not training`);
    if (trainedBy === 'starting') throw new Error(`${run.name} is just being started by another process: try again in a moment`);
    if (trainedBy.host !== host) throw new Error(`${run.name} is trained by pid ${trainedBy.pid} on ${trainedBy.host}: stop it there`);
    try {
      process.kill(trainedBy.pid, 'SIGTERM');
    } catch (error) {
      throw new Error(`pid ${trainedBy.pid}, which trains ${run.name}, cannot be stopped (${messageOf(error)})`);
    }
  }

  /** Stops those that must not outlive the window; the others are followed through their folders by the next one. */
  async stopAll(): Promise<void> {
    this.closing = true;
    await Promise.all([...this.#active].filter(({ handle }) => handle.params.keepTraining !== true).map(({ handle }) => handle.stop()));
  }
}

/** How a trainer ended, in one line. */
export function stopLine(info: StopInfo): string {
  switch (info.how) {
    case 'finished':
      return 'Finished';
    case 'stopped':
      return `Stopped after iteration ${info.iteration}`;
    case 'failed':
    case 'died':
      return info.message;
  }
}
