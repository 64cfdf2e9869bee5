// `npm run bench [-- NAME… --device cpu --threads N]`: runs scripts/bench/*.bench.ts, each alone in a process of its own, and rewrites
// docs/benchmarks.md. `npm run bench:ui` runs those that drive the workbench. Benchmarks that were not run keep their earlier numbers,
// which docs/benchmarks.json holds.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { installBrowser, installDependencies, installHost, PreparationError, root } from './prepare.mjs';
import { run } from './processGroup.mjs';

const store = path.join(root, 'docs/benchmarks.json');
const page = path.join(root, 'docs/benchmarks.md');
const built = path.join(root, 'out/bench');

/** @param {string} flag @param {string} fallback */
const option = (flag, fallback) => (process.argv.includes(flag) ? (process.argv[process.argv.indexOf(flag) + 1] ?? fallback) : fallback);
const device = option('--device', 'cpu');
const threads = Number(option('--threads', String(os.availableParallelism())));
/** Smaller than the whole, to see that it works: `bench:ui -- --iterations 200 --minutes 1`. */
const scale = Object.fromEntries(
  ['iterations', 'minutes'].flatMap((name) => (process.argv.includes(`--${name}`) ? [[name, Number(option(`--${name}`, ''))]] : [])),
);
const ui = process.argv.includes('--ui');
const named = process.argv
  .slice(2)
  .filter(
    (argument, index, all) =>
      !argument.startsWith('--') && !['--device', '--threads', '--iterations', '--minutes'].includes(all[index - 1] ?? ''),
  );

/** What the numbers depend on. */
async function machine() {
  const { version } = JSON.parse(readFileSync(path.join(root, 'node_modules/onnxruntime-node/package.json'), 'utf8'));
  const cpu = os.cpus()[0]?.model.trim() ?? 'unknown processor';
  const memory = Math.round(os.totalmem() / 2 ** 30);
  const gpu = device === 'cpu' ? [] : [process.env.PARLEY_BENCH_GPU ?? 'GPU not named (set PARLEY_BENCH_GPU)'];
  return [
    cpu,
    `${os.availableParallelism()} cores`,
    `${memory} GiB`,
    ...gpu,
    `${os.type()} ${os.arch()}`,
    `Node ${process.versions.node}`,
    `ONNX Runtime ${version}`,
  ].join(', ');
}

/** Bundles the benchmarks that are wanted, all where none is named. @returns {Promise<string[]>} their names */
async function bundle() {
  const esbuild = await import('esbuild');
  const files = readdirSync(path.join(root, 'scripts/bench')).filter((file) => file.endsWith('.bench.ts'));
  const all = files.map((file) => file.slice(0, -'.bench.ts'.length)).sort();
  const unknown = named.filter((name) => !all.includes(name));
  if (unknown.length > 0) throw new PreparationError(`No benchmark called ${unknown.join(', ')}; there are ${all.join(', ')}.`);
  const wanted = named.length > 0 ? named : all;
  rmSync(built, { recursive: true, force: true });
  await esbuild.build({
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    packages: 'external',
    logLevel: 'warning',
    entryPoints: wanted.map((name) => `scripts/bench/${name}.bench.ts`),
    outdir: 'out/bench',
    outExtension: { '.js': '.mjs' },
  });
  return wanted;
}

/** Whether `value` reaches `target`, which is `≥ x` or `≤ x`. */
function reached(/** @type {number} */ value, /** @type {string} */ target) {
  const limit = Number(target.slice(1).trim());
  if (!/^[≥≤]/.test(target) || Number.isNaN(limit))
    throw new Error(`A benchmark's target is "${target}"; it must be "≥ number" or "≤ number".`);
  return target.startsWith('≥') ? value >= limit : value <= limit;
}

const number = (/** @type {number} */ value) =>
  Number.isInteger(value) && Math.abs(value) < 1e6
    ? String(value)
    : value.toPrecision(3).includes('e')
      ? value.toFixed(0)
      : value.toPrecision(3);

/** @param {Record<string, any>} results */
function render(results) {
  const sections = Object.values(results).map(({ title, method, date, machine: on, measurements, learned = [] }) => {
    const rows = measurements.map((/** @type {any} */ { measure, value, unit, target, note }) => {
      const verdict = target === undefined ? '' : `${target} ${reached(value, target) ? '(reached)' : '(not reached)'}`;
      return `| ${measure} | ${number(value)} ${unit} | ${verdict} | ${note ?? ''} |`;
    });
    return [
      `## ${title}`,
      '',
      method,
      '',
      `${date}; ${on}.`,
      '',
      '| measure | value | target | of what |',
      '|---|---|---|---|',
      ...rows,
      '',
      ...learned.map((/** @type {string} */ line) => `- ${line}`),
      ...(learned.length > 0 ? [''] : []),
    ].join('\n');
  });
  const head =
    '# Benchmarks\n\nWritten by `npm run bench` and `npm run bench:ui`, which repeat all of it; the raw numbers are in `benchmarks.json`.\nAdd one: [CONTRIBUTING.md](../CONTRIBUTING.md).\n';
  return [head, ...sections].join('\n');
}

async function main() {
  await installDependencies();
  if (ui) {
    await installBrowser();
    await installHost();
    await run(process.execPath, [path.join(root, 'scripts/package.mjs')], { cwd: root, seconds: 300, stdout: 'stderr' });
  }
  const wanted = await bundle();
  const results = existsSync(store) ? JSON.parse(readFileSync(store, 'utf8')) : {};
  let failed = 0;
  let ran = 0;
  for (const name of wanted) {
    const file = path.join(built, `${name}.bench.mjs`);
    const resultFile = path.join(built, `${name}.json`);
    const { default: benchmark } = await import(file);
    if (named.length === 0 && Boolean(benchmark.ui) !== ui) continue;
    ran += 1;
    process.stdout.write(`\n${benchmark.title}\n`);
    const args = [path.join(root, 'scripts/bench/runOne.mjs'), file, resultFile, JSON.stringify({ device, threads, ...scale })];
    const { code, timedOut } = await run(process.execPath, args, { cwd: root, seconds: benchmark.seconds ?? 300 });
    if (code !== 0 || !existsSync(resultFile)) {
      process.stderr.write(`${name}: ${timedOut ? 'took too long' : `ended with code ${code}`}; its earlier numbers stay.\n`);
      failed += 1;
      continue;
    }
    const measurements = JSON.parse(readFileSync(resultFile, 'utf8'));
    for (const { measure, value, unit, note } of measurements)
      process.stdout.write(`  ${measure}: ${number(value)} ${unit}${note ? ` (${note})` : ''}\n`);
    const key = device === 'cpu' ? name : `${name}@${device}`;
    const title = device === 'cpu' ? benchmark.title : `${benchmark.title} (${device})`;
    results[key] = {
      title,
      method: benchmark.method,
      date: new Date().toISOString().slice(0, 10),
      machine: await machine(),
      measurements,
      ...(benchmark.learned === undefined ? {} : { learned: benchmark.learned }),
    };
    // After each: what was measured is kept, whatever the next one does.
    mkdirSync(path.dirname(store), { recursive: true });
    const sorted = Object.fromEntries(Object.entries(results).sort(([a], [b]) => (a < b ? -1 : 1)));
    writeFileSync(store, `${JSON.stringify(sorted, null, 2)}\n`);
    writeFileSync(page, render(sorted));
  }
  if (ran === 0) throw new PreparationError(`There is no benchmark for ${ui ? 'npm run bench:ui' : 'npm run bench'} yet.`);
  return failed;
}

try {
  process.exitCode = (await main()) > 0 ? 1 : 0;
} catch (error) {
  process.stderr.write(`${error instanceof PreparationError ? error.message : error instanceof Error ? error.stack : error}\n`);
  process.exitCode = 1;
}
