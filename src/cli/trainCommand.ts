import { existsSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { opponentName } from '../protocol/opponent';
import type { RunConfig } from '../protocol/runConfig';
import type { IterationLine } from '../protocol/runFiles';
import type { Ended, Progress, TrainParams } from '../protocol/trainer';
import { runName } from '../runs/runIds';
import { findSetFile, readRunSet, SET_FILE } from '../runs/runSet';
import { shareCores } from '../runs/trainers';
import { runEnvironment } from '../trainer/environment';
import { forkRun } from '../trainer/forkRun';
import { readRunFile } from '../trainer/resume';
import { trainRun } from '../trainer/run';
import { APIS_OPTION } from './apis';
import { type Arguments, UsageError } from './arguments';
import type { Command } from './command';
import { measuresTable } from './measuresTable';
import { progressLine } from './progressLine';
import {
  ALGORITHMS,
  defaultFolders,
  JOBS_OPTION,
  MACHINE_OPTIONS,
  RUN_OPTIONS,
  readAlgorithms,
  readConfigs,
  readMachine,
  readReach,
  readSeeds,
  SET_OPTIONS,
} from './runOptions';
import { BASE_URL_OPTION, readServer } from './serverOptions';
import { LiveLines, type Terminal } from './terminal';
import { goOnWithSet, trainSet } from './trainSet';

const JSON_OPTION = {
  name: 'json',
  about: 'NDJSON on stdout: one object an iteration, the last one\n{"type":"finished","run":…,"measures":{…}}',
};

/** `parley train`: one run, in this process. */
export const trainCommand: Command = {
  name: 'train',
  summary: 'train a policy by plain RL or Advantage Alignment, in self-play or against a fixed player',
  about: `
Trains a policy in self-play and keeps everything in the run's folder: run.json, a journal line and a Parquet file an
iteration, checkpoints in PEFT's layout. Ctrl-C stops after the chunk under way; parley resume goes on, after that or any
other end, to the very run that an uninterrupted one would have been. At the end the final policy is measured in 256 fresh
negotiations with itself.
--opponent puts a fixed player in the other seat, in place of the policy itself: a checkpoint that stays as it is, a scripted player,
a model behind a chat endpoint. The learner has both seats by turns, and the end is measured against that player too.
--seeds and --algorithms make a run set: its runs train in processes of their own, as many at once as the cores allow, and
end in a table of means over seeds with their intervals. With --out DIR they are DIR/aa-0, DIR/aa-1, …, and the same command
goes on with what is there; DIR/set.json says what is planned.`,
  positionals: [],
  options: [
    { name: 'algorithm', value: 'RULE', about: `${ALGORITHMS.join(', ')} (default aa)` },
    { name: 'algorithms', value: 'RULE,RULE', about: 'runs by each of these, same seeds: a run set' },
    ...RUN_OPTIONS,
    ...SET_OPTIONS,
    ...MACHINE_OPTIONS,
    JSON_OPTION,
  ],
  examples: [
    ['parley train', 'the prisoner’s dilemma by Advantage Alignment, with the embedded policy; a minute and a half on a laptop'],
    ['parley train --algorithm rl --seed 3 --out runs/rl-3', 'the same by plain RL, in a folder of your choice'],
    ['parley train --algorithms rl,aa --seeds 0-4 --out runs/seeds', 'ten runs, RL and AA over five seeds, and a table with intervals'],
    [
      'parley train --game trust-and-split --policy models/Qwen3-0.6B --preset paper',
      'a model from Hugging Face, with the paper’s numbers',
    ],
    ['parley train --preset best-response --algorithm rl --opponent runs/aa', 'what exploits a frozen policy, if anything does'],
    [
      'parley train --engine tinker --base-url http://127.0.0.1:8000 --base-model Qwen/Qwen3-0.6B --policy models/Qwen3-0.6B',
      'sampling and training on a server that speaks the Tinker API',
    ],
    ['parley train --game split --algorithm rl --opponent api:gpt --apis ~/apis.json', 'against a chat endpoint, in small batches'],
    [
      'parley train --set beta=1 --set buffer.enabled=false --json > run.ndjson',
      'settings over the preset’s, and a machine-readable record',
    ],
  ],
  run: async (args, terminal) => {
    const rules = readAlgorithms(args);
    const seeds = readSeeds(args);
    const rule = args.choice('algorithm', ALGORITHMS) ?? 'aa';
    if (rules !== undefined || seeds !== undefined) return trainSet(args, rules ?? [rule], seeds ?? [args.count('seed') ?? 0], terminal);
    if (args.has('jobs')) throw new UsageError('--jobs is for run sets: give --seeds or --algorithms');
    const [config] = await readConfigs(args, [rule], terminal);
    if (config === undefined) throw new UsageError('there is no algorithm to train by');
    const out = args.text('out');
    const folder = out === undefined ? defaultFolders([config])[0]! : resolve(out);
    const machine = readMachine(args);
    const params: TrainParams = {
      start: 'new',
      folder,
      name: runName(config),
      config,
      ...shareCores(terminal.cores, 1),
      ...machine,
      ...readReach(args, config),
      ...readServer(args),
    };
    return follow(params, config, args, terminal);
  },
};

/** `parley resume`: goes on with a run in this process. */
export const resumeCommand: Command = {
  name: 'resume',
  summary: 'go on with a run that was stopped, killed, or cut off',
  about: `
Goes on with a run from its last committed iteration. What comes out is bit for bit what an uninterrupted run gives, on
the same device and with the same number of threads, which is taken from run.json unless you say otherwise.
A finished run prints its measures again.
DIR@ITERATION --out NEW forks the run first: NEW gets what DIR committed up to that checkpoint, and goes on from it; DIR stays
as it is. That is also the way on where a run's newest state was lost.
DIR may be a run set's folder, or its file .parley/runs/ID.set.json: unfinished runs go on, and those that never began begin.`,
  positionals: ['DIR'],
  options: [
    ...MACHINE_OPTIONS,
    { name: 'out', value: 'NEW', about: 'the folder of the fork, for DIR@ITERATION' },
    APIS_OPTION,
    BASE_URL_OPTION,
    { name: 'take-over', about: 'take the folder from another host that has been silent for a minute' },
    JOBS_OPTION,
    JSON_OPTION,
  ],
  examples: [
    ['parley resume runs/rl-3', 'go on'],
    ['parley resume runs/seeds --jobs 4', 'go on with a run set, four runs at once'],
    ['parley resume runs/aa-0@40 --out runs/aa-0-again', 'go on from iteration 40 in a folder of its own'],
    ['parley resume /cluster/runs/17 --take-over', 'go on with what a dead cluster node left'],
  ],
  run: async (args, terminal) => {
    const folder = await readResumed(args);
    const set = findSetFile(folder);
    if (set !== undefined) return goOnWithSet(await readRunSet(set), args, terminal);
    if (args.has('jobs')) throw new UsageError(`--jobs is for run sets, and ${args.positionals[0]} is none: it has no ${SET_FILE}`);
    const { threads, config } = await readRunFile(folder);
    const machine = { ...shareCores(terminal.cores, 1), threads, ...readMachine(args), ...readReach(args, config), ...readServer(args) };
    return follow({ start: 'resume', folder, takeOver: args.has('take-over'), ...machine }, config, args, terminal);
  },
};

/** The folder to go on with: the one that is named, or the fork that is made of it. @throws UsageError where only one of `@ITERATION` and `--out` is given */
async function readResumed(args: Arguments): Promise<string> {
  const named = args.positionals[0]!;
  const out = args.text('out');
  const [, run, iteration] = existsSync(named) ? [] : (/^(.+)@(\d+)$/.exec(named) ?? []);
  if (run === undefined) {
    if (out !== undefined) throw new UsageError(`--out is for a fork: say from which checkpoint, such as ${named}@40`);
    return resolve(named);
  }
  if (out === undefined) throw new UsageError(`${named} forks the run: give the fork’s folder by --out NEW`);
  await forkRun(resolve(run), Number(iteration), resolve(out));
  return resolve(out);
}

/** Trains and shows it: a progress bar, or NDJSON. Resolves with the exit code. */
async function follow(params: TrainParams, { opponent }: RunConfig, args: Arguments, terminal: Terminal): Promise<number> {
  const json = args.has('json');
  const live = new LiveLines(terminal);
  const stopping = new AbortController();
  const stop = (): void => {
    if (!stopping.signal.aborted && !json) live.log('Stopping after the chunk under way …');
    stopping.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  const run = trainRun(params, runEnvironment(terminal.media, stopping.signal));
  let title = basename(params.folder);
  let ended: Ended | undefined;
  while (ended === undefined) {
    const { done, value } = await run.next();
    if (done) {
      ended = value;
      break;
    }
    switch (value.type) {
      case 'ready':
        title = `${value.run.config.game} ${value.run.config.algorithm}`;
        if (!json)
          live.log(`${value.run.name}: ${params.folder}, ${value.run.device}, ${params.threads} thread${params.threads === 1 ? '' : 's'}`);
        break;
      case 'progress':
        if (!json) show(live, terminal, title, value.progress);
        break;
      case 'committed':
        if (json && value.line.iteration > 0) terminal.out(`${JSON.stringify(iterationObject(value.line))}\n`);
        break;
      case 'log':
        live.log(`${value.level}: ${value.line}`);
        break;
    }
  }
  if (ended.how === 'finished') {
    const { measures, againstOpponent } = ended;
    if (json)
      terminal.out(`${JSON.stringify({ type: 'finished', run: params.folder, measures, ...(againstOpponent && { againstOpponent }) })}\n`);
    else {
      terminal.out(`\n${measuresTable([[againstOpponent ? `${title} with itself` : title, measures]])}\n`);
      if (againstOpponent)
        terminal.out(`\n${measuresTable([[`${title} against ${opponentName(opponent)}`, againstOpponent]], ['learner', 'opponent'])}\n`);
    }
    return 0;
  }
  const iteration = ended.how === 'stopped' ? ended.iteration : 0;
  if (json) terminal.out(`${JSON.stringify({ type: 'stopped', run: params.folder, iteration })}\n`);
  live.log(`Stopped after iteration ${iteration}. Go on with: parley resume ${params.folder}`);
  return 1;
}

/** Redraws the bar; where nothing can be redrawn, about twenty lines in all. */
function show(live: LiveLines, terminal: Terminal, title: string, progress: Progress): void {
  const line = progressLine(title, progress);
  if (terminal.live) live.show([line]);
  else if (progress.phase !== 'training' || progress.iteration % Math.max(1, Math.floor(progress.iterations / 20)) === 0) live.log(line);
}

/** An iteration as `--json` prints it: its journal line without files and negotiations. */
function iterationObject({ type, iteration, time, seconds, measures, training }: IterationLine): object {
  return { type, iteration, time, seconds, measures, training };
}
