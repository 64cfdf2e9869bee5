import type { PlannedRun } from '../protocol/runSetFile';
import type { Progress } from '../protocol/trainer';
import type { QueueEnd, RunQueue } from '../runs/runQueue';
import { folderOf, type PlannedSet } from '../runs/runSet';
import type { TrainerHandle } from '../runs/trainerHandle';
import { progressLine } from './progressLine';
import { LiveLines, type Terminal } from './terminal';

/** Lines that a run without a redrawing terminal says of its progress, about. */
const LINES_A_RUN = 10;

/** Which run of a set an object of `--json` is about. */
export function runKey(set: PlannedSet, run: PlannedRun): { readonly run: string; readonly algorithm: string; readonly seed: number } {
  return { run: folderOf(set, run), algorithm: run.config.algorithm, seed: run.config.seed };
}

/** Shows a run set at work: a line for each run under way and one for the whole, or NDJSON. */
export class SetProgress {
  readonly #lines = new Map<string, string>();
  readonly #live: LiveLines;
  readonly #width: number;
  #finished: number;

  constructor(
    private readonly set: PlannedSet,
    private readonly queue: RunQueue,
    private readonly terminal: Terminal,
    private readonly json: boolean,
    finished: number,
  ) {
    this.#live = new LiveLines(terminal);
    this.#finished = finished;
    this.#width = Math.max(...set.file.runs.map((run) => title(run).length));
    queue.onChanged(() => this.#redraw());
  }

  /** A line that stays, on stderr. */
  say(line: string): void {
    if (this.json) return;
    this.#live.log(line);
    this.#redraw();
  }

  /** Shows how a run's trainer gets on. */
  follow(run: PlannedRun, trainer: TrainerHandle): void {
    const name = title(run).padEnd(this.#width);
    this.#lines.set(run.folder, `${name}  starting`);
    this.#redraw();
    trainer.onProgress((progress) => this.#progress(run, name, progress));
    trainer.onLog(({ level, line }) => {
      // Of a crash the end tells the message; its stack is the trainer's own affair.
      if (level !== 'info' && !/^(\w*Error: |\s+at )/.test(line)) this.#live.log(`${title(run)} ${level}: ${line}`);
    });
  }

  /** A run left the queue; `dropped` others of its set do not begin, either. */
  ended(folder: string, end: QueueEnd, dropped: number): void {
    this.#lines.delete(folder);
    const run = this.set.file.runs.find((each) => each.folder === folder);
    if (run === undefined) return;
    if (end.how === 'finished') this.#finished++;
    if (this.json) this.terminal.out(`${JSON.stringify({ type: 'run', ...runKey(this.set, run), ...end })}\n`);
    else this.#live.log(`${title(run)}: ${ending(end)}${dropped === 0 ? '' : `. The other ${dropped} runs were not tried`}`);
    this.#redraw();
  }

  /** Takes away what was drawn to be drawn over. */
  done(): void {
    this.#live.show([]);
  }

  #progress(run: PlannedRun, name: string, progress: Progress): void {
    const line = progressLine(name, progress);
    this.#lines.set(run.folder, line);
    if (this.json) this.terminal.out(`${JSON.stringify({ type: 'progress', ...runKey(this.set, run), ...progress })}\n`);
    else if (this.terminal.live) this.#redraw();
    else if (progress.phase !== 'training' || progress.iteration % Math.max(1, Math.floor(progress.iterations / LINES_A_RUN)) === 0) {
      this.#live.log(line);
    }
  }

  #redraw(): void {
    if (this.json) return;
    const { waiting, underway } = this.queue;
    const whole = `${this.#finished} of ${this.set.file.runs.length} finished, ${underway.length} training, ${waiting.length} waiting`;
    this.#live.show([...underway.map(({ folder }) => this.#lines.get(folder) ?? ''), whole]);
  }
}

function title({ config }: PlannedRun): string {
  return `${config.algorithm}, seed ${config.seed}`;
}

function ending(end: QueueEnd): string {
  switch (end.how) {
    case 'finished':
      return 'finished';
    case 'stopped':
      return `stopped after iteration ${end.iteration}`;
    case 'nothing':
      return 'left alone: another process trains it, or has finished it';
    default:
      return end.message;
  }
}
