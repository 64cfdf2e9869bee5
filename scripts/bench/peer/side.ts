import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import type { AdapterSettings } from '../../../src/engine/engine';

/** What one side opens; both sides read the same folder and train on the same tokens. */
export interface SideCase {
  /** A Hugging Face model folder. */
  readonly folder: string;
  readonly adapter: AdapterSettings;
  /** Sequences and tokens of one training step. */
  readonly batch: number;
  readonly time: number;
  readonly threads: number;
}

/** Free sampling from one token on. */
export interface SampleCase {
  readonly lanes: number;
  readonly tokens: number;
  readonly temperature: number;
}

const opened = z.object({ trained: z.number() });
const step = z.object({ seconds: z.number(), gradientSeconds: z.number(), loss: z.number() });
const took = z.object({ seconds: z.number() });

/** One training step as a side measured it; the gradient's time is part of the whole. */
export type Step = z.infer<typeof step>;

/** A side that ended instead of answering, as one does that finds no more memory. */
export class SideEnded extends Error {
  constructor(
    readonly side: string,
    complaint: string,
  ) {
    super(`${side} ended: ${complaint.trim().split('\n').at(-1) ?? ''}`);
  }
}

/** A process that trains and samples on request, one JSON line each way, and idles in between: ours or the peer's. */
export class Side {
  private readonly child: ChildProcess;
  private readonly lines: AsyncIterator<string>;
  private complaint = '';

  /** @param name how messages call it */
  constructor(
    readonly name: string,
    command: string,
    args: readonly string[],
  ) {
    this.child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    this.child.on('error', (error) => {
      this.complaint += error.message;
    });
    this.child.stdin!.on('error', () => undefined);
    this.child.stderr!.on('data', (data: Buffer) => {
      this.complaint = (this.complaint + data.toString()).slice(-2000);
    });
    this.lines = createInterface(this.child.stdout!)[Symbol.asyncIterator]();
  }

  /** @returns how many numbers are trained */
  async open(what: SideCase): Promise<number> {
    return opened.parse(await this.ask({ do: 'open', ...what })).trained;
  }

  async train(): Promise<Step> {
    return step.parse(await this.ask({ do: 'train' }));
  }

  /** @returns seconds */
  async sample(what: SampleCase): Promise<number> {
    return took.parse(await this.ask({ do: 'sample', ...what })).seconds;
  }

  /** Our side's only. @returns GFLOP/s of a plain product */
  async matmulRate(): Promise<number> {
    return z.object({ gigaflops: z.number() }).parse(await this.ask({ do: 'matmul' })).gigaflops;
  }

  /** @returns the largest resident size so far, bytes */
  async peakMemory(): Promise<number> {
    return z.object({ bytes: z.number() }).parse(await this.ask({ do: 'memory' })).bytes;
  }

  /** Our side's only: a model folder with random weights. */
  async writeModel(folder: string, shape: Readonly<Record<string, number | boolean>>): Promise<void> {
    await this.ask({ do: 'write', folder, shape });
  }

  /** Ends the process, so that the next case finds its memory free. */
  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null || this.child.pid === undefined) return;
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await ended;
  }

  /** @throws SideEnded with the last line that the process wrote to stderr. */
  private async ask(request: object): Promise<unknown> {
    this.child.stdin!.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new SideEnded(this.name, this.complaint);
    return JSON.parse(value);
  }
}
