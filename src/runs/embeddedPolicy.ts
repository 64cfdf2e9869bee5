import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { GameId } from '../domain/games/game';
import { GAME_IDS } from '../domain/games/index';
import { gameId } from '../protocol/runConfig';

/** Folders of the embedded policies under media/policies. */
export type PolicyFolder = 'seed' | 'seed-split' | 'seed-trust' | 'seed-sharing' | 'seed-deal';

/** The embedded policy of each game; docs/embedded-policy.md says why one for all is not as good. */
export const EMBEDDED_POLICIES: Readonly<Record<GameId, PolicyFolder>> = {
  ipd: 'seed',
  split: 'seed-split',
  'trust-and-split': 'seed-trust',
  'trust-and-split-values': 'seed-sharing',
  'deal-or-no-deal': 'seed-deal',
};

/** What an embedded policy's config.json says beyond what Hugging Face knows: the games whose gates it passed. */
const speaks = z.looseObject({ parley: z.looseObject({ games: z.array(gameId) }) });

/** The folder of the embedded policy for a game. */
export function embeddedPolicy(media: string, game: GameId): string {
  return join(media, 'policies', EMBEDDED_POLICIES[game]);
}

/** Whether a path is that of an embedded policy, here or where it was trained. */
export function isEmbeddedPolicy(path: string): boolean {
  const [parent, name] = path
    .split(/[/\\]+/)
    .filter((part) => part !== '')
    .slice(-2);
  return parent === 'policies' && Object.values(EMBEDDED_POLICIES).some((folder) => folder === name);
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
