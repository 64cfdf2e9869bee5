// `npm run -s parley -- …`: runs dist/cli.js, after installing and building where that is needed. All that happens
// before goes to stderr, because stdout belongs to the command (`--json`). Node's built-ins only until then.
import { spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { installDependencies, PreparationError, root } from './prepare.mjs';
import { run } from './processGroup.mjs';

/** The newest change under `folder`, in milliseconds. */
function newest(/** @type {string} */ folder) {
  const files = readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true });
  return Math.max(...files.filter((file) => file.isFile()).map((file) => statSync(path.join(file.parentPath, file.name)).mtimeMs));
}

/**
 * Builds the command line and the trainer that it starts, if a source is newer than they are.
 * @throws PreparationError where they don't build
 */
export async function buildCommandLine() {
  const bundles = ['dist/cli.js', 'dist/trainer.js'].map((file) => path.join(root, file));
  const source = Math.max(newest('src'), statSync(path.join(root, 'esbuild.mjs')).mtimeMs);
  if (bundles.every((file) => existsSync(file) && statSync(file).mtimeMs > source)) return;
  const { code } = await run(process.execPath, [path.join(root, 'esbuild.mjs'), '--only', 'cli,trainer'], {
    seconds: 120,
    stdout: 'stderr',
  });
  if (code !== 0 || !existsSync(bundles[0] ?? ''))
    throw new PreparationError('Parley’s command line could not be built; the errors are above.');
}

/**
 * Runs the command line with this terminal's streams and in the folder the user called from.
 * @param {readonly string[]} args
 * @returns {Promise<number>} its exit code
 */
export function runCommandLine(args) {
  return new Promise((resolve) => {
    // npm runs its scripts in the package's folder; paths on the command line are meant from where the user stands.
    const cwd = process.env.npm_lifecycle_event === 'parley' ? process.env.INIT_CWD : undefined;
    const child = spawn(process.execPath, [path.join(root, 'dist/cli.js'), ...args], { stdio: 'inherit', cwd: cwd ?? process.cwd() });
    // Ctrl-C reaches the child by itself; this process waits for it to end in order.
    process.on('SIGINT', () => {});
    process.on('SIGTERM', () => child.kill('SIGTERM'));
    child.on('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)));
  });
}

if (process.argv[1] === path.join(root, 'scripts/parley.mjs')) {
  try {
    await installDependencies();
    await buildCommandLine();
    process.exitCode = await runCommandLine(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof PreparationError ? error.message : error instanceof Error ? error.stack : error}\n`);
    process.exitCode = 1;
  }
}
