import type { Action, GameSettings, SeatView } from '../game';
import type { Prompts } from '../negotiation';
import { line, roundWord } from '../vocabulary';

/** `[r3] [you A they B] play` */
export function shortPrompts(settings: GameSettings): Prompts {
  return {
    separator: ' ',
    rules: () => '',
    round(view) {
      const last = view.rounds.at(-1);
      return line(roundWord(settings, view.round), last ? line('you', letter(last.own), 'they', letter(last.others)) : '');
    },
    heard: (text) => text,
    askMessage: () => '',
    askAction: () => 'play',
  };
}

/** Prompts for instruction-tuned models. The number of rounds is told only with `showRound`. */
export function fullPrompts(settings: GameSettings): Prompts {
  const { T, R, P, S } = settings.payoffs;
  return {
    separator: '\n\n',
    rules: () =>
      [
        'You are playing a game of several rounds with one other player, always the same. In every round both of you choose A or B, at the same time and without talking.',
        `Your choices decide the points of the round:
- You choose A and they choose A: you get ${R}, they get ${R}.
- You choose A and they choose B: you get ${S}, they get ${T}.
- You choose B and they choose A: you get ${T}, they get ${S}.
- You choose B and they choose B: you get ${P}, they get ${P}.`,
        'After every round you are told what they chose. Your aim is to collect as many points for yourself as you can over the whole game.',
      ].join('\n\n'),
    round: (view) =>
      [lastRound(view), settings.showRound ? `This is round ${view.round + 1} of ${settings.rounds}.` : ''].filter(Boolean).join('\n'),
    heard: (text) => text,
    askMessage: () => '',
    askAction: () => 'What do you choose? Answer with the letter A or B and nothing else.',
  };
}

function lastRound(view: SeatView): string {
  const last = view.rounds.at(-1);
  if (!last) return '';
  return `In the last round you chose ${letter(last.own)} and they chose ${letter(last.others)}. That gave you ${last.reward} ${last.reward === 1 ? 'point' : 'points'}.`;
}

function letter(action: Action): string {
  return action.kind === 'choice' ? action.choice : '';
}
