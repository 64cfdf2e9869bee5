import type { ChildProcess } from 'node:child_process';
import type { Transport } from '../protocol/channel';

/** The channel's transport to a child that was forked. */
export function childTransport(child: ChildProcess): Transport {
  return {
    post: (message) => {
      // An unsent message is told by the exit, which follows.
      child.send(message as object, () => undefined);
    },
    onMessage: (listener) => void child.on('message', listener),
    onClose: (listener) => void child.once('disconnect', () => listener('the process closed its channel')),
  };
}

/** What to say of a process that went without a word: how, and the likeliest of its last words why. */
export function deathNotice(who: string, how: string, stderr: string): string {
  const words = stderr
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('at ') && !line.startsWith('Node.js v'));
  const why = words.findLast((line) => /error|cannot|failed|memory/i.test(line)) ?? words.at(-1);
  return `${who} ${how}${why === undefined ? '' : `: ${why}`}`;
}
