import type { GameSettings } from './game';
import { NAMED_ROUNDS } from './vocabulary';

/** Settings where a game says nothing else: ten named rounds without talk. */
export const COMMON_SETTINGS: Omit<GameSettings, 'prompts'> = {
  rounds: 10,
  showRound: true,
  payoffs: { T: 5, R: 3, P: 1, S: 0 },
  messagesPerRound: 0,
  messageTokens: 1,
};

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
