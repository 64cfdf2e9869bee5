import { mkdir, readdir, rmdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { SEATS } from '../domain/seat';
import type { AdapterSettings, Engine, Learner, OptimizerSettings } from '../engine/engine';
import type { RunConfig } from '../protocol/runConfig';
import { type IterationLine, type MeasuresFile, RUN_FORMAT, RUN_PATHS, type RunFile } from '../protocol/runFiles';
import type { Ended, PreviewTurn, Progress, TrainParams } from '../protocol/trainer';
import { writeDurably, writeError } from '../runs/durableFile';
import { acquireLock, type Lock } from '../runs/lock';
import { transcriptCapacity } from './capacity';
import { commitFinished, commitIteration } from './commit';
import { runIteration } from './iteration';
import { measurePolicy } from './measure';
import { checkpointDue, type PlannedNegotiation, playerName } from './plan';
import { openPosition, ResumeError, type RunPosition, readRunFile } from './resume';
import { rolloutRows } from './rows';
import type { TurnListener } from './selfPlay';
import { Snapshots } from './snapshots';
import { iterationMeasures, summarize, trainingStatistics } from './statistics';

/** What happens to a run, in order. */
export type RunEvent =
  | { readonly type: 'progress'; readonly progress: Progress }
  /** The folder is locked and the model is loaded. */
  | { readonly type: 'ready'; readonly run: RunFile }
  | { readonly type: 'committed'; readonly line: IterationLine }
  | { readonly type: 'log'; readonly level: 'info' | 'warn'; readonly line: string };

/** What a run needs from outside. */
export interface RunEnvironment {
  /** What the run needs in memory, in one line. @throws Error with the numbers where it cannot fit. */
  checkMemory(config: RunConfig): Promise<string>;
  /** Opens the engine for the policy of a configuration. */
  openEngine(config: RunConfig, params: TrainParams): Promise<Engine>;
  /** Versions for run.json. */
  versions(params: TrainParams): Promise<{ readonly parley: string; readonly onnxruntime: string }>;
  /** Stops the run after the chunk under way. */
  readonly signal: AbortSignal;
  /** Turns as they are taken, of the negotiations that are previewed. */
  onPreview?(turns: PreviewTurn[]): void;
}

/** Negotiations of an iteration whose turns are previewed: the first seed group's, at most so many. */
const PREVIEWED = 8;

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
  let iteration = 0;
  try {
    const resumed = params.start === 'resume' ? await openPosition(folder) : undefined;
    if (resumed?.torn) yield { type: 'log', level: 'warn', line: `journal.jsonl ended in a torn line; a copy is in ${resumed.torn}` };
    if (resumed?.finished) return { how: 'finished', measures: resumed.finished.measures };
    const config = params.start === 'new' ? params.config : resumed!.run.config;
    iteration = resumed?.iterations.at(-1)?.iteration ?? 0;
    yield { type: 'progress', progress: progressOf('loading', config, iteration, resumed?.iterations.at(-1), '') };
    yield { type: 'log', level: 'info', line: await environment.checkMemory(config) };
    engine = await environment.openEngine(config, params);
    const run = resumed ? resumed.run : await writeRunFile(params, engine, environment);
    if (resumed) for (const line of differences(resumed.run, engine)) yield { type: 'log', level: 'warn', line };
    yield { type: 'ready', run };

    const loop = await Loop.begin(folder, config, engine, resumed);
    const { device } = engine.info;
    if (loop.iterations.length === 0) yield { type: 'committed', line: await loop.commitStart() };
    for (;;) {
      iteration = loop.iterations.at(-1)!.iteration;
      yield { type: 'progress', progress: progressOf('training', config, iteration, loop.iterations.at(-1), device) };
      if (iteration >= config.iterations) break;
      stop.throwIfAborted();
      yield { type: 'committed', line: await loop.next(stop, environment.onPreview) };
    }
    yield { type: 'progress', progress: progressOf('finishing', config, iteration, loop.iterations.at(-1), device) };
    const measures = await loop.finish(stop);
    return { how: 'finished', measures };
  } catch (error) {
    if (signal.aborted) return { how: 'stopped', iteration };
    throw stop.aborted ? stop.reason : error;
  } finally {
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
    committed: readonly IterationLine[],
  ) {
    this.iterations = [...committed];
    this.#snapshots = new Snapshots(folder, engine, (iteration) => this.iterations[iteration]?.checkpoint);
    this.#capacity = transcriptCapacity(config, engine.tokenizer);
  }

  /** Creates the learner, or puts it back to the newest committed state. */
  static async begin(folder: string, config: RunConfig, engine: Engine, position: RunPosition | undefined): Promise<Loop> {
    const adapter: AdapterSettings = config.adapter.kind === 'lora' ? { ...config.adapter, seed: config.seed } : config.adapter;
    const optimizer = optimizerSettings(config);
    const newest = position?.iterations.at(-1);
    const learner = newest
      ? await engine.restoreLearner(join(folder, newest.state.folder), adapter, optimizer)
      : await engine.createLearner(adapter, optimizer);
    return new Loop(folder, config, engine, learner, position?.iterations ?? []);
  }

  /** Commits the state that training begins in. */
  commitStart(): Promise<IterationLine> {
    return this.#commit({ iteration: 0, seconds: 0, rows: [], details: {} });
  }

  /** Plays, trains and commits the next iteration. */
  async next(signal: AbortSignal, onPreview: RunEnvironment['onPreview']): Promise<IterationLine> {
    const { engine, config, learner } = this;
    const iteration = this.iterations.length;
    const started = performance.now();
    const trained = await runIteration({
      engine,
      config,
      iteration,
      learner,
      snapshots: this.#snapshots,
      capacity: this.#capacity,
      signal,
      ...(onPreview && { onTurns: (plan) => previewListener(iteration, plan, engine, onPreview) }),
    });
    const rows = rolloutRows(iteration, trained, engine.tokenizer);
    const details = { measures: iterationMeasures(trained), training: trainingStatistics(trained), negotiations: summarize(trained) };
    return this.#commit({ iteration, seconds: (performance.now() - started) / 1000, rows, details });
  }

  /** Measures the final policy and writes the journal's last line. */
  async finish(signal: AbortSignal): Promise<MeasuresFile> {
    const { engine, config, learner } = this;
    const measures = await measurePolicy({ engine, config, policy: learner, capacity: this.#capacity, signal });
    await commitFinished(this.folder, { iteration: config.iterations, measures });
    return measures;
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

async function writeRunFile(params: TrainParams, engine: Engine, environment: RunEnvironment): Promise<RunFile> {
  if (params.start !== 'new') throw new ResumeError(`${params.folder} holds no run to resume`);
  const { info } = engine;
  const run: RunFile = {
    format: RUN_FORMAT,
    id: basename(params.folder),
    name: params.name,
    created: new Date().toISOString(),
    ...(await environment.versions(params)),
    config: params.config,
    model: { source: params.config.policy, sha256: info.modelHash, parameters: info.parameters },
    device: info.device,
    threads: info.threads,
    ...(params.pairedWith !== undefined && { pairedWith: params.pairedWith }),
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
    reward: measures?.meanReward ? (measures.meanReward[0] + measures.meanReward[1]) / SEATS.length : null,
    cooperationRate: measures?.cooperationRate ?? null,
    efficiency: measures?.efficiency ?? null,
    tokensPerSecond: seconds > 0 ? tokens / seconds : 0,
    secondsPerIteration: seconds,
    device,
  };
}

function previewListener(
  iteration: number,
  plan: readonly PlannedNegotiation[],
  engine: Engine,
  onPreview: (turns: PreviewTurn[]) => void,
): TurnListener {
  const shown = plan.filter(({ group }) => group === 0).length;
  return (pending, texts, transcripts) => {
    const turns = pending.flatMap(({ negotiation, seat, turn, request }, i): PreviewTurn[] => {
      if (negotiation >= Math.min(shown, PREVIEWED)) return [];
      const said = transcripts[negotiation]![seat].turns.at(-1)!;
      const { group, players } = plan[negotiation]!;
      return [
        {
          iteration,
          group,
          negotiation,
          round: request.view.round,
          turn,
          seat,
          player: playerName(players[seat]),
          kind: request.kind,
          prompt: request.observation,
          text: texts[i]!,
          tokenTexts: engine.tokenizer.tokenTexts([...said.tokens]),
          logProbs: [...said.logProbs],
        },
      ];
    });
    if (turns.length > 0) onPreview(turns);
  };
}
