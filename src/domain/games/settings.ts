import type { GameId, GameSettings } from './game';
import { NAMED_ROUNDS } from './vocabulary';

const MESSAGE_TOKENS: Record<GameSettings['prompts'], Record<GameId, number>> = {
  short: { ipd: 0, split: 0, 'trust-and-split': 4, 'trust-and-split-values': 4, 'deal-or-no-deal': 5 },
  full: { ipd: 0, split: 0, 'trust-and-split': 80, 'trust-and-split-values': 80, 'deal-or-no-deal': 120 },
};

/** A game's settings where nothing else is said. */
export function defaultGameSettings(id: GameId, prompts: GameSettings['prompts'] = 'short'): GameSettings {
  const talks = id !== 'ipd' && id !== 'split';
  return {
    rounds: 10,
    prompts,
    showRound: id !== 'ipd',
    payoffs: { T: 5, R: 3, P: 1, S: 0 },
    messagesPerRound: talks ? 1 : 0,
    messageTokens: Math.max(1, MESSAGE_TOKENS[prompts][id]),
  };
}

/**
 * Refuses settings that no game can be played with.
 * @throws RangeError naming the setting and the remedy.
 */
export function checkSettings(settings: GameSettings): void {
  const { rounds, prompts, showRound, messagesPerRound, messageTokens } = settings;
  if (!Number.isInteger(rounds) || rounds < 1) throw new RangeError(`rounds is ${rounds}: give a whole number of 1 or more`);
  if (prompts === 'short' && showRound && rounds > NAMED_ROUNDS) {
    throw new RangeError(`rounds is ${rounds}, but short prompts can name ${NAMED_ROUNDS} rounds: lower it, or set showRound to false`);
  }
  if (!Number.isInteger(messagesPerRound) || messagesPerRound < 0) {
    throw new RangeError(`messagesPerRound is ${messagesPerRound}: give a whole number of 0 or more`);
  }
  if (!Number.isInteger(messageTokens) || messageTokens < 1) {
    throw new RangeError(`messageTokens is ${messageTokens}: give a whole number of 1 or more`);
  }
}
