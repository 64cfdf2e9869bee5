import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type JournalLine, RUN_PATHS } from '../../src/protocol/runFiles';
import type { Progress, TrainParams } from '../../src/protocol/trainer';
import { readJournal } from '../../src/runs/journal';
import { resolveConfig } from '../../src/runs/presets';
import { startTrainer, type TrainerHandle } from '../../src/runs/trainerHandle';
import { type Experiment, trainingFolder } from './experiments';

/** A training as it is run. */
export interface Training {
  readonly experiment: Experiment;
  readonly seed: number;
  readonly folder: string;
}

/** How trainings are run. */
export interface TrainOptions {
  readonly media: string;
  /** The trainer's bundle. */
  readonly script: string;
  /** Trainings at once, one thread each. */
  readonly jobs: number;
  /** Called whenever a training went on. */
  onProgress(training: Training, progress: Progress): void;
  onDone(training: Training): void;
}

/** Every training of experiments over their seeds, those of one experiment together. */
export function trainingsOf(experiments: readonly Experiment[], root: string): Training[] {
  return experiments.flatMap((experiment) =>
    experiment.seeds.map((seed) => ({ experiment, seed, folder: join(root, trainingFolder(experiment, seed)) })),
  );
}

/** The committed journal of a training that is finished; null of one that is not. */
export async function finishedJournal(folder: string): Promise<readonly JournalLine[] | null> {
  if (!existsSync(join(folder, RUN_PATHS.run))) return null;
  const { lines } = await readJournal(folder);
  return lines.at(-1)?.type === 'finished' ? lines : null;
}

/**
 * Trains what is not trained yet, some at a time, and goes on with what was cut off. Those with a fixed opponent wait for
 * the training that makes it.
 * @throws Error naming the training that failed; the others are stopped and can be gone on with.
 */
export async function trainAll(trainings: readonly Training[], root: string, options: TrainOptions): Promise<void> {
  const waiting = [...trainings];
  const running = new Set<TrainerHandle>();
  const done = new Set<string>();
  const worker = async (): Promise<void> => {
    for (;;) {
      const at = waiting.findIndex(
        ({ experiment, seed }) => experiment.against === undefined || done.has(opponentFolder(experiment, seed, root)),
      );
      const [training] = at < 0 ? [] : waiting.splice(at, 1);
      if (training === undefined) {
        if (waiting.length === 0) return;
        await new Promise((resolve) => setTimeout(resolve, 500));
        continue;
      }
      if ((await finishedJournal(training.folder)) === null) await train(training, root, options, running);
      done.add(training.folder);
      options.onDone(training);
    }
  };
  try {
    await Promise.all(Array.from({ length: options.jobs }, worker));
  } catch (error) {
    waiting.length = 0;
    await Promise.all([...running].map((trainer) => trainer.stop()));
    throw error;
  }
}

async function train(training: Training, root: string, options: TrainOptions, running: Set<TrainerHandle>): Promise<void> {
  const trainer = startTrainer(paramsOf(training, root, options.media), { script: options.script });
  running.add(trainer);
  trainer.onProgress((progress) => options.onProgress(training, progress));
  trainer.started.catch(() => undefined);
  const end = await trainer.stopped;
  running.delete(trainer);
  if (end.how === 'finished') return;
  const why = end.how === 'stopped' ? `stopped after iteration ${end.iteration}` : end.message;
  throw new Error(`${training.folder}: ${why}. The same command goes on from here`);
}

function paramsOf({ experiment, seed, folder }: Training, root: string, media: string): TrainParams {
  const machine = { folder, threads: 1, spin: false, device: 'cpu' } as const;
  if (existsSync(join(folder, RUN_PATHS.run))) return { ...machine, start: 'resume', takeOver: false };
  const { game, algorithm, preset, iterations, settings, title } = experiment;
  const opponent = experiment.against === undefined ? {} : { opponent: opponentFolder(experiment, seed, root) };
  const config = resolveConfig(media, {
    ...{ game, algorithm, seed, preset },
    layers: [{ source: experiment.id, settings: { ...settings, iterations, ...opponent } }],
  });
  return { ...machine, start: 'new', name: `${game} ${title}, seed ${seed}`, config };
}

function opponentFolder({ against = '' }: Experiment, seed: number, root: string): string {
  return join(root, trainingFolder({ id: against }, seed));
}
