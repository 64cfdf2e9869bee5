import { mkdir, readdir, rmdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { AdapterSettings, Engine, Learner, OptimizerSettings } from '../engine/engine';
import { hasFixedOpponent, learnerReward } from '../protocol/opponent';
import type { RunConfig } from '../protocol/runConfig';
import { type IterationLine, RUN_FORMAT, RUN_PATHS, type RunFile } from '../protocol/runFiles';
import { serverNotes } from '../protocol/serverLimits';
import type { Ended, PreviewTurn, Progress, TrainParams } from '../protocol/trainer';
import { writeDurably, writeError } from '../runs/durableFile';
import { acquireLock, type Lock } from '../runs/lock';
import { refuseBufferAgainst, refuseUnable } from '../runs/presets';
import { transcriptCapacity } from './capacity';
import { usageOf, usageReport, usageSince } from './chatUsage';
import { commitFinished, commitIteration } from './commit';
import { runIteration } from './iteration';
import { measureAgainst, measurePolicy } from './measure';
import type { MemoryNeed } from './memory';
import { checkpointDue } from './plan';
import { checkSameOpponent, findOpponent, findOpponentAgain, type Opponent, type OpponentServices, openOpponent } from './players/opponent';
import { previewListener } from './previews';
import { openPosition, ResumeError, type RunPosition, readRunFile } from './resume';
import { rolloutRows, type Tokenizers } from './rows';
import { Snapshots } from './snapshots';
import { iterationMeasures, summarize, trainingStatistics } from './statistics';

/** What happens to a run, in order. */
export type RunEvent =
  | { readonly type: 'progress'; readonly progress: Progress }
  /** The folder is locked and the model is loaded. */
  | { readonly type: 'ready'; readonly run: RunFile }
  | { readonly type: 'committed'; readonly line: IterationLine }
  | { readonly type: 'log'; readonly level: 'info' | 'warn'; readonly line: string };

/** How a run ended that came to its end. */
type Finished = Extract<Ended, { how: 'finished' }>;

/** What a run needs from outside. */
export interface RunEnvironment {
  /** What the run needs in memory. @throws Error with the numbers where it cannot fit. */
  checkMemory(config: RunConfig): Promise<MemoryNeed>;
  /** Opens the engine for the policy of a configuration. */
  openEngine(config: RunConfig, params: TrainParams): Promise<Engine>;
  /** Opens the engine of a model folder, for a fixed opponent on another base model than the learner's. */
  openModel(model: string, params: TrainParams): Promise<Engine>;
  /** The folder that holds the embedded policies. */
  readonly media: string;
  /** Versions for run.json. */
  versions(params: TrainParams, config: RunConfig): Promise<{ readonly parley: string; readonly onnxruntime: string }>;
  /** Stops the run after the chunk under way. */
  readonly signal: AbortSignal;
  /** Turns as they are taken, of the negotiations that are previewed. */
  onPreview?(turns: PreviewTurn[]): void;
}

/**
 * Trains a run to its end, or until it is stopped: the loop behind the trainer process and the CLI alike.
 * Returns how it ended; a folder that cannot be used, a file that cannot be written, or an engine that fails is thrown.
 */
export async function* trainRun(
  params: TrainParams,
  environment: RunEnvironment,
): AsyncGenerator<RunEvent, Exclude<Ended, { how: 'failed' }>> {
  const { folder } = params;
  const { signal } = environment;
  const made = params.start === 'new' && (await prepareFolder(folder));
  if (params.start === 'resume') await readRunFile(folder);
  const lock = await acquireLock(folder, { takeOver: params.start === 'resume' && params.takeOver });
  const stop = AbortSignal.any([signal, lostSignal(lock)]);
  let engine: Engine | undefined;
  let opponent: Opponent | undefined;
  let iteration = 0;
  try {
    const resumed = params.start === 'resume' ? await openPosition(folder) : undefined;
    if (resumed?.torn) yield { type: 'log', level: 'warn', line: `journal.jsonl ended in a torn line; a copy is in ${resumed.torn}` };
    if (resumed?.finished) return finishedBefore(resumed.finished);
    const asked = params.start === 'new' ? params.config : resumed!.run.config;
    refuseBufferAgainst(asked, 'the configuration');
    refuseUnable(asked, () => 'the configuration');
    const found = hasFixedOpponent(asked) ? await (resumed ? findOpponentAgain(resumed.run, params) : findOpponent(asked, params)) : null;
    const config = found ? { ...asked, opponent: found.pinned } : asked;
    iteration = resumed?.iterations.at(-1)?.iteration ?? 0;
    const { bytes: memory, line: memoryLine } = await environment.checkMemory(config);
    yield { type: 'progress', progress: { ...progressOf('loading', config, iteration, resumed?.iterations.at(-1), ''), memory } };
    yield { type: 'log', level: 'info', line: memoryLine };
    for (const line of serverNotes(config)) yield { type: 'log', level: 'info', line };
    engine = await environment.openEngine(config, params);
    if (found) opponent = await openOpponent(found, servicesOf(config, params, engine, environment));
    if (resumed && opponent) checkSameOpponent(resumed.run, opponent.identity);
    const run = resumed ? resumed.run : await writeRunFile(params, config, engine, environment, opponent);
    if (resumed) for (const line of differences(resumed.run, engine)) yield { type: 'log', level: 'warn', line };
    for (const line of [...(engine.messages ?? []), ...(opponent?.warnings ?? [])]) yield { type: 'log', level: 'warn', line };
    yield { type: 'ready', run };

    const loop = await Loop.begin(folder, config, engine, opponent, resumed);
    const { device } = engine.info;
    if (loop.iterations.length === 0) yield { type: 'committed', line: await loop.commitStart() };
    for (;;) {
      iteration = loop.iterations.at(-1)!.iteration;
      yield { type: 'progress', progress: { ...progressOf('training', config, iteration, loop.iterations.at(-1), device), memory } };
      if (iteration >= config.iterations) break;
      stop.throwIfAborted();
      const line = await loop.next(stop, environment.onPreview);
      yield { type: 'committed', line };
      if (line.checkpoint) yield* usageSoFar(opponent);
    }
    yield { type: 'progress', progress: { ...progressOf('finishing', config, iteration, loop.iterations.at(-1), device), memory } };
    const finished = await loop.finish(stop);
    yield* usageSoFar(opponent);
    return { how: 'finished', ...finished };
  } catch (error) {
    if (signal.aborted) return { how: 'stopped', iteration };
    throw stop.aborted ? stop.reason : error;
  } finally {
    await opponent?.dispose();
    await engine?.dispose();
    await lock.release();
    // Nothing was written, not even run.json: leave no trace. A folder that is not empty stays.
    if (made) await rmdir(folder).catch(() => undefined);
  }
}

/** A run under way: the learner and what is committed. */
class Loop {
  readonly iterations: IterationLine[];
  readonly #snapshots: Snapshots;
  readonly #capacity: number;

  private constructor(
    private readonly folder: string,
    private readonly config: RunConfig,
    private readonly engine: Engine,
    private readonly learner: Learner,
    private readonly opponent: Opponent | undefined,
    committed: readonly IterationLine[],
  ) {
    this.iterations = [...committed];
    this.#snapshots = new Snapshots(folder, engine, (iteration) => this.iterations[iteration]?.checkpoint);
    this.#capacity = transcriptCapacity(config, engine.tokenizer);
  }

  /** Creates the learner, or puts it back to the newest committed state. */
  static async begin(
    folder: string,
    config: RunConfig,
    engine: Engine,
    opponent: Opponent | undefined,
    position: RunPosition | undefined,
  ): Promise<Loop> {
    const adapter: AdapterSettings = config.adapter.kind === 'lora' ? { ...config.adapter, seed: config.seed } : config.adapter;
    const optimizer = optimizerSettings(config);
    const newest = position?.iterations.at(-1);
    const learner = newest
      ? await engine.restoreLearner(join(folder, newest.state.folder), adapter, optimizer)
      : await engine.createLearner(adapter, optimizer);
    return new Loop(folder, config, engine, learner, opponent, position?.iterations ?? []);
  }

  /** Commits the state that training begins in. */
  commitStart(): Promise<IterationLine> {
    return this.#commit({ iteration: 0, seconds: 0, rows: [], details: {} });
  }

  /** Plays, trains and commits the next iteration. */
  async next(signal: AbortSignal, onPreview: RunEnvironment['onPreview']): Promise<IterationLine> {
    const { engine, config, learner, opponent } = this;
    const iteration = this.iterations.length;
    const started = performance.now();
    const before = usageOf(opponent);
    const trained = await runIteration({
      engine,
      config,
      iteration,
      learner,
      snapshots: this.#snapshots,
      capacity: this.#capacity,
      signal,
      ...(opponent && { opponent }),
      ...(onPreview && { onTurns: (plan) => previewListener(iteration, plan, this.#tokenizers, onPreview) }),
    });
    const rows = rolloutRows(iteration, trained, this.#tokenizers);
    const usage = usageSince(before, usageOf(opponent));
    const training = { ...trainingStatistics(trained), ...(usage && { usage }) };
    const details = { measures: iterationMeasures(trained), training, negotiations: summarize(trained) };
    return this.#commit({ iteration, seconds: (performance.now() - started) / 1000, rows, details });
  }

  /** Measures the final policy, against itself and its fixed opponent, and writes the journal's last line. */
  async finish(signal: AbortSignal): Promise<Omit<Finished, 'how'>> {
    const { engine, config, learner, opponent } = this;
    const measures = await measurePolicy({ engine, config, policy: learner, capacity: this.#capacity, signal });
    const againstOpponent = opponent && (await measureAgainst({ engine, config, learner, opponent, signal }));
    const finished = { measures, ...(againstOpponent && { againstOpponent }) };
    await commitFinished(this.folder, { iteration: config.iterations, ...finished });
    return finished;
  }

  /** Whose words are whose: a fixed opponent on another base model has other tokens. */
  get #tokenizers(): Tokenizers {
    const { engine, opponent } = this;
    return {
      learner: engine.tokenizer,
      opponent: opponent?.player.kind === 'policy' ? opponent.player.engine.tokenizer : engine.tokenizer,
    };
  }

  async #commit(record: Omit<Parameters<typeof commitIteration>[3], 'checkpoint'>): Promise<IterationLine> {
    const checkpoint = checkpointDue(this.config, record.iteration);
    const line = await commitIteration(this.folder, this.engine, this.learner, { ...record, checkpoint });
    this.iterations.push(line);
    return line;
  }
}

function optimizerSettings(config: RunConfig): OptimizerSettings {
  return { learningRate: config.learningRate, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, clipNorm: config.clipNorm };
}

/** Makes the folder, which must not hold a run already; true if there was none. */
async function prepareFolder(folder: string): Promise<boolean> {
  let made: string | undefined;
  try {
    made = await mkdir(folder, { recursive: true });
  } catch (error) {
    throw writeError(folder, error);
  }
  const names = await readdir(folder);
  if (names.includes(RUN_PATHS.run)) throw new ResumeError(`${folder} already holds a run: resume it, or choose another folder`);
  const foreign = names.find((name) => !name.startsWith(RUN_PATHS.lock) && name !== `${RUN_PATHS.run}.tmp` && name !== 'trainer.log');
  if (foreign !== undefined) throw new ResumeError(`${folder} is not empty (${foreign}): a new run needs a folder of its own`);
  return made !== undefined;
}

function servicesOf(config: RunConfig, params: TrainParams, engine: Engine, { media, openModel }: RunEnvironment): OpponentServices {
  return { config, params, engine, media, openEngine: (model) => openModel(model, params) };
}

function* usageSoFar(opponent: Opponent | undefined): Generator<RunEvent> {
  const line = usageReport(opponent);
  if (line !== undefined) yield { type: 'log', level: 'info', line };
}

function finishedBefore({ measures, againstOpponent }: NonNullable<RunPosition['finished']>): Finished {
  return { how: 'finished', measures, ...(againstOpponent && { againstOpponent }) };
}

async function writeRunFile(
  params: TrainParams,
  config: RunConfig,
  engine: Engine,
  environment: RunEnvironment,
  opponent: Opponent | undefined,
): Promise<RunFile> {
  if (params.start !== 'new') throw new ResumeError(`${params.folder} holds no run to resume`);
  const { info } = engine;
  const run: RunFile = {
    format: RUN_FORMAT,
    id: basename(params.folder),
    name: params.name,
    created: new Date().toISOString(),
    ...(await environment.versions(params, config)),
    config,
    model: { source: config.policy, sha256: info.modelHash, parameters: info.parameters },
    device: info.device,
    threads: info.threads,
    ...(params.pairedWith !== undefined && { pairedWith: params.pairedWith }),
    ...(opponent && { opponent: opponent.identity }),
    ...(params.set !== undefined && { set: params.set }),
  };
  await writeDurably(join(params.folder, RUN_PATHS.run), `${JSON.stringify(run, null, 2)}\n`);
  return run;
}

/** What keeps a resumed run from being bit-identical to one that was never stopped. @throws ResumeError for another base model. */
function differences(run: RunFile, { info }: Engine): string[] {
  if (info.modelHash !== run.model.sha256) {
    throw new ResumeError(
      `${run.config.policy} is not the model that this run began with (SHA-256 ${info.modelHash.slice(0, 12)}…, run.json says ${run.model.sha256.slice(0, 12)}…): put the old one back`,
    );
  }
  const differing = [
    ...(info.device === run.device ? [] : [`device ${info.device} instead of ${run.device}`]),
    ...(info.threads === run.threads ? [] : [`${info.threads} threads instead of ${run.threads}`]),
  ];
  return differing.map((what) => `resumed with ${what}: numbers may differ in the last digits from a run that was never stopped`);
}

function lostSignal(lock: Lock): AbortSignal {
  const controller = new AbortController();
  void lock.lost.then((line) => controller.abort(new ResumeError(line)));
  return controller.signal;
}

function progressOf(
  phase: Progress['phase'],
  config: RunConfig,
  iteration: number,
  line: IterationLine | undefined,
  device: string,
): Progress {
  const { measures, training, seconds = 0 } = line ?? {};
  const tokens = (training?.sampledTokens ?? 0) + (training?.trainedTokens ?? 0);
  return {
    phase,
    iteration,
    iterations: config.iterations,
    reward: measures ? learnerReward(config, measures) : null,
    cooperationRate: measures?.cooperationRate ?? null,
    efficiency: measures?.efficiency ?? null,
    tokensPerSecond: seconds > 0 ? tokens / seconds : 0,
    secondsPerIteration: seconds,
    device,
  };
}
