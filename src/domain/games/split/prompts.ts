import type { GameSettings, SeatView } from '../game';
import type { Prompts } from '../negotiation';
import { amounts, keepText } from '../sharing/proposals';
import { AIM, counted, paragraphs, roundLine, sentences } from '../sharing/talk';
import { line, roundWord } from '../vocabulary';

/** `[they 10 0 5] [r3] you high low low them low low high keep`: the other's last proposal, then both players' values. */
export function shortPrompts(settings: GameSettings): Prompts {
  return {
    separator: ' ',
    rules: () => '',
    round(view) {
      const last = view.rounds.at(-1);
      return line(
        last ? line('they', ...amounts(last.others)) : '',
        roundWord(settings, view.round),
        'you',
        ...(view.values ?? []).map(highOrLow),
        'them',
        ...(view.othersValues ?? []).map(highOrLow),
      );
    },
    heard: (text) => text,
    askMessage: () => '',
    askAction: () => 'keep',
  };
}

function highOrLow(value: number): string {
  return value === 1 ? 'low' : 'high';
}

/** Prompts for instruction-tuned models. */
export function fullPrompts(settings: GameSettings): Prompts {
  return {
    separator: '\n\n',
    rules: () =>
      paragraphs(
        'You are playing a game of several rounds with one other player, always the same. In every round there are 10 books, 10 hats and 10 balls to be shared between the two of you. You cannot talk to each other.',
        'An item of each kind is worth 1 or 10 points to you, and 1 or 10 points to the other player. Both of you see all these values. They are drawn anew in every round.',
        'Both of you propose, at the same time, how many items of each kind to keep for yourselves. For each kind: if the two proposals come to at most 10 items, each of you gets what you proposed; if they come to more, the 10 items are shared in proportion to the proposals. Your points are your items times what they are worth to you.',
        'After the round each of you is told what the other proposed.',
        AIM,
      ),
    round: (view) =>
      paragraphs(
        lastRound(view),
        sentences(
          roundLine(settings, view.round),
          `To you ${worths(view.values ?? [])}.`,
          `To the other player ${worths(view.othersValues ?? [])}.`,
        ),
      ),
    heard: (text) => text,
    askMessage: () => '',
    askAction: () =>
      'How many items of each kind do you propose to keep? Answer with three whole numbers from 0 to 10 (books, hats, balls), separated by spaces, and nothing else.',
  };
}

function worths(values: readonly number[]): string {
  const [books, hats, balls] = values;
  return `a book is worth ${books}, a hat ${hats} and a ball ${balls}`;
}

function lastRound(view: SeatView): string {
  const last = view.rounds.at(-1);
  if (!last) return '';
  return sentences(
    `In the last round (books, hats, balls) the other player proposed to keep ${keepText(amounts(last.others))} and you proposed to keep ${keepText(amounts(last.own))}.`,
    `You got ${last.share.map((n) => Math.round(n * 100) / 100).join(' ')}, which gave you ${counted(last.reward, 'point')}.`,
  );
}
