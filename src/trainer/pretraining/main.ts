import { games } from '../../domain/games';
import type { GameId } from '../../domain/games/game';
import { pretrain } from './pretrain';

/** `npm run pretrain -- [--seed 0] [--threads 2] [--games ipd,split] FOLDER` */
async function main(args: readonly string[]): Promise<void> {
  const option = (name: string, fallback: string): string => {
    const at = args.indexOf(`--${name}`);
    return at < 0 ? fallback : (args[at + 1] ?? fallback);
  };
  const folder = args.at(-1);
  if (!folder || folder.startsWith('--')) throw new Error('name the folder to write the policy to');
  await pretrain(folder, {
    seed: Number(option('seed', '0')),
    threads: Number(option('threads', '2')),
    games: option('games', Object.keys(games).join(',')).split(',') as GameId[],
    say: (line) => process.stderr.write(`${line}\n`),
  });
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
