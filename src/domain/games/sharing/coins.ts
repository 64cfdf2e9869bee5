import type { GameSettings, SeatView } from '../game';
import type { Prompts } from '../negotiation';
import { line, roundWord } from '../vocabulary';
import { amounts } from './proposals';
import { AIM, counted, fullTalk, paragraphs, roundLine, sentences, shortTalk, talkRules } from './talk';

/** Coins on the table in every round of Trust-and-Split. */
export const COINS = 10;

/** `[high 7] [r3] rock … say … keep`: the other's value and proposal, then the new round. */
export function shortCoinPrompts(settings: GameSettings, valueWord: (value: number) => string, dealt: (view: SeatView) => string): Prompts {
  return {
    ...shortTalk,
    round(view) {
      const last = view.rounds.at(-1);
      const told = last ? line(valueWord(last.othersValues?.[0] ?? 0), amounts(last.others)[0] ?? '') : '';
      return line(told, roundWord(settings, view.round), dealt(view));
    },
    askAction: () => 'keep',
  };
}

/**
 * Prompts for instruction-tuned models.
 * @param values how coins come to be worth something, as a sentence of the rules.
 * @param dealt what the seat is dealt in a round.
 */
export function fullCoinPrompts(settings: GameSettings, values: string, dealt: (view: SeatView) => string): Prompts {
  return {
    ...fullTalk,
    rules: () =>
      paragraphs(
        `You are playing a game of several rounds with one other player, always the same. In every round there are ${COINS} coins to be shared between the two of you.`,
        values,
        talkRules(settings),
        `Then both of you propose, at the same time, how many coins to keep for yourselves. If the two proposals come to at most ${COINS} coins, each of you gets what you proposed. If they come to more, the ${COINS} coins are shared in proportion to the proposals. Your points are your coins times what a coin is worth to you.`,
        'After the round each of you is told what a coin was worth to the other and how many coins the other proposed to keep.',
        AIM,
      ),
    round: (view) => paragraphs(lastRound(view), sentences(roundLine(settings, view.round), dealt(view))),
    askAction: () =>
      `How many of the ${COINS} coins do you propose to keep? Answer with a whole number from 0 to ${COINS} and nothing else.`,
  };
}

function lastRound(view: SeatView): string {
  const last = view.rounds.at(-1);
  if (!last) return '';
  return sentences(
    `In the last round a coin was worth ${counted(last.othersValues?.[0] ?? 0, 'point')} to the other player, who proposed to keep ${amounts(last.others)[0]}.`,
    `You proposed to keep ${amounts(last.own)[0]} and got ${counted(last.share[0] ?? 0, 'coin')}, which gave you ${counted(last.reward, 'point')}.`,
  );
}
