import { arch, availableParallelism, cpus, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { env } from 'onnxruntime-node';
import { parleyVersion } from '../../src/trainer/environment';
import { judge } from './claims';
import { EXPERIMENTS } from './experiments';
import { reproduce } from './reproduce';

const usage = 'usage: npm run reproduce [-- --out DIR] [--seeds 10,11] [--only ipd-aa,ipd-rl] [--jobs 2] [--docs DIR]';

function option(name: string): string | undefined {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? undefined : process.argv[at + 1];
}

const known = ['out', 'seeds', 'only', 'jobs', 'docs'];
const strange = process.argv.slice(2).find((word) => word.startsWith('--') && !known.includes(word.slice(2)));
if (strange !== undefined) {
  process.stderr.write(`${strange}: ${usage}\n`);
  process.exit(2);
}
const root = process.cwd();
const only = option('only')?.split(',');
const unknown = only?.find((id) => !EXPERIMENTS.some((experiment) => experiment.id === id));
if (unknown !== undefined) {
  process.stderr.write(`--only ${unknown}: there are ${EXPERIMENTS.map(({ id }) => id).join(', ')}\n`);
  process.exit(2);
}
const seeds = option('seeds')?.split(',').map(Number);
const media = join(root, 'media');
const all = only === undefined && seeds === undefined;
const cpu = cpus()[0]?.model.trim() ?? 'unknown processor';
const outcomes = await reproduce({
  experiments: EXPERIMENTS.filter(({ id }) => only?.includes(id) ?? true).map((each) => ({ ...each, seeds: seeds ?? each.seeds })),
  root: option('out') ?? join(root, 'out/reproduce'),
  // A part of the findings is no page of findings: it is written beside the runs.
  docs: option('docs') ?? (all ? join(root, 'docs') : (option('out') ?? join(root, 'out/reproduce'))),
  media,
  script: join(root, 'dist/trainer.js'),
  jobs: Number(option('jobs') ?? Math.min(8, availableParallelism())),
  negotiations: 256,
  circumstances: {
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpu}, ${availableParallelism()} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${type()} ${arch()}, Node ${process.versions.node}`,
    parley: parleyVersion(media),
    onnxruntime: env.versions.node ?? env.versions.common,
  },
  say: (line) => process.stderr.write(`${process.stderr.isTTY ? '\r\x1b[K' : ''}${line}\n`),
  show: (line) => process.stderr.isTTY && process.stderr.write(`\r\x1b[K${line.slice(0, (process.stderr.columns ?? 100) - 1)}`),
});
for (const { claim, values, holds } of judge(outcomes)) {
  const numbers = values.map((value) => (value === null ? '–' : value.toFixed(3))).join(' ');
  process.stdout.write(
    `${claim.experiment}: ${claim.what} ${claim.relation} ${claim.limit}: ${numbers}; on ${holds} of ${values.length}\n`,
  );
}
