import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import * as esbuild from 'esbuild';
import { z } from 'zod';
import { readArguments } from '../../src/cli/arguments';
import { pairedCommand } from '../../src/cli/pairedCommand';
import { mediaFolder } from '../../src/runs/media';
import type { Benchmark } from './benchmark';

const result = z.object({
  type: z.literal('finished'),
  measures: z.object({ rl: z.object({ cooperationRate: z.number() }), aa: z.object({ cooperationRate: z.number() }) }),
});

const benchmark: Benchmark = {
  title: 'The paired run',
  method:
    'parley paired: RL and AA on the prisoner’s dilemma, 200 iterations each, two processes at once that share the cores; from the command to the table.',
  seconds: 600,
  async run({ device }) {
    const root = process.cwd();
    const folder = await mkdtemp(join(tmpdir(), 'parley-bench-'));
    const script = join(root, 'out/bench/trainer.cjs');
    await esbuild.build({
      entryPoints: [join(root, 'src/trainer/main.ts')],
      outfile: script,
      bundle: true,
      platform: 'node',
      format: 'cjs',
      external: ['onnxruntime-node', 'onnxruntime-common'],
      logLevel: 'error',
    });
    const out: string[] = [];
    const started = performance.now();
    try {
      const code = await pairedCommand.run(readArguments(['--json', '--device', device, '--out', join(folder, 'runs')], pairedCommand), {
        out: (text) => void out.push(text),
        err: (text) => void process.stderr.write(text),
        live: false,
        columns: 100,
        readAll: async () => '',
        media: mediaFolder(root),
        trainerScript: script,
        cores: availableParallelism(),
      });
      if (code !== 0) throw new Error('the paired run failed');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
    const seconds = (performance.now() - started) / 1000;
    const { measures } = result.parse(JSON.parse(out.at(-1) ?? ''));
    return [
      {
        measure: 'both runs',
        value: seconds,
        unit: 's',
        target: '≤ 120',
        note: '2 × 200 iterations of 64 negotiations × 10 rounds, final measures included',
      },
      { measure: 'RL: cooperation rate at the end', value: measures.rl.cooperationRate, unit: '', target: '≤ 0.1', note: 'seed 0' },
      { measure: 'AA: cooperation rate at the end', value: measures.aa.cooperationRate, unit: '', target: '≥ 0.9', note: 'seed 0' },
    ];
  },
};

export default benchmark;
