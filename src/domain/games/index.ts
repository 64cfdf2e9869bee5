import { dealOrNoDeal } from './deal-or-no-deal/dealOrNoDeal';
import type { Game, GameId, GameSettings } from './game';
import { ipd } from './ipd/ipd';
import { split } from './split/split';
import { trustAndSplit } from './trust-and-split/trustAndSplit';
import { trustAndSplitValues } from './trust-and-split-values/trustAndSplitValues';

export { VOCABULARY } from './vocabulary';

/** Every game by its id. */
export const games: Readonly<Record<GameId, Game>> = {
  ipd,
  split,
  'trust-and-split': trustAndSplit,
  'trust-and-split-values': trustAndSplitValues,
  'deal-or-no-deal': dealOrNoDeal,
};

/** All game ids, in the order in which they are offered. */
export const GAME_IDS = Object.keys(games) as readonly GameId[];

/** A game's settings where nothing else is said. */
export function defaultGameSettings(id: GameId, prompts: GameSettings['prompts'] = 'short'): GameSettings {
  return games[id].defaults(prompts);
}
