// `npm start`: from a fresh clone to a paired run (RL and Advantage Alignment, same seeds) in VS Code. Desktop VS Code where there is one,
// else the same workbench in the browser. `-- --terminal` shows the run in the terminal, `-- --check` starts, looks and stops;
// `-- --idle` starts no run, `-- --folder DIR` keeps its data there. Node's built-ins only until all is installed.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { findDesktop } from './desktop.mjs';
import { installDependencies, installHost, PreparationError, root } from './prepare.mjs';
import { run } from './processGroup.mjs';
import { prepareSampleWorkspace } from './sampleWorkspace.mjs';

const flags = process.argv.slice(2);
/** Kept from start to start, so that earlier runs are there: user data, and the copy of the sample workspace. */
const home = flags.includes('--folder') ? path.resolve(flags[flags.indexOf('--folder') + 1] ?? '.') : path.join(root, 'out/start');
/** Parley from these sources, and the small extension that starts the paired run. */
const extensions = flags.includes('--idle') ? [root] : [root, path.join(root, 'scripts/starter')];
/** Names this start to the starter, which begins one run for each. */
const env = { PARLEY_START: randomBytes(8).toString('hex') };
const say = (/** @type {string} */ line) => process.stdout.write(`${line}\n`);

const has = (/** @type {string} */ flag) => flags.includes(flag);

/** The settings that a person has changed since the last start. */
function presentSettings(/** @type {string} */ data) {
  try {
    return JSON.parse(readFileSync(path.join(data, 'User/settings.json'), 'utf8'));
  } catch {
    return {};
  }
}

async function build() {
  const { code } = await run(process.execPath, [path.join(root, 'esbuild.mjs'), '--tests'], { cwd: root, seconds: 120, stdout: 'stderr' });
  if (code !== 0) throw new PreparationError('Parley does not build; the errors are above.');
  for (const bundle of ['extension', 'trainer', 'webview']) {
    if (!existsSync(path.join(root, `dist/${bundle}.js`))) throw new PreparationError(`dist/${bundle}.js was not built.`);
  }
}

/** The server's module, which exists as a bundle only once it is built. @returns {Promise<typeof import('../test/host/server')>} */
const serverModule = () => import(pathToFileURL(path.join(root, 'out/test/host/server.mjs')).href);

async function startDesktop(/** @type {string} */ executable, /** @type {string} */ workspace) {
  const { quietSettings } = await serverModule();
  const data = path.join(home, 'desktop');
  const settings = { ...quietSettings, ...presentSettings(data) };
  mkdirSync(path.join(data, 'User'), { recursive: true });
  writeFileSync(path.join(data, 'User/settings.json'), `${JSON.stringify(settings, null, 2)}\n`);
  const args = [
    workspace,
    ...extensions.map((folder) => `--extensionDevelopmentPath=${folder}`),
    `--user-data-dir=${data}`,
    `--extensions-dir=${path.join(home, 'desktop-extensions')}`,
  ];
  args.push('--new-window', '--disable-workspace-trust', '--skip-welcome', '--skip-release-notes');
  if (process.getuid?.() === 0) args.push('--no-sandbox');
  say(`Opening ${executable}. Close its window or press Ctrl-C to end.`);
  // A day: the window is the user's. Ctrl-C ends the whole group.
  const { code } = await run(executable, args, { env, seconds: 24 * 3600, stdout: 'ignore' });
  return code;
}

/** Shows `url` to a person where there is a screen; where there isn't, the printed line must do. */
function openBrowser(/** @type {string} */ url) {
  const opener =
    process.platform === 'darwin'
      ? 'open'
      : process.platform === 'linux' && (process.env.DISPLAY || process.env.WAYLAND_DISPLAY)
        ? 'xdg-open'
        : undefined;
  if (opener === undefined) return;
  spawn(opener, [url], { stdio: 'ignore', detached: true })
    .on('error', () => {})
    .unref();
}

async function startServer(/** @type {string} */ workspace) {
  const { startServer: start, workbenchUrl } = await serverModule();
  const folder = path.join(home, 'server');
  const connectionToken = randomBytes(16).toString('hex');
  const server = await start({
    folder,
    connectionToken,
    // Linked and not in development mode, which VS Code for the web has only with its notifications switched off.
    extensions,
    settings: presentSettings(path.join(folder, 'data')),
    env,
  });
  const url = workbenchUrl(server, { folder: workspace, connectionToken });
  try {
    if (has('--check')) return await check(server.url, url);
    say(`\nVS Code with Parley:\n\n  ${url}\n\nOpen it in a browser on this machine. Ctrl-C ends everything.`);
    openBrowser(url);
    const asked = new Promise((resolve) => {
      for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => resolve(undefined));
    });
    const died = await Promise.race([server.ended, asked]);
    if (died === undefined) return 0;
    process.stderr.write(`${died}\n${server.output().slice(-2000)}\n`);
    return 1;
  } finally {
    await server.stop();
  }
}

/** For tests: the workbench answers with the token and is refused without it. */
async function check(/** @type {string} */ bare, /** @type {string} */ url) {
  // The server answers with a cookie and a redirect, as a browser wants it.
  const welcome = await fetch(url, { redirect: 'manual' });
  const cookie = welcome.headers.get('set-cookie')?.split(';')[0] ?? '';
  const page = await fetch(new URL(welcome.headers.get('location') ?? url, url), { headers: { cookie } });
  if (!page.ok || !(await page.text()).includes('workbench')) throw new PreparationError(`The workbench did not answer (${page.status}).`);
  const { status } = await fetch(bare);
  if (status !== 403) throw new PreparationError(`The workbench answered without its token (${status}).`);
  say('ok');
  return 0;
}

try {
  await installDependencies();
  if (has('--terminal')) {
    const { buildCommandLine, runCommandLine } = await import('./parley.mjs');
    await buildCommandLine();
    process.exitCode = await runCommandLine(['paired', ...flags.filter((flag) => flag !== '--terminal')]);
  } else {
    await build();
    const workspace = prepareSampleWorkspace(home);
    const desktop = has('--check') ? undefined : findDesktop();
    if (desktop === undefined) await installHost();
    process.exitCode = desktop === undefined ? await startServer(workspace) : await startDesktop(desktop, workspace);
  }
} catch (error) {
  process.stderr.write(`${error instanceof PreparationError ? error.message : error instanceof Error ? error.stack : error}\n`);
  process.exitCode = 1;
}
