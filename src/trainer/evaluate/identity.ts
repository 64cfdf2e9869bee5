import { sha256 } from '../../runs/durableFile';
import type { Player } from '../players/player';
import type { EvaluateOptions } from './evaluate';

/**
 * What decides how two players meet, as one SHA-256: the game and its rules, the seed, how often they meet, Parley's version, and
 * of each player what it plays with. The same key, the same negotiations, but for endpoints. Undefined where that cannot be told of a player.
 */
export function matchupKey(
  { game, rules, seed, negotiations, parley }: Pick<EvaluateOptions, 'game' | 'rules' | 'seed' | 'negotiations' | 'parley'>,
  players: readonly Player[],
): string | undefined {
  const contents = players.map(contentOf);
  if (contents.includes(null)) return undefined;
  return sha256(canonical({ game, rules, seed, negotiations, parley, players: contents }));
}

/** What a player plays with: weights by their hash, and how it reads and speaks. Null for a policy of unknown weights. */
function contentOf(player: Player): object | null {
  switch (player.kind) {
    case 'scripted':
      return { scripted: player.player.name };
    case 'chat': {
      const { baseUrl, model, temperature, thinkingTokens, body } = player.client.endpoint;
      return { endpoint: { baseUrl, model, temperature, thinkingTokens, body }, settings: player.settings, retries: player.retries };
    }
    case 'policy': {
      const { engine, policy, weights, settings, klOver } = player;
      if (weights === undefined && policy !== engine.base) return null;
      const { decoding, retries, temperature, greedy, topP, topK } = player.speech;
      const speech = { decoding, retries, temperature, greedy, topP, topK };
      return { model: engine.info.modelHash, weights, settings, speech, klOver };
    }
  }
}

/** JSON whose objects have their keys in alphabetical order, so that equal contents are equal texts. */
function canonical(value: object): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === 'object' && each !== null && !Array.isArray(each) ? Object.fromEntries(Object.entries(each).sort()) : each,
  );
}
