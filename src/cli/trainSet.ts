import { existsSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { hasFixedOpponent, opponentName } from '../protocol/opponent';
import type { Algorithm } from '../protocol/runConfig';
import { type JournalLine, RUN_PATHS } from '../protocol/runFiles';
import { RunFolder } from '../runs/runFolder';
import { RunQueue } from '../runs/runQueue';
import { algorithmsOf, extendSet, folderOf, type PlannedSet, planAmong, planIn, readRunSet, SET_FILE, writeRunSet } from '../runs/runSet';
import { nextStep } from '../runs/setRuns';
import { type SetShare, shareSet } from '../runs/setShare';
import { startTrainer } from '../runs/trainerHandle';
import type { Arguments } from './arguments';
import { overSeedsByName, seedsTable } from './measuresTable';
import { type Machine, readConfigs, readMachine, readReach } from './runOptions';
import { readServer } from './serverOptions';
import { runKey, SetProgress } from './setProgress';
import type { Terminal } from './terminal';

type Measured = Pick<Extract<JournalLine, { type: 'finished' }>, 'measures' | 'againstOpponent'>;

/** Plans a run set as the command line says, or finds it planned in `--out`, and trains it. Resolves with the exit code. */
export async function trainSet(
  args: Arguments,
  algorithms: readonly Algorithm[],
  seeds: readonly number[],
  terminal: Terminal,
): Promise<number> {
  const configs = (await Promise.all(seeds.map((seed) => readConfigs(args, algorithms, terminal, seed)))).flat();
  const machine = readMachine(args);
  const share = shareOf(configs.length, configs[0]?.policy ?? '', args, machine, terminal);
  const out = args.text('out');
  if (out === undefined) {
    const set = planAmong(resolve('.parley/runs'), configs, share.threads, new Date());
    await writeRunSet(set);
    return followSet(set, share, args, terminal);
  }
  const folder = resolve(out);
  if (existsSync(join(folder, RUN_PATHS.run))) throw new Error(`${folder} already holds a run: choose another folder for the run set`);
  const planned = planIn(folder, configs, share.threads, new Date());
  const known = existsSync(planned.path) ? await readRunSet(planned.path) : undefined;
  // Where nothing has begun there is nothing to go on with, and the plan may change.
  if (known === undefined || !known.file.runs.some((run) => existsSync(join(folderOf(known, run), RUN_PATHS.run)))) {
    await writeRunSet(planned);
    return followSet(planned, share, args, terminal);
  }
  const set = { path: known.path, file: extendSet(known, planned.file.runs) };
  if (set.file !== known.file) await writeRunSet(set);
  return goOnWithSet(set, args, terminal);
}

/** Trains what is left of a run set. Resolves with the exit code. */
export function goOnWithSet(set: PlannedSet, args: Arguments, terminal: Terminal): Promise<number> {
  const [first] = set.file.runs;
  const machine = { ...readMachine(args), threads: args.count('threads', 1) ?? set.file.threads };
  return followSet(set, shareOf(set.file.runs.length, first?.config.policy ?? '', args, machine, terminal), args, terminal);
}

/** @throws UsageError */
function shareOf(runs: number, policy: string, args: Arguments, { device, threads }: Machine, { cores }: Terminal): SetShare {
  return shareSet({ cores, runs, device, policy, threads, jobs: args.count('jobs', 1) });
}

async function followSet(set: PlannedSet, { jobs, threads }: SetShare, args: Arguments, terminal: Terminal): Promise<number> {
  const { path, file } = set;
  const json = args.has('json');
  const machine = {
    ...readMachine(args),
    ...readReach(args, file.runs[0]?.config),
    ...readServer(args),
    // Spinning threads of one run would starve the others.
    spin: jobs === 1 || jobs * threads < terminal.cores,
    takeOver: args.has('take-over'),
  };
  const queue = new RunQueue();
  const before = await measuresOf(set);
  const shown = new SetProgress(set, queue, terminal, json, before.size);
  queue.onEnded(({ run, end, dropped }) => shown.ended(run.folder, end, dropped.length));
  const stop = (): void => {
    shown.say('Stopping after the chunks under way …');
    void queue.stop();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  try {
    const beside = `${jobs === 1 ? 'one at a time' : `${jobs} at once`}, ${threads} thread${threads === 1 ? '' : 's'} each`;
    shown.say(`${file.name}: ${before.size} of ${file.runs.length} finished, ${beside}; ${path}`);
    const left = file.runs.filter((run) => !before.has(run.folder));
    const idle = new Promise<void>((resolveIdle) => {
      const look = (): void => {
        if (queue.waiting.length + queue.underway.length === 0) resolveIdle();
      };
      queue.onChanged(look);
      if (left.length === 0) look();
    });
    queue.add(
      left.map((run) => ({
        folder: run.folder,
        set: file.id,
        threads,
        atOnce: jobs,
        start: async () => {
          const params = await nextStep(set, run, machine);
          if (params === null) return null;
          const trainer = startTrainer(params, { script: terminal.trainerScript });
          shown.follow(run, trainer);
          return trainer;
        },
      })),
    );
    await idle;
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  }
  shown.done();
  return report(set, await measuresOf(set), json, terminal, shown);
}

/** What the finished runs were measured to be, by folder name. */
async function measuresOf(set: PlannedSet): Promise<Map<string, Measured>> {
  const finished = new Map<string, Measured>();
  for (const run of set.file.runs) {
    const folder = folderOf(set, run);
    if (!existsSync(join(folder, RUN_PATHS.run))) continue;
    const { finished: line } = await RunFolder.open(folder);
    if (line !== null) finished.set(run.folder, line);
  }
  return finished;
}

function report(set: PlannedSet, finished: ReadonlyMap<string, Measured>, json: boolean, terminal: Terminal, shown: SetProgress): number {
  const { path, file } = set;
  const whole = finished.size === file.runs.length;
  const algorithms = algorithmsOf(file.runs.map(({ config }) => config));
  const columns = algorithms.map((algorithm) => {
    const runs = file.runs.filter(({ config }) => config.algorithm === algorithm);
    const ends = runs.flatMap(({ folder }) => finished.get(folder) ?? []);
    return {
      title: algorithm,
      measures: ends.map(({ measures }) => measures),
      against: ends.flatMap(({ againstOpponent }) => againstOpponent ?? []),
    };
  });
  // Those of a set have one opponent, or none.
  const opponent = file.runs.map(({ config }) => config).find(hasFixedOpponent)?.opponent;
  if (json) {
    const measures = Object.fromEntries(columns.map((column) => [column.title, overSeedsByName(column.measures)]));
    const runs = file.runs.map((run) => {
      const { measures: own = null, againstOpponent } = finished.get(run.folder) ?? {};
      return { ...runKey(set, run), measures: own, ...(againstOpponent && { againstOpponent }) };
    });
    const againstOpponent = Object.fromEntries(columns.map(({ title, against }) => [title, overSeedsByName(against)]));
    const end = { type: whole ? 'finished' : 'stopped', set: path, runs, measures, ...(opponent !== undefined && { againstOpponent }) };
    terminal.out(`${JSON.stringify(end)}\n`);
  } else if (whole) {
    const seeds = Math.max(...columns.map(({ measures }) => measures.length));
    const about = seeds === 1 ? 'One seed, so there are no intervals.' : `Means over ${seeds} seeds, with 95 % bootstrap intervals.`;
    const titled = (to: string) => columns.map(({ title, measures }) => ({ title: `${title}${to}`, measures }));
    terminal.out(`\n${seedsTable(opponent === undefined ? columns : titled(' with itself'))}\n`);
    if (opponent !== undefined) {
      const against = columns.map(({ title, against: met }) => ({ title: `${title} against ${opponentName(opponent)}`, measures: met }));
      terminal.out(`\n${seedsTable(against, ['learner', 'opponent'])}\n`);
    }
    terminal.out(`\n${about}\n`);
  }
  if (whole) return 0;
  const own = basename(path) === SET_FILE ? dirname(path) : path;
  shown.say(`${finished.size} of ${file.runs.length} runs are finished. Go on with: parley resume ${relative(process.cwd(), own) || '.'}`);
  return 1;
}
