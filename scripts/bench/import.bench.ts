import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { readArguments } from '../../src/cli/arguments';
import { importCommand } from '../../src/cli/importCommand';
import { mediaFolder } from '../../src/runs/media';
import { type AdAlignRunSize, makeAdAlignRun } from './adalignRun';
import { type Benchmark, type Measurement, median } from './benchmark';

const NEGOTIATIONS = 1000;
const TARGET = '≥ 50';
const GAMES = { tas: 'Trust-and-Split', split: 'Split', ipd: 'the prisoner’s dilemma' } as const;

interface Rate {
  /** MB of input a second, by the clock and by the processor time of all threads. */
  readonly wall: number;
  readonly processor: number;
}

/** `parley import` with these words, in this process. */
async function importOnce(words: readonly string[]): Promise<void> {
  const code = await importCommand.run(readArguments([...words, '--json'], importCommand), {
    out: () => undefined,
    err: (text) => void process.stderr.write(text),
    live: false,
    columns: 100,
    readAll: async () => '',
    media: mediaFolder(process.cwd()),
    trainerScript: '',
    cores: availableParallelism(),
  });
  if (code !== 0) throw new Error('the import failed');
}

async function rates(bytes: number, run: () => Promise<void>, after: () => Promise<void>): Promise<Rate> {
  const wall: number[] = [];
  const processor: number[] = [];
  // The first time warms the disk's cache and the compiler.
  for (let i = 0; i < 4; i++) {
    const used = process.cpuUsage();
    const started = performance.now();
    await run();
    if (i > 0) wall.push(bytes / (performance.now() - started) / 1e3);
    const { user, system } = process.cpuUsage(used);
    if (i > 0) processor.push(bytes / (user + system));
    await after();
  }
  return { wall: median(wall), processor: median(processor) };
}

async function measure(size: AdAlignRunSize): Promise<Measurement[]> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-bench-'));
  const source = join(folder, 'outputs');
  const out = join(folder, 'run');
  try {
    const bytes = await makeAdAlignRun(process.cwd(), source, size);
    const summary = await rates(
      bytes,
      () => importOnce(['adalign', source]),
      async () => undefined,
    );
    const conversion = await rates(
      bytes,
      () => importOnce(['adalign', source, '--out', out]),
      () => rm(out, { recursive: true }),
    );
    const of = `${GAMES[size.game]}, ${(bytes / 1e6).toFixed(0)} MB${size.logs ? ' with token-wise logs' : ''}`;
    const row = (what: string, { wall, processor }: Rate): Measurement => ({
      measure: `${what}: ${size.game}${size.logs ? ' with logs' : ''}`,
      ...{ value: wall, unit: 'MB/s', target: TARGET },
      note: `${of}; ${processor.toFixed(0)} MB a second of processor time`,
    });
    return [row('summary', summary), row('run folder', conversion)];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const benchmark: Benchmark = {
  title: 'Importing runs of AdAlignLLM',
  method: `parley import adalign: its summary, and the conversion to a run folder with every fsync, of ${NEGOTIATIONS} rollout files made after the fixtures, 64 an iteration; the median of three runs from a warm disk, after one more. MB are of all files read.`,
  async run() {
    const rows: Measurement[] = [];
    for (const game of ['tas', 'split', 'ipd'] as const) {
      for (const logs of [false, true]) rows.push(...(await measure({ game, negotiations: NEGOTIATIONS, batch: 64, logs })));
    }
    return rows;
  },
};

export default benchmark;
