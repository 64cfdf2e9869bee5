import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { GAME_IDS } from '../../domain/games';
import type { GameId } from '../../domain/games/game';
import { openOnnxEngine } from '../../engine/onnx/engine';
import { EMBEDDED_POLICIES, type PolicyFolder } from '../../runs/embeddedPolicy';
import { writeCard } from './card';
import { gates, passes } from './gates';
import { pretrain } from './pretrain';
import { POLICIES, pretrainedGames } from './schedule';

const HELP = `Makes the embedded policies from transcripts of scripted players, and measures their gates.

  npm run pretrain                                      makes all of media/policies again, byte for byte
  npm run pretrain -- --policy seed [--seed 0] [--threads 2] [--out FOLDER]     one of them: ${Object.keys(POLICIES).join(', ')}
  npm run pretrain -- --measure media/policies/seed [--games ipd,split]         only measures the gates of a policy that is there

A game whose gates are missed is not offered for the policy, and its card says so. A policy that misses a gate of a game that
it is there for is not put in place: it is left beside the folder, and the exit code is 1.
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      policy: { type: 'string' },
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
  const threads = Number(values.threads);
  if (values.measure !== undefined) {
    const games = (values.games?.split(',') ?? GAME_IDS) as readonly GameId[];
    const strange = games.find((game) => !GAME_IDS.includes(game));
    if (strange !== undefined) throw new Error(`--games: there is no game "${strange}"; there are ${GAME_IDS.join(', ')}`);
    return (await measure(values.measure, games, threads, say)).missed;
  }
  const folders = Object.keys(POLICIES) as PolicyFolder[];
  const chosen = folders.filter((folder) => values.policy === undefined || folder === values.policy);
  if (chosen.length === 0) throw new Error(`--policy: there is no policy "${values.policy}"; there are ${folders.join(', ')}`);
  if (values.out !== undefined && values.policy === undefined) throw new Error('--out needs --policy: name the one to write there');
  const seed = Number(values.seed);
  let missed = 0;
  for (const folder of chosen) missed += await make(folder, resolve(values.out ?? join('media/policies', folder)), seed, threads, say);
  return missed;
}

/** Makes one policy; 1 where it may not be shipped. */
async function make(folder: PolicyFolder, out: string, seed: number, threads: number, say: (line: string) => void): Promise<number> {
  const pretraining = POLICIES[folder];
  const games = pretrainedGames(pretraining);
  await mkdir(out, { recursive: true });
  const draft = await mkdtemp(`${out}-`);
  await pretrain(draft, pretraining, { seed, threads, say });
  const { measured, parameters } = await measure(draft, games, threads, say);
  const spoken = games.filter((game) => measured.every((gate) => gate.game !== game || passes(gate)));
  await nameGames(join(draft, 'config.json'), spoken);
  await writeCard(draft, pretraining, seed, parameters, measured, spoken);
  const failed = games.filter((game) => EMBEDDED_POLICIES[game] === folder && !spoken.includes(game));
  if (failed.length > 0) {
    say(`gates of ${failed.join(', ')} are missed: left in ${draft}`);
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
