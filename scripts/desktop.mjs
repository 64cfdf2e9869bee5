// Finds a desktop VS Code on this machine. Node's built-ins only.
import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';

/** Where VS Code's executable lies, seen from the folder of its `code` command: Linux, macOS, Windows. */
const fromCommand = [
  '../code',
  '../code-insiders',
  '../../../../MacOS/Electron',
  '../../../../MacOS/Code',
  '../Code.exe',
  '../Code - Insiders.exe',
];

/**
 * The executable of a desktop VS Code, or `undefined` where there is none or none could show a window. `VSCODE_EXECUTABLE_PATH`
 * names one; `VSCODE_HOST=server` declines. It is the executable and not the `code` command, whose window outlives it.
 * @param {NodeJS.ProcessEnv} [env]
 */
export function findDesktop(env = process.env) {
  if (env.VSCODE_HOST === 'server') return undefined;
  if (env.VSCODE_EXECUTABLE_PATH) return env.VSCODE_EXECUTABLE_PATH;
  // No screen; or a terminal of a remote window, where `code` talks to the VS Code at the other end.
  if (process.platform === 'linux' && !env.DISPLAY && !env.WAYLAND_DISPLAY) return undefined;
  if (env.VSCODE_IPC_HOOK_CLI) return undefined;
  const names = process.platform === 'win32' ? ['code.cmd'] : ['code', 'code-insiders'];
  for (const folder of (env.PATH ?? '').split(path.delimiter)) {
    for (const name of names) {
      const command = path.join(folder, name);
      if (!existsSync(command)) continue;
      const bin = path.dirname(realpathSync(command));
      const executable = fromCommand.map((place) => path.resolve(bin, place)).find((place) => existsSync(place));
      if (executable !== undefined) return executable;
    }
  }
  return undefined;
}
