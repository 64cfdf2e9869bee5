import type { GameId } from '../domain/games/game';
import { GAME_IDS } from '../domain/games/index';
import type { Algorithm, RunConfig } from '../protocol/runConfig';
import { embeddedGames } from '../runs/embeddedPolicy';
import { ConfigError, type Layer, listPresets, type Requires, resolveConfig } from '../runs/presets';

/** A preset that makes a whole configuration, and that configuration. */
export interface PresetOffer {
  readonly name: string;
  readonly about: string;
  /** With a stand-in where the preset requires an opponent. */
  readonly config: RunConfig;
  /** What is still to be asked. */
  readonly requires?: Requires;
}

/** Games that can really be trained with a policy: all with a model of the reader's own, those that the embedded one speaks with it. */
export function offeredGames(media: string, policy: string): GameId[] {
  if (policy !== 'embedded') return [...GAME_IDS];
  return embeddedGames(media);
}

/** Opponents in whose place the reader's answer comes. */
const STAND_IN = { opponent: 'seed', 'api opponent': 'api:NAME' } as const;

/** Presets of a game that make a whole run with a policy; one that names another policy, or needs other settings, is not offered. */
export function offeredPresets(
  media: string,
  game: GameId,
  algorithm: Algorithm,
  policy: string,
  /** What choosing the policy sets. */
  chosen: readonly Layer[] = policy === 'embedded' ? [] : [{ source: 'policy', settings: { policy } }],
): PresetOffer[] {
  return listPresets(media, game).flatMap(({ name, about, requires }) => {
    try {
      const layers: Layer[] = [
        ...chosen,
        ...(requires === undefined ? [] : [{ source: 'opponent', settings: { opponent: STAND_IN[requires] } }]),
      ];
      const config = resolveConfig(media, { game, algorithm, seed: 0, preset: name, layers });
      // Short prompts are all that the embedded policy reads, and nothing that another model should be given.
      const fits = config.policy === policy && (config.gameSettings.prompts === 'short') === (policy === 'embedded');
      return fits ? [{ name, about, config, ...(requires === undefined ? {} : { requires }) }] : [];
    } catch (error) {
      if (error instanceof ConfigError) return [];
      throw error;
    }
  });
}
