import type { GameSettings } from './game';

/** Words with a meaning of their own to a tokenizer: padding, start of a transcript, end of a turn. */
export const SPECIAL_WORDS = ['<pad>', '<bos>', '<end>'] as const;

/** Words that only prompts use, so that no message can pass for one. */
const PROMPT_WORDS = ['A', 'B', 'you', 'they', 'play', 'say', 'them', 'keep', 'high', 'low', 'stock'] as const;

/** The hands of Trust-and-Split. */
export const HANDS = ['rock', 'paper', 'scissors'] as const;

/** The item kinds of Split and Deal or No Deal, in the order in which amounts are given. */
const ITEM_KINDS = ['books', 'hats', 'balls'] as const;

/** Small talk that every talking game allows. */
const CHAT_WORDS = [
  'i',
  'have',
  'my',
  'is',
  'trust',
  'me',
  'lets',
  'split',
  'fair',
  'hello',
  'friend',
  'yes',
  'no',
  'please',
  'thanks',
  'want',
] as const;

/** `0` … `20`. */
const NUMBER_WORDS = Array.from({ length: 21 }, (_, n) => String(n));

/** Rounds that short prompts can name. */
export const NAMED_ROUNDS = 10;

const ROUND_WORDS = Array.from({ length: NAMED_ROUNDS }, (_, round) => `r${round}`);

/** All that short prompts, their answers and scripted players are made of, in the order of the embedded policy's token ids. Append, never reorder. */
export const VOCABULARY: readonly string[] = [
  ...SPECIAL_WORDS,
  ...PROMPT_WORDS,
  ...HANDS,
  'hand',
  'value',
  ...ITEM_KINDS,
  ...CHAT_WORDS,
  ...NUMBER_WORDS,
  ...ROUND_WORDS,
];

/** What a message may be made of, by what the game is about. */
export const MESSAGE_WORDS = {
  hands: [...HANDS, 'hand', ...CHAT_WORDS],
  values: ['value', ...CHAT_WORDS, ...NUMBER_WORDS],
  items: ['value', ...ITEM_KINDS, ...CHAT_WORDS, ...NUMBER_WORDS],
} as const satisfies Record<string, readonly string[]>;

/** The words of a text that are in a list, at most so many, joined by spaces: a message as a short prompt can show it. */
export function wordsIn(text: string, words: readonly string[], most: number): string {
  const kept = text.split(/\s+/).filter((word) => words.includes(word));
  return kept.slice(0, most).join(' ');
}

/** `r3`, or nothing where the settings don't show rounds. */
export function roundWord(settings: GameSettings, round: number): string {
  return settings.showRound ? ROUND_WORDS[round]! : '';
}

/** Words that are there, joined by spaces. */
export function line(...words: readonly (string | number)[]): string {
  return words.filter((word) => word !== '').join(' ');
}
