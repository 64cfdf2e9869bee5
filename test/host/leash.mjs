// Holds a server on a leash: `node leash.mjs COMMAND ARGS…` runs the command in this process's group and kills the whole
// group as soon as stdin closes. The one who holds the other end may die of anything, SIGKILL included, and leaves no server behind.
import { spawn } from 'node:child_process';

const [command, ...args] = process.argv.slice(2);
if (command === undefined) throw new Error('usage: leash.mjs COMMAND ARGS…');
const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'] });

let ending = false;
function end() {
  if (ending) return;
  ending = true;
  // Ourselves included; the second signal is for what ignores the first.
  process.on('SIGTERM', () => {});
  process.kill(-process.pid, 'SIGTERM');
  setTimeout(() => process.kill(-process.pid, 'SIGKILL'), 1500);
}

process.stdin.resume();
process.stdin.on('end', end);
process.stdin.on('error', end);
child.on('error', (error) => {
  process.stderr.write(`${command}: ${error.message}\n`);
  process.exitCode = 127;
  process.stdin.destroy();
});
child.on('exit', (code, signal) => {
  process.exitCode = code ?? 128;
  process.stderr.write(`server ended (${signal ?? code})\n`);
  end();
});
