import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { main } from './cli/main';
import { mediaFolder } from './runs/media';

// A reader that had enough (`parley … | head`) is no failure of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

void main(process.argv.slice(2), {
  out: (line) => void process.stdout.write(line),
  err: (line) => void process.stderr.write(line),
  live: process.stderr.isTTY === true,
  get columns() {
    return process.stderr.columns || 100;
  },
  readAll: () => text(process.stdin),
  media: mediaFolder(__dirname),
  trainerScript: join(__dirname, 'trainer.js'),
  cores: availableParallelism(),
}).then((code) => {
  process.exitCode = code;
});
