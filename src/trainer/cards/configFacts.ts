import { games } from '../../domain/games';
import { opponentName } from '../../protocol/opponent';
import type { RunConfig } from '../../protocol/runConfig';

/** One fact of a card: what it is called, and its value as text. */
export type Fact = readonly [name: string, value: string];

/** What decides how a policy is asked, and reads its game: the game, those of its settings that it reads, how answers are drawn. */
export function gameFacts({ game, gameSettings, decoding, retries, temperature }: RunConfig): Fact[] {
  const reads = new Set<string>(['rounds', 'prompts', ...games[game].settingNames]);
  const settings = Object.entries(gameSettings).filter(([name]) => reads.has(name));
  return factsOf({ game, ...Object.fromEntries(settings), decoding, ...(decoding === 'retry' && { retries }), temperature });
}

/** What decides what training computes, in the order of the configuration; what a run never reads is left out. */
export function trainingFacts(config: RunConfig): Fact[] {
  const { game, gameSettings, decoding, retries, temperature, policy, checkpointEvery, opponent, buffer, ...rest } = config;
  const { beta, matchedGamma, klOver, ...always } = rest;
  return factsOf({
    ...always,
    ...(opponent !== 'self' && { opponent: opponentName(opponent) }),
    ...((config.algorithm === 'aa' || config.algorithm === 'aa-jit') && { beta }),
    ...(config.algorithm === 'aa-jit' && { matchedGamma }),
    ...(config.klCoefficient > 0 && { klOver }),
    buffer: buffer.enabled ? buffer : 'none',
  });
}

/** Nested settings under names with dots, lists as words. */
function factsOf(settings: object, prefix = ''): Fact[] {
  return Object.entries(settings).flatMap(([key, value]): Fact[] => {
    const name = prefix + key;
    if (Array.isArray(value)) return [[name, value.join(' ')]];
    return typeof value === 'object' && value !== null ? factsOf(value, `${name}.`) : [[name, String(value)]];
  });
}
