import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { GameId } from '../../src/domain/games/game';
import { embeddedPolicy } from '../../src/runs/embeddedPolicy';
import { InferenceProcess } from '../../src/runs/inferenceProcess';
import type { Experiment } from './experiments';
import { trainingFigure } from './figure';
import { type Outcome, outcomeOf } from './outcome';
import { type Circumstances, findings, findingsJson } from './page';
import { finishedJournal, type TrainOptions, trainAll, trainingsOf } from './trainings';

/** What is reproduced, and where. */
export interface ReproduceOptions extends Omit<TrainOptions, 'onDone' | 'onProgress'> {
  readonly experiments: readonly Experiment[];
  /** Folder of the runs; what is there is gone on with. */
  readonly root: string;
  /** Folder of the page and its figures. */
  readonly docs: string;
  /** Negotiations in which a policy meets another. */
  readonly negotiations: number;
  readonly circumstances: Pick<Circumstances, 'date' | 'machine' | 'parley' | 'onnxruntime'>;
  say(line: string): void;
  /** A line that is redrawn. */
  show(line: string): void;
}

/** The page's measured part stands between these. */
const MARKS = ['<!-- measured -->', '<!-- /measured -->'] as const;

/** Trains, has policies meet, and writes the page, its figures and the raw numbers. Returns what came of each training. */
export async function reproduce(options: ReproduceOptions): Promise<readonly Outcome[]> {
  const { experiments, root, media, script, say, show } = options;
  await mkdir(root, { recursive: true });
  const trainings = trainingsOf(experiments, root);
  const before = await Promise.all(trainings.map(async ({ folder }) => (await finishedJournal(folder)) !== null));
  const left = before.filter((finished) => !finished).length;
  say(`${trainings.length} trainings, ${left} to do, ${options.jobs} at once; in ${root}`);
  const started = performance.now();
  let done = 0;
  const live = new Map<string, string>();
  await trainAll(trainings, root, {
    ...options,
    onProgress: ({ experiment, seed, folder }, { iteration, iterations }) => {
      live.set(folder, `${experiment.id} ${seed}: ${iteration}/${iterations}`);
      show(`${done}/${trainings.length}  ${[...live.values()].join('  ')}`);
    },
    onDone: ({ folder }) => {
      done++;
      live.delete(folder);
    },
  });
  const inference = new InferenceProcess({
    script,
    settings: () => ({ threads: options.jobs, device: 'cpu', apis: {}, keys: {} }),
    log: say,
  });
  try {
    const outcomes: Outcome[] = [];
    for (const training of trainings) {
      show(`match-ups: ${outcomes.length}/${trainings.length}`);
      outcomes.push(await outcomeOf(training, inference, options.negotiations));
    }
    const minutes = before.includes(true) ? null : (performance.now() - started) / 60_000;
    const policies = await policyHashes(media, [...new Set(experiments.map(({ game }) => game))]);
    await write(options.docs, outcomes, { ...options.circumstances, minutes, policies });
    return outcomes;
  } finally {
    show('');
    inference.dispose();
  }
}

async function write(docs: string, outcomes: readonly Outcome[], circumstances: Circumstances): Promise<void> {
  const page = join(docs, 'findings.md');
  const text = await readFile(page, 'utf8').catch(() => `# Findings\n\n${MARKS.join('\n')}\n`);
  const [from, to] = [text.indexOf(MARKS[0]) + MARKS[0].length, text.indexOf(MARKS[1])];
  if (to < 0) throw new Error(`${page} has no marks ${MARKS.join(' … ')}: put them where the measured part belongs`);
  await mkdir(join(docs, 'findings'), { recursive: true });
  await writeFile(page, `${text.slice(0, from)}\n${findings(outcomes, circumstances)}\n${text.slice(to)}`);
  await writeFile(join(docs, 'findings', 'findings.json'), `${JSON.stringify(findingsJson(outcomes), null, 1)}\n`);
  for (const game of new Set(outcomes.map(({ training }) => training.experiment.game))) {
    const figure = trainingFigure(game, outcomes);
    if (figure !== null) await writeFile(join(docs, 'findings', `${game}.svg`), figure);
  }
}

async function policyHashes(media: string, games: readonly GameId[]): Promise<Circumstances['policies']> {
  const hashes = games.map(async (game) => {
    const bytes = await readFile(join(embeddedPolicy(media, game), 'model.safetensors'));
    return [game, createHash('sha256').update(bytes).digest('hex')] as const;
  });
  return Object.fromEntries(await Promise.all(hashes));
}
