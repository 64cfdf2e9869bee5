import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { GAME_IDS } from '../../domain/games';
import type { GameId } from '../../domain/games/game';
import { openOnnxEngine } from '../../engine/onnx/engine';
import { writeCard } from './card';
import { gates, passes } from './gates';
import { pretrain } from './pretrain';
import { POLICIES } from './schedule';

const HELP = `Makes the embedded policies from transcripts of scripted players, and measures their gates.

  npm run pretrain                                      makes all of media/policies again, byte for byte
  npm run pretrain -- [--seed 0] [--threads 2] --games ipd,split --out FOLDER
  npm run pretrain -- --measure media/policies/seed     only measures the gates of a policy that is there

A game whose gates are missed is not offered for the policy, and its card says so. One that misses a gate of the Iterated
Prisoner's Dilemma is not put in place: it is left beside the folder, and the exit code is 1.
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '0' },
      threads: { type: 'string', default: '2' },
      games: { type: 'string' },
      out: { type: 'string' },
      measure: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const say = (line: string): void => void process.stderr.write(`${line}\n`);
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const games = (values.games?.split(',') ?? GAME_IDS) as readonly GameId[];
  const strange = games.find((game) => !GAME_IDS.includes(game));
  if (strange !== undefined) throw new Error(`--games: there is no game "${strange}"; there are ${GAME_IDS.join(', ')}`);
  const threads = Number(values.threads);
  if (values.measure !== undefined) return (await measure(values.measure, games, threads, say)).missed;
  const seed = Number(values.seed);
  if (values.out !== undefined) return make(resolve(values.out), games, seed, threads, say);
  if (values.games !== undefined) throw new Error('--games needs --out: name the folder to write the policy to');
  let missed = 0;
  for (const [folder, spoken] of Object.entries(POLICIES))
    missed += await make(resolve('media/policies', folder), spoken, seed, threads, say);
  return missed;
}

/** Makes one policy; 1 where it may not be shipped. */
async function make(out: string, games: readonly GameId[], seed: number, threads: number, say: (line: string) => void): Promise<number> {
  await mkdir(out, { recursive: true });
  const draft = await mkdtemp(`${out}-`);
  await pretrain(draft, { seed, threads, games, say });
  const { measured, parameters } = await measure(draft, games, threads, say);
  const spoken = games.filter((game) => measured.every((gate) => gate.game !== game || passes(gate)));
  await nameGames(join(draft, 'config.json'), spoken);
  await writeCard(draft, seed, parameters, measured, spoken, games);
  if (games.includes('ipd') && !spoken.includes('ipd')) {
    say(`gates of the Iterated Prisoner's Dilemma are missed: left in ${draft}`);
    return 1;
  }
  for (const file of await readdir(draft)) await rename(join(draft, file), join(out, file));
  await rm(draft, { recursive: true });
  say(`written to ${out}`);
  return 0;
}

/** Says in config.json which games the policy speaks, for those who offer them. */
async function nameGames(file: string, games: readonly GameId[]): Promise<void> {
  const config = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  await writeFile(file, `${JSON.stringify({ ...config, parley: { games } }, null, 2)}\n`);
}

async function measure(
  folder: string,
  games: readonly GameId[],
  threads: number,
  say: (line: string) => void,
): Promise<{ measured: Awaited<ReturnType<typeof gates>>; parameters: number; missed: number }> {
  const engine = await openOnnxEngine({ model: folder, threads, device: 'cpu' });
  const measured = await gates(engine, 'media', games);
  for (const gate of measured) say(`${passes(gate) ? 'passed' : 'MISSED'} ${gate.game}: ${gate.what} ${gate.value.toFixed(3)}`);
  const { parameters } = engine.info;
  await engine.dispose();
  return { measured, parameters, missed: measured.filter((gate) => !passes(gate)).length };
}

main().then(
  (code) => {
    process.exitCode = code === 0 ? 0 : 1;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  },
);
