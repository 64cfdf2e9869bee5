import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { deathNotice } from './childProcess';
import { Emitter } from './emitter';

/** How long a process may take to end by itself once it was asked to, in milliseconds. */
const GRACE = 10_000;

/** A program that is run for the reader; no shell reads it. */
export interface ChildCommand {
  readonly command: string;
  readonly args: readonly string[];
  /** Absolute. */
  readonly cwd: string;
}

/** How a process ended: by a stop, or in one line. */
export interface ChildEnd {
  readonly isStopped: boolean;
  readonly isFailure: boolean;
  readonly line: string;
}

/** One process at a time, in a group of its own, so that what it starts is stopped with it; its lines are logged. */
export class ManagedChild {
  #child: ChildProcess | undefined;
  #ended: Promise<ChildEnd> | undefined;
  #stopping: () => void = () => undefined;
  readonly #changed = new Emitter<boolean>();
  /** Tells whether a process is at work. */
  readonly onChanged = this.#changed.on;

  constructor(
    /** As a message calls it: `an external run`. */
    private readonly name: string,
    private readonly log: (line: string) => void,
  ) {}

  /** Whether a process is at work. */
  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /**
   * Starts a command; resolves when it has begun.
   * @returns how it ends
   * @throws Error in one line where it cannot be started, or one is at work already
   */
  async start({ command, args, cwd }: ChildCommand): Promise<{ readonly ended: Promise<ChildEnd> }> {
    if (this.#child !== undefined) throw new Error(`${this.name} is at work: stop it first`);
    const child = spawn(command, args, {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    this.#child = child;
    let stderr = '';
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        if (stream === child.stderr) stderr = `${stderr}${line}\n`.slice(-4000);
        this.log(line);
      });
    }
    let isStopped = false;
    this.#stopping = () => {
      isStopped = true;
    };
    try {
      await new Promise<void>((begun, failed) => child.once('spawn', begun).once('error', failed));
    } catch (error) {
      this.#child = undefined;
      throw new Error(`${command} cannot be started in ${cwd} (${error instanceof Error ? error.message : String(error)})`);
    }
    this.#ended = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        this.#child = undefined;
        const how = signal === null ? `ended with code ${code}` : `was ended by ${signal}`;
        const isFailure = !isStopped && code !== 0;
        const line = isFailure ? deathNotice(command, how, stderr) : `${command} ${isStopped ? 'was stopped' : how}`;
        this.log(line);
        this.#changed.fire(false);
        resolve({ isStopped, isFailure, line });
      });
    });
    this.#changed.fire(true);
    return { ended: this.#ended };
  }

  /** Asks the process and what it started to end, and ends them where they don't. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#stopping();
    signalTree(child, 'SIGTERM');
    const timer = setTimeout(() => signalTree(child, 'SIGKILL'), GRACE);
    await this.#ended;
    clearTimeout(timer);
  }

  /** Ends the process at once. */
  dispose(): void {
    if (this.#child !== undefined) signalTree(this.#child, 'SIGKILL');
  }
}

function signalTree(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === 'win32') spawn('taskkill', ['/pid', String(child.pid), '/T', '/F'], { windowsHide: true });
    else process.kill(-child.pid, signal);
  } catch {
    // It is gone already.
  }
}
