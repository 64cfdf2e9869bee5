import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { isAbsolute, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import { looksLikeAdAlign } from './adalignFolder';
import { deathNotice } from './childProcess';
import { Emitter } from './emitter';
import { firstIssue } from './problem';

/** The setting that describes an external run. */
export const EXTERNAL_SETTING = 'parley.externalRun';

/** How long a process may take to end by itself once it was asked to, in milliseconds. */
const GRACE = 10_000;

/** Folders below the output folder that a run's own may be in: Hydra makes one for the day and one for the time. */
const DEPTH = 2;

const setting = z.strictObject({
  command: z.string().min(1),
  args: z.array(z.string()).default([]),
  /** Absolute. */
  cwd: z.string().refine(isAbsolute, 'give an absolute path'),
  /** Where its run folder appears, or a folder in it; relative to `cwd` unless absolute. */
  output: z.string().min(1),
});

/** A command that writes a run of AdAlignLLM's. */
export type ExternalCommand = z.infer<typeof setting>;

/** Reads the setting. @throws RangeError in one line that names what is wrong */
export function readExternalCommand(value: unknown): ExternalCommand {
  if (value === null || value === undefined || (typeof value === 'object' && Object.keys(value).length === 0)) {
    throw new RangeError(`${EXTERNAL_SETTING} is not set: give {"command", "args", "cwd", "output"} in the settings`);
  }
  const parsed = setting.safeParse(value);
  if (!parsed.success) throw new RangeError(`${EXTERNAL_SETTING}.${firstIssue(parsed.error)}`);
  return { ...parsed.data, output: resolve(parsed.data.cwd, parsed.data.output) };
}

/** How an external run ended: by a stop, or in one line. */
export interface ExternalEnd {
  readonly isStopped: boolean;
  readonly isFailure: boolean;
  readonly line: string;
}

/** One external process at a time, whose lines are logged and whose run folder is found once it is there. */
export class ExternalRun {
  #child: ChildProcess | undefined;
  #ended: Promise<ExternalEnd> | undefined;
  /** Run folders that were there before it began. */
  #before: ReadonlySet<string> = new Set();
  readonly #changed = new Emitter<boolean>();
  /** Tells whether a process is at work. */
  readonly onChanged = this.#changed.on;

  constructor(private readonly log: (line: string) => void) {}

  /** Whether a process is at work. */
  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /**
   * Starts a command; resolves when it has begun.
   * @returns how it ends
   * @throws Error in one line where it cannot be started, or one is at work already
   */
  async start({ command, args, cwd, output }: ExternalCommand): Promise<{ readonly ended: Promise<ExternalEnd> }> {
    const before = await runsIn(output, DEPTH);
    if (this.#child !== undefined) throw new Error('an external run is at work: stop it first');
    this.#before = new Set(before);
    // A group of its own, so that what it starts can be stopped with it.
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

  #stopping: () => void = () => undefined;

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

  /** The run folder that the process has made so far, if it has begun one; an older one in the output folder is not taken for it. */
  async findFolder({ output }: ExternalCommand): Promise<string | undefined> {
    const found = await runsIn(output, DEPTH);
    return found.find((folder) => folder === output || !this.#before.has(folder));
  }

  /** Ends the process at once. */
  dispose(): void {
    if (this.#child !== undefined) signalTree(this.#child, 'SIGKILL');
  }
}

/** Makes sure that there is a folder to look into. */
export function prepareOutput({ output }: ExternalCommand): void {
  mkdirSync(output, { recursive: true });
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

/** Run folders in a folder, the last by name first; nobody looks into those. */
async function runsIn(folder: string, depth: number): Promise<string[]> {
  if (await looksLikeAdAlign(folder)) return [folder];
  if (depth === 0) return [];
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const names = entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  const found: string[] = [];
  for (const name of names.sort().reverse()) found.push(...(await runsIn(join(folder, name), depth - 1)));
  return found;
}
