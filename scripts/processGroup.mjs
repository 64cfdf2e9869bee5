// Runs a command as a process group of its own with a time limit, so that nothing it started outlives it.
// Node's built-ins only: these scripts run before anything is installed.
import { spawn, spawnSync } from 'node:child_process';

/** @type {Set<number>} the groups now running */
const running = new Set();

/** @param {number} pid @param {NodeJS.Signals} signal */
function signalGroup(pid, signal) {
  try {
    if (process.platform === 'win32') spawnSync('taskkill', ['/pid', String(pid), '/T', '/F']);
    else process.kill(-pid, signal);
  } catch {
    // It is gone already, which is what was wanted.
  }
}

const killAll = () => {
  for (const pid of running) signalGroup(pid, 'SIGKILL');
};
const endings = ['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal, index) => ({
  signal,
  handle() {
    for (const pid of running) signalGroup(pid, 'SIGTERM');
    setTimeout(() => process.exit(128 + ([2, 15, 1][index] ?? 0)), 300);
  },
}));

/** While a group runs, this process passes on its own end; between groups signals are left to whoever wants them. */
function hold(/** @type {number} */ pid) {
  if (running.size === 0) {
    process.on('exit', killAll);
    for (const { signal, handle } of endings) process.on(signal, handle);
  }
  running.add(pid);
}

function release(/** @type {number} */ pid) {
  running.delete(pid);
  if (running.size > 0) return;
  process.off('exit', killAll);
  for (const { signal, handle } of endings) process.off(signal, handle);
}

/**
 * Runs `command` to its end, or to `seconds`, whichever comes first; then its whole group is told to stop, and killed two seconds later.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: Record<string, string | undefined>, seconds: number, stdout?: 'inherit' | 'stderr' | 'ignore', shell?: boolean }} options
 *   `stdout: 'stderr'` keeps this process's stdout clean
 * @returns {Promise<{ code: number, timedOut: boolean }>} `code` is 127 where the command could not be started
 */
export function run(command, args, { cwd, env, seconds, stdout = 'inherit', shell = false }) {
  return new Promise((resolve) => {
    const out = stdout === 'stderr' ? 2 : stdout;
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', out, stdout === 'ignore' ? 'ignore' : 'inherit'],
      detached: process.platform !== 'win32',
      shell,
    });
    const { pid } = child;
    if (pid !== undefined) hold(pid);
    let timedOut = false;
    const limit = setTimeout(() => {
      timedOut = true;
      if (pid === undefined) return;
      signalGroup(pid, 'SIGTERM');
      setTimeout(() => signalGroup(pid, 'SIGKILL'), 2000).unref();
    }, seconds * 1000);
    const finish = (/** @type {number} */ code) => {
      clearTimeout(limit);
      if (pid !== undefined) {
        // Whatever the command left behind goes with it.
        signalGroup(pid, 'SIGKILL');
        release(pid);
      }
      resolve({ code, timedOut });
    };
    child.on('error', (error) => {
      process.stderr.write(`${command}: ${error.message}\n`);
      finish(127);
    });
    child.on('exit', (code, signal) => finish(code ?? (signal ? 128 : 1)));
  });
}

/**
 * npm's command line as `[command, first arguments]`: the npm that runs us where there is one, so that no second version meddles.
 * @param {string} [node] the Node to run it on
 */
export function npmCommand(node = process.execPath) {
  const npm = process.env.npm_execpath;
  if (npm?.endsWith('.js')) return /** @type {const} */ ([node, [npm]]);
  return /** @type {const} */ ([process.platform === 'win32' ? 'npm.cmd' : 'npm', []]);
}
