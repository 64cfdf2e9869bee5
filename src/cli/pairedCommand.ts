import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { opponentName } from '../protocol/opponent';
import { RUN_PATHS } from '../protocol/runFiles';
import type { Ended, Progress, TrainParams } from '../protocol/trainer';
import { runName } from '../runs/runIds';
import { type StopInfo, startTrainer, type TrainerHandle } from '../runs/trainerHandle';
import { shareCores } from '../runs/trainers';
import { UsageError } from './arguments';
import type { Command } from './command';
import { measuresTable } from './measuresTable';
import { progressLine } from './progressLine';
import { defaultFolders, MACHINE_OPTIONS, RUN_OPTIONS, readConfigs, readMachine, readReach, readSeeds, SET_OPTIONS } from './runOptions';
import { readServer } from './serverOptions';
import { LiveLines } from './terminal';
import { trainSet } from './trainSet';

/** `parley paired`: RL and AA side by side, each in a process of its own. */
export const pairedCommand: Command = {
  name: 'paired',
  summary: 'train by RL and by AA at once, same seeds, and compare',
  about: `
Trains two policies at once, by plain RL and by Advantage Alignment. Seeds and settings are the same: the algorithm is all
that differs. Ends with a table of both, measured in 256 fresh negotiations of each policy with itself.
With --out DIR the runs are DIR/rl and DIR/aa. --seeds makes pairs for several seeds, a run set: DIR/rl-0, DIR/aa-0, …`,
  positionals: [],
  options: [
    ...RUN_OPTIONS,
    ...SET_OPTIONS,
    ...MACHINE_OPTIONS,
    {
      name: 'json',
      about:
        'NDJSON on stdout: progress of both, the last object\n{"type":"finished","runs":{"rl":…,"aa":…},"measures":{"rl":{…},"aa":{…}}}',
    },
  ],
  examples: [
    ['parley paired', 'the prisoner’s dilemma: RL learns to defect, AA learns to answer in kind; under two minutes on two cores'],
    ['parley paired --game split --seed 4 --out runs/split-4', 'another game and seed, in runs/split-4/rl and runs/split-4/aa'],
  ],
  run: async (args, terminal) => {
    if (args.text('preset') === 'paper')
      terminal.err('Note: the paper preset keeps a buffer and an entropy bonus for aa alone, so that more than the algorithm differs.\n');
    const rules = ['rl', 'aa'] as const;
    const seeds = readSeeds(args);
    if (seeds !== undefined) return trainSet(args, rules, seeds, terminal);
    if (args.has('jobs')) throw new UsageError('--jobs is for run sets: give --seeds');
    const configs = await readConfigs(args, rules, terminal);
    const out = args.text('out');
    if (out !== undefined && existsSync(join(resolve(out), RUN_PATHS.run)))
      throw new Error(`${resolve(out)} already holds a run: choose another folder for the pair`);
    const folders = out === undefined ? defaultFolders(configs) : rules.map((rule) => join(resolve(out), rule));
    const share = shareCores(terminal.cores, rules.length);
    const machine = readMachine(args);
    const json = args.has('json');
    const live = new LiveLines(terminal);
    const lines = rules.map((rule) => `${rule}  starting`);
    const redraw = (): void => {
      if (!json) live.show(lines);
    };

    const trainers = configs.map((config, i): TrainerHandle => {
      const folder = folders[i]!;
      const pairedWith = basename(folders[1 - i]!);
      const params: TrainParams = {
        start: 'new',
        folder,
        name: runName(config),
        config,
        pairedWith,
        ...share,
        ...machine,
        ...readReach(args, config),
        ...readServer(args),
      };
      const trainer = startTrainer(params, { script: terminal.trainerScript });
      const rule = rules[i]!;
      trainer.onProgress((progress: Progress) => {
        lines[i] = progressLine(rule, progress);
        if (json) terminal.out(`${JSON.stringify({ type: 'progress', algorithm: rule, ...progress })}\n`);
        else if (terminal.live) redraw();
        else if (progress.iteration % Math.max(1, Math.floor(progress.iterations / 10)) === 0 || progress.phase !== 'training')
          live.log(lines[i]!);
      });
      trainer.onLog(({ level, line }) => level !== 'info' && live.log(`${rule} ${level}: ${line}`));
      return trainer;
    });
    const stop = (): void => {
      live.log('Stopping both after the chunk under way …');
      for (const trainer of trainers) void trainer.stop();
    };
    process.on('SIGINT', stop);
    process.on('SIGTERM', stop);
    if (!json)
      live.log(
        `${runName(configs[0]!).replace(' rl', '')}: ${folders.join(' and ')}, ${share.threads} thread${share.threads === 1 ? '' : 's'} each`,
      );
    redraw();
    // One that cannot go on makes the comparison pointless: the other is stopped, and can be resumed.
    for (const trainer of trainers) void trainer.started.catch(() => stopAll(trainers));
    for (const trainer of trainers) void trainer.stopped.then(({ how }) => (how === 'finished' ? undefined : stopAll(trainers)));
    const ends = await Promise.all(trainers.map((trainer) => trainer.stopped));
    const [rl, aa] = ends;
    if (rl?.how === 'finished' && aa?.how === 'finished') {
      const measures = { rl: rl.measures, aa: aa.measures };
      const against =
        rl.againstOpponent && aa.againstOpponent ? { againstOpponent: { rl: rl.againstOpponent, aa: aa.againstOpponent } } : {};
      if (json) terminal.out(`${JSON.stringify({ type: 'finished', runs: { rl: folders[0], aa: folders[1] }, measures, ...against })}\n`);
      else {
        const columns = (of: typeof measures) => [['RL', of.rl] as const, ['AA', of.aa] as const];
        terminal.out(`\n${measuresTable(columns(measures))}\n`);
        if (against.againstOpponent) {
          const title = `Against ${opponentName(configs[0]!.opponent)}`;
          terminal.out(`\n${title}\n${measuresTable(columns(against.againstOpponent), ['learner', 'opponent'])}\n`);
        }
      }
      return 0;
    }
    for (const [i, end] of ends.entries()) live.log(`${rules[i]}: ${ending(end, folders[i]!)}`);
    return 1;
  },
};

function stopAll(trainers: readonly TrainerHandle[]): void {
  for (const trainer of trainers) void trainer.stop();
}

function ending(end: StopInfo | Ended, folder: string): string {
  switch (end.how) {
    case 'finished':
      return `finished; ${folder}`;
    case 'stopped':
      return `stopped after iteration ${end.iteration}. Go on with: parley resume ${folder}`;
    default:
      return end.message;
  }
}
