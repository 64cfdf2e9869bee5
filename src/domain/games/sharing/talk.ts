import type { Random } from '../../random';
import type { Seat } from '../../seat';
import type { Constraint, GameSettings } from '../game';
import type { Prompts } from '../negotiation';
import { line, wordsIn } from '../vocabulary';

/** What a message may be, and what its hearer is shown of it. */
export interface Talk {
  readonly messagesPerRound: number;
  readonly messageConstraint: Extract<Constraint, { kind: 'message' }>;
  hear(text: string): string;
}

/** Talk in the words of a list under short prompts, in any words under full ones. */
export function talk(settings: GameSettings, words: readonly string[]): Talk {
  const { messagesPerRound, messageTokens, prompts } = settings;
  if (prompts === 'full') {
    return { messagesPerRound, messageConstraint: { kind: 'message', maxTokens: messageTokens }, hear: (text) => text.trim() };
  }
  return {
    messagesPerRound,
    messageConstraint: { kind: 'message', maxTokens: messageTokens, words },
    hear: (text) => wordsIn(text, words, messageTokens),
  };
}

/** Who opens each round: random for the first, then in turn. */
export function openers(random: Random): (round: number) => Seat {
  const first = random.fork('opener').integer(2);
  return (round) => ((first + round) % 2 === 0 ? 0 : 1);
}

/** The short words around talk and action. */
export const shortTalk: Pick<Prompts, 'separator' | 'rules' | 'heard' | 'askMessage'> = {
  separator: ' ',
  rules: () => '',
  heard: (text) => line('them', text),
  askMessage: () => 'say',
};

/** The full sentences around talk. */
export const fullTalk: Pick<Prompts, 'separator' | 'heard' | 'askMessage'> = {
  separator: '\n\n',
  heard: (text) => (text === '' ? 'The other player says nothing.' : `The other player says: "${text}"`),
  askMessage: () => 'What do you say to them? Answer with the text of your message and nothing else, in one or two short sentences.',
};

/** How the rules describe the talk of a round; nothing where there is none. */
export function talkRules({ messagesPerRound }: GameSettings): string {
  if (messagesPerRound === 0) return 'You cannot talk to each other.';
  const each = messagesPerRound === 1 ? 'one message' : `${messagesPerRound} messages, taking turns`;
  return `At the start of a round each of you sends the other ${each}. Who speaks first changes from round to round. Nobody is bound to what was said, and nobody checks it.`;
}

/** `Round 3 of 10.`, where the settings show rounds. */
export function roundLine(settings: GameSettings, round: number): string {
  return settings.showRound ? `Round ${round + 1} of ${settings.rounds}.` : '';
}

/** The aim, in the same words for every game. */
export const AIM = 'Your aim is to collect as many points for yourself as you can over the whole game.';

/** Paragraphs that are there. */
export function paragraphs(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join('\n\n');
}

/** Sentences that are there, on one line. */
export function sentences(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' ');
}

/** `1 coin`, `5.88 coins`: a number to two decimals with its noun. */
export function counted(n: number, noun: string): string {
  return `${Math.round(n * 100) / 100} ${noun}${n === 1 ? '' : 's'}`;
}
