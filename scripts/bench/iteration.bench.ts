import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GameId } from '../../src/domain/games/game';
import type { IterationLine } from '../../src/protocol/runFiles';
import { mediaFolder } from '../../src/runs/media';
import { resolveConfig } from '../../src/runs/presets';
import { runEnvironment } from '../../src/trainer/environment';
import { trainRun } from '../../src/trainer/run';
import { type Benchmark, type BenchSettings, type Measurement, median } from './benchmark';

/** Sessions are built and the buffer has its first snapshot by then. */
const WARM_UP = 12;
const MEASURED = 30;

/** Trains by the product's own loop into a folder of its own; every iteration that counts. */
async function iterations(game: GameId, { threads, device }: BenchSettings): Promise<readonly (IterationLine & { wall: number })[]> {
  const media = mediaFolder(process.cwd());
  const folder = await mkdtemp(join(tmpdir(), 'parley-bench-'));
  const layers = [{ source: 'bench', settings: { iterations: WARM_UP + MEASURED } }];
  const config = resolveConfig(media, { game, algorithm: 'aa', seed: 0, preset: 'embedded', layers });
  const stop = new AbortController();
  const lines: (IterationLine & { wall: number })[] = [];
  let before = performance.now();
  try {
    const run = trainRun(
      { start: 'new', folder: join(folder, 'run'), name: 'bench', config, threads, spin: true, device: device as 'cpu' },
      runEnvironment(media, stop.signal),
    );
    for await (const event of run) {
      if (event.type !== 'committed') continue;
      const now = performance.now();
      lines.push({ ...event.line, wall: (now - before) / 1000 });
      before = now;
      // The final measure is not part of an iteration.
      if (event.line.iteration === config.iterations) stop.abort();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return lines.slice(-MEASURED);
}

async function measureGame(game: GameId, target: number, settings: BenchSettings): Promise<Measurement[]> {
  const measured = await iterations(game, settings);
  const rate = (tokens: (line: IterationLine) => number): number =>
    measured.reduce((sum, line) => sum + tokens(line), 0) / measured.reduce((sum, line) => sum + line.wall, 0);
  const note = `64 negotiations × 10 rounds, embedded policy, ${settings.threads} ${settings.threads === 1 ? 'thread' : 'threads'}`;
  return [
    { measure: `${game}: an iteration`, value: median(measured.map((line) => line.wall)), unit: 's', target: `≤ ${target}`, note },
    {
      measure: `${game}: sampled`,
      value: rate((line) => line.training?.sampledTokens ?? 0),
      unit: 'tokens/s',
      note: 'of the whole iteration’s time',
    },
    {
      measure: `${game}: trained`,
      value: rate((line) => line.training?.trainedTokens ?? 0),
      unit: 'tokens/s',
      note: 'counted in the loss; of the whole iteration’s time',
    },
  ];
}

const benchmark: Benchmark = {
  title: 'Training iterations',
  method: `The product’s own loop, from self-play to the fsynced journal line, Parquet and checkpoint included: median of ${MEASURED} iterations after ${WARM_UP}.`,
  learned: [
    'Two threads do not help a model of 90 000 parameters on every machine: on an AMD EPYC with two cores, runs in turns took .23 to .33 s an iteration of the Iterated Prisoner’s Dilemma on one thread and .39 to .46 on two, .89 to 1.20 and 1.17 to 1.39 of Trust-and-Split. On two cores of an Intel Xeon, .290 and .840 s were measured on two threads with an earlier version; one was not tried there.',
  ],
  async run(settings: BenchSettings) {
    return [...(await measureGame('ipd', 0.25, settings)), ...(await measureGame('trust-and-split', 1, settings))];
  },
};

export default benchmark;
