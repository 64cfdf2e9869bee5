import type { SeatView } from '../games/game';
import { cooperates } from '../games/ipd/measures';
import type { Random } from '../random';
import type { ScriptedPlayer } from './player';

/** Whether to cooperate now. */
type Rule = (view: SeatView, random: Random) => boolean;

function player(name: string, rule: Rule): ScriptedPlayer {
  return { name, reply: (request, random) => (rule(request.view, random) ? 'A' : 'B') };
}

/** Cooperates whatever happens. */
export const alwaysCooperate = player('always-cooperate', () => true);

/** Defects whatever happens. */
export const alwaysDefect = player('always-defect', () => false);

/** Cooperates first, then does what the other did last. */
export const titForTat = player('tit-for-tat', ({ rounds }) => {
  const last = rounds.at(-1);
  return !last || cooperates(last.others);
});

/** Cooperates until the other has defected once. */
export const grimTrigger = player('grim-trigger', ({ rounds }) => rounds.every((round) => cooperates(round.others)));

/** Cooperates with probability p, whatever happens. */
export function randomChooser(p: number): ScriptedPlayer {
  return player(`random(${p})`, (_, random) => random.uniform() < p);
}
