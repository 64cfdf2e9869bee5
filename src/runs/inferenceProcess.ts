import { type ChildProcess, fork } from 'node:child_process';
import { type Channel, ChannelClosed, openChannel } from '../protocol/channel';
import {
  INFERENCE_PROTOCOL,
  type InferenceRequests,
  type InferenceSettings,
  type InferenceSide,
  inferenceEvents,
} from '../protocol/inference';
import type { HostSide } from '../protocol/trainer';
import { childTransport, deathNotice } from './childProcess';
import { firstIssue } from './problem';

/** A request that is a piece of work, which can be watched and called off. */
export type WorkName = Exclude<keyof InferenceRequests, 'configure' | 'cancel'>;

/** How a piece of work is followed. */
export interface WorkOptions {
  readonly signal?: AbortSignal;
  /** `done` of `of`, and the same in words. */
  onProgress?(done: number, of: number, line: string): void;
}

/** What the process is made from. */
export interface InferenceOptions {
  /** The trainer's bundle; its other mode is this process. */
  readonly script: string;
  /** What to compute on; asked for before every piece of work. */
  settings(): InferenceSettings | Promise<InferenceSettings>;
  /** Lines that the process printed. */
  log(line: string): void;
  /** Milliseconds without work after which the process is let go; two minutes unless given. */
  readonly idle?: number;
}

interface Running {
  readonly child: ChildProcess;
  readonly channel: Channel<HostSide, InferenceSide>;
  readonly gone: Promise<string>;
}

/** The process that answers questions about policies: started with the first, let go when there were none for a while. */
export class InferenceProcess {
  #running: Running | undefined;
  #configured = '';
  #nextJob = 1;
  #busy = 0;
  #idle: NodeJS.Timeout | undefined;

  constructor(private readonly options: InferenceOptions) {}

  /**
   * Has a piece of work done.
   * @throws Error with the process's own line; the signal's reason when it was called off.
   */
  async perform<K extends WorkName>(
    name: K,
    params: Omit<InferenceRequests[K][0], 'job'>,
    { signal, onProgress }: WorkOptions = {},
  ): Promise<InferenceRequests[K][1]> {
    signal?.throwIfAborted();
    this.#busy++;
    clearTimeout(this.#idle);
    const running = this.#start();
    const { channel } = running;
    const job = this.#nextJob++;
    const unwatch = channel.on('jobProgress', (event) => {
      if (event.job === job) onProgress?.(event.done, event.of, event.line);
    });
    const cancel = (): void => void channel.request('cancel', { job }).catch(() => undefined);
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      await this.#configure(channel);
      return (await channel.request(name, { ...params, job } as InferenceRequests[K][0])) as InferenceRequests[K][1];
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof ChannelClosed) throw new Error(await running.gone);
      throw error;
    } finally {
      unwatch();
      signal?.removeEventListener('abort', cancel);
      this.#busy--;
      this.#rest();
    }
  }

  /** Keeps the process, which has something of its own to remember, until the returned function is called. */
  hold(): () => void {
    this.#busy++;
    clearTimeout(this.#idle);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#busy--;
      this.#rest();
    };
  }

  /** Lets the process go; work under way is refused. */
  dispose(): void {
    clearTimeout(this.#idle);
    this.#running?.child.kill();
    this.#running = undefined;
  }

  #start(): Running {
    if (this.#running) return this.#running;
    const { script, log } = this.options;
    const child = fork(script, ['inference'], { serialization: 'advanced', execArgv: [], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
    let stderr = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8');
      stream?.on('data', (text: string) => {
        if (stream === child.stderr) stderr = (stderr + text).slice(-4000);
        for (const line of text.split('\n')) if (line.trim() !== '') log(line);
      });
    }
    const channel = openChannel<HostSide, InferenceSide>(childTransport(child), INFERENCE_PROTOCOL, {}, (_kind, name, payload) => {
      const schema = Object.hasOwn(inferenceEvents, name) ? inferenceEvents[name as keyof typeof inferenceEvents] : undefined;
      if (schema === undefined) throw new Error('the inference process announced something unknown');
      const parsed = schema.safeParse(payload);
      if (!parsed.success) throw new Error(firstIssue(parsed.error));
      return parsed.data;
    });
    const gone = new Promise<string>((resolve) => {
      const left = (how: string): void => {
        if (this.#running?.child === child) this.#running = undefined;
        channel.close(how);
        resolve(deathNotice('The inference process', how, stderr));
      };
      child.once('error', (error) => child.pid === undefined && left(`could not be started (${error.message})`));
      child.once('exit', (code, signal) => left(signal === null ? `exited with code ${code}` : `was killed by ${signal}`));
    });
    this.#configured = '';
    this.#running = { child, channel, gone };
    return this.#running;
  }

  async #configure(channel: Channel<HostSide, InferenceSide>): Promise<void> {
    const settings = await this.options.settings();
    const text = JSON.stringify(settings);
    if (text === this.#configured) return;
    this.#configured = text;
    await channel.request('configure', settings);
  }

  #rest(): void {
    if (this.#busy > 0) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.dispose(), this.options.idle ?? 120_000);
    this.#idle.unref();
  }
}
