import type { GameSettings, SeatView } from '../game';
import type { Prompts } from '../negotiation';
import { amounts } from '../sharing/proposals';
import { AIM, counted, fullTalk, paragraphs, roundLine, sentences, shortTalk, talkRules } from '../sharing/talk';
import { line, roundWord } from '../vocabulary';

/** `[they 1 0 2] [r3] stock 2 1 3 value 1 3 6 … say … keep`: the other's last proposal, the stock, one's own values. */
export function shortPrompts(settings: GameSettings): Prompts {
  return {
    ...shortTalk,
    round(view) {
      const last = view.rounds.at(-1);
      const told = last ? line('they', ...amounts(last.others)) : '';
      return line(told, roundWord(settings, view.round), 'stock', ...view.quantities, 'value', ...(view.values ?? []));
    },
    askAction: () => 'keep',
  };
}

/** Prompts for instruction-tuned models. */
export function fullPrompts(settings: GameSettings): Prompts {
  return {
    ...fullTalk,
    rules: () =>
      paragraphs(
        'You are playing a game of several rounds with one other player, always the same. In every round there are 5 to 7 items on the table: books, hats and balls. The two of you have to agree on who gets which.',
        'An item of each kind is worth a certain number of points to you and another to the other player. These values stay the same for the whole game, and each of you sees only its own. The values of one book, one hat and one ball sum to 10 for each of you.',
        talkRules(settings),
        'Then both of you propose, at the same time, how many items of each kind to keep for yourselves. If the two proposals fit together exactly, so that every item goes to one of you, each gets what it proposed. If they do not, both of you get nothing in this round. Your points are your items times what they are worth to you.',
        'After the round each of you is told what the other proposed.',
        AIM,
      ),
    round: (view) => paragraphs(lastRound(view), sentences(roundLine(settings, view.round), onTheTable(view), worths(view.values ?? []))),
    askAction: () =>
      'How many items of each kind do you propose to keep? Answer with three whole numbers (books, hats, balls), separated by spaces, and nothing else.',
  };
}

function onTheTable({ quantities }: SeatView): string {
  return `On the table: ${items(quantities)}.`;
}

function worths([book, hat, ball]: readonly number[]): string {
  return `To you a book is worth ${book}, a hat ${hat} and a ball ${ball}.`;
}

function items([books = 0, hats = 0, balls = 0]: readonly number[]): string {
  return `${counted(books, 'book')}, ${counted(hats, 'hat')} and ${counted(balls, 'ball')}`;
}

function lastRound(view: SeatView): string {
  const last = view.rounds.at(-1);
  if (!last) return '';
  const agreed = last.quantities.every((n, kind) => n === amounts(last.own)[kind]! + amounts(last.others)[kind]!);
  return sentences(
    `In the last round you proposed to keep ${items(amounts(last.own))}, and the other player proposed to keep ${items(amounts(last.others))}.`,
    agreed
      ? `The proposals fitted together and gave you ${counted(last.reward, 'point')}.`
      : 'The proposals did not fit together, so both of you got nothing.',
  );
}
