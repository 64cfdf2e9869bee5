// `npm test`: everything, from a fresh clone. `node scripts/test.mjs unit|integration|e2e [-- …]` runs one kind, with what it needs
// before it; `prepare` installs and stops. Ends with one line, `N passed, N failed`. Node's built-ins only until all is installed.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { installBrowser, installDependencies, installHost, PreparationError, root } from './prepare.mjs';
import { run } from './processGroup.mjs';

/** The whole run ends within this, whatever hangs. */
const limitSeconds = 23 * 60;
const started = performance.now();
const elapsed = () => (performance.now() - started) / 1000;

const node = process.execPath;
const results = path.join(root, 'out/results');
const own = process.argv.slice(2);
const forwarded = own.includes('--') ? own.slice(own.indexOf('--') + 1) : own.slice(1);

/** @param {string} file @returns {{ passed: number, failed: number } | undefined} */
function countVitest(file) {
  if (!existsSync(file)) return undefined;
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(file, 'utf8'));
  // A file that can't be loaded has no failed test in it; it is one failure all the same.
  const broken = testResults.filter(
    (/** @type {any} */ { status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((/** @type {any} */ test) => test.status === 'failed'),
  );
  return { passed: numPassedTests, failed: numFailedTests + broken.length };
}

/** @param {string} file @returns {{ passed: number, failed: number } | undefined} */
function countIntegration(file) {
  if (!existsSync(file)) return undefined;
  const { passed, failed } = JSON.parse(readFileSync(file, 'utf8'));
  return { passed, failed };
}

const vitest = (/** @type {string[]} */ args) => (/** @type {string} */ file) => [
  path.join(root, 'node_modules/vitest/vitest.mjs'),
  'run',
  ...args,
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${file}`,
];

/** The kinds of test, in the order they run. `seconds` limits each. */
const kinds = {
  unit: { seconds: 600, command: vitest([]), count: countVitest },
  integration: { seconds: 270, command: () => [path.join(root, 'out/test/integration/launch.mjs')], count: countIntegration },
  e2e: { seconds: 900, command: vitest(['--config', 'test/e2e/vitest.config.ts']), count: countVitest },
};

const total = { passed: 0, failed: 0 };
/** @type {string[]} */
const summary = [];

function record(
  /** @type {string} */ stage,
  /** @type {{ passed: number, failed: number }} */ { passed, failed },
  /** @type {string} */ remark = '',
) {
  total.passed += passed;
  total.failed += failed;
  summary.push(`${stage.padEnd(12)} ${passed} passed, ${failed} failed${remark}  (${elapsed().toFixed(0)} s)`);
}

/** A step without tests of its own: silent in the count when it works, one failure when it doesn't. */
async function step(/** @type {string} */ name, /** @type {() => Promise<unknown>} */ action) {
  process.stderr.write(`\n── ${name}\n`);
  try {
    await action();
    return true;
  } catch (error) {
    const known = error instanceof PreparationError;
    process.stderr.write(`${name}: ${known ? error.message : error instanceof Error ? error.stack : error}\n`);
    record(name, { passed: 0, failed: 1 });
    return false;
  }
}

/** Runs a command that must end with 0, within its own limit and what is left of the whole run's. */
async function must(/** @type {readonly string[]} */ args, /** @type {number} */ seconds) {
  const limit = Math.max(1, Math.min(seconds, limitSeconds - elapsed()));
  const { code, timedOut } = await run(node, args, { cwd: root, seconds: limit });
  if (timedOut) throw new PreparationError(`took more than ${limit.toFixed(0)} s`);
  if (code !== 0) throw new PreparationError(`ended with code ${code}`);
}

async function test(/** @type {keyof typeof kinds} */ kind) {
  const { seconds, command, count } = kinds[kind];
  const file = path.join(results, `${kind}.json`);
  process.stderr.write(`\n── ${kind} tests\n`);
  mkdirSync(results, { recursive: true });
  rmSync(file, { force: true });
  const limit = Math.max(1, Math.min(seconds, limitSeconds - elapsed()));
  const { code, timedOut } = await run(node, [...command(file), ...(kind === own[0] ? forwarded : [])], {
    cwd: root,
    env: { PARLEY_RESULTS: file },
    seconds: limit,
  });
  const counted = count(file);
  if (timedOut) record(kind, { passed: counted?.passed ?? 0, failed: (counted?.failed ?? 0) + 1 }, `, stopped after ${limit.toFixed(0)} s`);
  else if (counted === undefined) record(kind, { passed: 0, failed: 1 }, ', left no results');
  else if (counted.passed + counted.failed === 0) record(kind, { passed: 0, failed: 1 }, ', ran no test');
  else if (code !== 0 && counted.failed === 0) record(kind, { passed: counted.passed, failed: 1 }, `, ended with code ${code}`);
  else record(kind, counted);
}

const steps = {
  dependencies: () => installDependencies(),
  browser: () => installBrowser(),
  host: () => installHost(),
  build: () => must([path.join(root, 'esbuild.mjs'), '--tests'], 120),
  check: () => must([path.join(root, 'scripts/check.mjs')], 240),
  package: () => must([path.join(root, 'scripts/package.mjs')], 300),
};

/** @type {Record<string, { before: (keyof typeof steps)[], tests: (keyof typeof kinds)[] }>} */
const plans = {
  all: { before: ['dependencies', 'browser', 'host', 'check'], tests: ['unit', 'integration', 'e2e'] },
  prepare: { before: ['dependencies', 'browser', 'host'], tests: [] },
  unit: { before: ['dependencies'], tests: ['unit'] },
  integration: { before: ['dependencies', 'browser', 'host'], tests: ['integration'] },
  e2e: { before: ['dependencies', 'browser', 'host'], tests: ['e2e'] },
};
/** What a kind of test needs right before it; where that fails, the tests can't run and the step's failure stands for them. */
const needs = { unit: /** @type {const} */ ([]), integration: /** @type {const} */ (['build']), e2e: /** @type {const} */ (['package']) };

const plan = plans[own[0] ?? 'all'];
if (plan === undefined) {
  process.stderr.write(`scripts/test.mjs: no tests called ${own[0]}; there are ${Object.keys(plans).join(', ')}\n`);
  process.exit(2);
}
let ready = true;
for (const name of plan.before) {
  const done = await step(name, steps[name]);
  // Code that doesn't check is a failure, but its tests still say something.
  if (!done && name !== 'check') ready = false;
  if (!done && name === 'dependencies') break;
}
if (ready) {
  for (const kind of plan.tests) {
    let able = true;
    for (const name of needs[kind]) able = (await step(name, steps[name])) && able;
    if (able) await test(kind);
  }
}
if (summary.length > 0) process.stdout.write(`\n${summary.join('\n')}\n`);
process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`);
const nothingRan = plan.tests.length > 0 && total.passed === 0;
process.exit(total.failed > 0 || nothingRan ? 1 : 0);
