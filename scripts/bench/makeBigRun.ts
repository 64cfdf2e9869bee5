// Writes a run as long as those of papers, made up and seeded, through Parley's own writers, so that it is a valid run folder.
//   npx vite-node scripts/bench/makeBigRun.ts -- FOLDER [--iterations 3000] [--negotiations 64] [--rounds 10] [--seed 0]
// The whole of it is some gigabytes; a folder that is complete already is left as it is.
import { type BigRunSize, writeBigRun } from './bigRun';

const words = process.argv.slice(2).filter((word) => word !== '--');
const [folder] = words;
if (folder === undefined || folder.startsWith('--'))
  throw new Error('usage: vite-node scripts/bench/makeBigRun.ts -- FOLDER [--iterations N] …');

const number = (name: keyof BigRunSize, fallback: number): number => {
  const at = words.indexOf(`--${name}`);
  const value = at < 0 ? fallback : Number(words[at + 1]);
  if (!Number.isInteger(value) || value < 0) throw new Error(`--${name} takes a whole number, not ${words[at + 1]}`);
  return value;
};
const size: BigRunSize = {
  iterations: number('iterations', 3000),
  negotiations: number('negotiations', 64),
  rounds: number('rounds', 10),
  seed: number('seed', 0),
};
const started = Date.now();
await writeBigRun(folder, size, (iteration) => {
  if (iteration % 50 === 0 || iteration === size.iterations)
    console.log(`${iteration} of ${size.iterations} iterations, ${Math.round((Date.now() - started) / 1000)} s`);
});
