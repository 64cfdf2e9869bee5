import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { GameId } from '../domain/games/game';
import { GAME_IDS } from '../domain/games/index';
import { gameId } from '../protocol/runConfig';

/** Folders of the embedded policies under media/policies. */
const FOLDERS = ['seed', 'seed-sharing'] as const;

/** What an embedded policy's config.json says beyond what Hugging Face knows: the games whose gates it passed. */
const speaks = z.looseObject({ parley: z.looseObject({ games: z.array(gameId) }) });

/**
 * The folder of the embedded policy for a game. There are two: one that speaks the Iterated Prisoner's Dilemma alone, and
 * one for the games about sharing. docs/embedded-policy.md says why one for all is not as good.
 */
export function embeddedPolicy(media: string, game: GameId): string {
  return join(media, 'policies', game === 'ipd' ? 'seed' : 'seed-sharing');
}

/** Whether a path is that of an embedded policy, here or where it was trained. */
export function isEmbeddedPolicy(path: string): boolean {
  const [parent, name] = path
    .split(/[/\\]+/)
    .filter((part) => part !== '')
    .slice(-2);
  return parent === 'policies' && (FOLDERS as readonly (string | undefined)[]).includes(name);
}

/** The games that can be trained with the embedded policies; none where there are no policies. */
export function embeddedGames(media: string): GameId[] {
  return GAME_IDS.filter((game) => {
    try {
      const config: unknown = JSON.parse(readFileSync(join(embeddedPolicy(media, game), 'config.json'), 'utf8'));
      return speaks.parse(config).parley.games.includes(game);
    } catch {
      return false;
    }
  });
}
