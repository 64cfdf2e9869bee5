import { type ChildProcess, fork } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { type Channel, openChannel, RequestFailed } from '../protocol/channel';
import {
  type Ended,
  type HostSide,
  type PreviewTurn,
  type Progress,
  TRAINER_PROTOCOL,
  type TrainerSide,
  type TrainParams,
  trainerEvents,
} from '../protocol/trainer';
import { childTransport, deathNotice } from './childProcess';
import { Emitter } from './emitter';
import { firstIssue, messageOf } from './problem';

/** How a trainer process ended: as it said itself, or it died without a word. */
export type StopInfo = Ended | { readonly how: 'died'; readonly message: string };

/** A line that a trainer logged. */
export type LogLine = TrainerSide['events']['log'];

/** A trainer process at work. */
export interface TrainerHandle {
  readonly params: TrainParams;
  readonly pid: number | undefined;
  /** Resolves once the folder is locked and the model is loaded. @throws Error with the trainer's own line */
  readonly started: Promise<{ readonly device: string }>;
  /** Resolves when the process is gone. */
  readonly stopped: Promise<StopInfo>;
  /** Asks the trainer to stop after the chunk under way, and makes it if it does not; calling it again changes nothing. */
  stop(): Promise<StopInfo>;
  readonly onProgress: Emitter<Progress>['on'];
  readonly onPreview: Emitter<readonly PreviewTurn[]>['on'];
  /** An iteration was committed; read it from the folder. */
  readonly onCommitted: Emitter<{ readonly iteration: number }>['on'];
  readonly onLog: Emitter<LogLine>['on'];
}

/** How a trainer process is started. */
export interface TrainerOptions {
  /** The trainer's bundle. */
  readonly script: string;
  /** Patience, in milliseconds: after the request to stop, and after the polite signal. */
  readonly grace?: { readonly request: number; readonly signal: number };
}

const STDERR_KEPT = 4000;

/** Starts a trainer process on a run folder. It never throws: what fails is told by `started` and `stopped`. */
export function startTrainer(params: TrainParams, { script, grace = { request: 20_000, signal: 5000 } }: TrainerOptions): TrainerHandle {
  const child = forkTrainer(params, script);
  const progress = new Emitter<Progress>();
  const preview = new Emitter<readonly PreviewTurn[]>();
  const committed = new Emitter<{ readonly iteration: number }>();
  const log = new Emitter<LogLine>();
  let said: Ended | undefined;
  let stderr = '';
  let failure = '';

  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8');
    stream?.on('data', (text: string) => {
      if (stream === child.stderr) stderr = (stderr + text).slice(-STDERR_KEPT);
      for (const line of text.split('\n')) if (line.trim() !== '') log.fire({ level: stream === child.stderr ? 'warn' : 'info', line });
    });
  }

  const channel: Channel<HostSide, TrainerSide> = openChannel<HostSide, TrainerSide>(
    childTransport(child),
    TRAINER_PROTOCOL,
    {},
    (_kind, name, payload) => {
      const schema = Object.hasOwn(trainerEvents, name) ? trainerEvents[name as keyof typeof trainerEvents] : undefined;
      if (schema === undefined) throw new Error('the trainer announced something unknown');
      const parsed = schema.safeParse(payload);
      if (!parsed.success) throw new Error(firstIssue(parsed.error));
      return parsed.data;
    },
  );
  channel.on('progress', (event) => progress.fire(event));
  channel.on('preview', (event) => preview.fire(event));
  channel.on('committed', (event) => committed.fire(event));
  channel.on('log', (event) => log.fire(event));
  channel.on('ended', (event) => {
    said = event;
  });

  const stopped = new Promise<StopInfo>((resolve) => {
    const done = (how: string): void => {
      channel.close(how);
      resolve(said ?? { how: 'died', message: deathNotice('The trainer', how, stderr) });
    };
    child.once('error', (error) => {
      failure = messageOf(error);
      // A process that never came to be has no exit; one that did will still exit.
      if (child.pid === undefined) done(`could not be started (${failure})`);
    });
    child.once('exit', (code, signal) => done(signal === null ? `exited with code ${code}` : `was killed by ${signal}`));
  });

  const started = channel.request('train', params).catch(async (error: unknown) => {
    if (error instanceof RequestFailed) throw error;
    // One that died says why with its last words, once its exit is known.
    const info = await Promise.race([stopped, later(1000)]);
    if (info?.how === 'died') throw new Error(info.message);
    throw error instanceof Error ? error : new Error(messageOf(error));
  });
  started.catch(() => void stop());

  let stopping: Promise<StopInfo> | undefined;
  const stop = (): Promise<StopInfo> => {
    stopping ??= stopChild(child, channel, stopped, grace);
    return stopping;
  };

  return {
    params,
    pid: child.pid,
    started,
    stopped,
    stop,
    onProgress: progress.on,
    onPreview: preview.on,
    onCommitted: committed.on,
    onLog: log.on,
  };
}

/**
 * Without `execArgv: []` a debugged host's child would want the debugger's port too. One that is to
 * outlive this window gets its own process group and a log file instead of our pipes.
 */
function forkTrainer(params: TrainParams, script: string): ChildProcess {
  if (params.keepTraining !== true) {
    return fork(script, [], { serialization: 'advanced', execArgv: [], stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  }
  mkdirSync(params.folder, { recursive: true });
  const file = openSync(join(params.folder, 'trainer.log'), 'a');
  const child = fork(script, [], { serialization: 'advanced', execArgv: [], detached: true, stdio: ['ignore', file, file, 'ipc'] });
  child.unref();
  return child;
}

async function stopChild(
  child: ChildProcess,
  channel: Channel<HostSide, TrainerSide>,
  stopped: Promise<StopInfo>,
  grace: { readonly request: number; readonly signal: number },
): Promise<StopInfo> {
  void channel.request('stop', null).catch(() => undefined);
  const politely = await Promise.race([stopped, later(grace.request)]);
  if (politely !== undefined) return politely;
  child.kill('SIGTERM');
  const signalled = await Promise.race([stopped, later(grace.signal)]);
  if (signalled !== undefined) return signalled;
  child.kill('SIGKILL');
  return stopped;
}

function later(milliseconds: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), milliseconds).unref());
}
