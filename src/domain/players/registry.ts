import type { GameId } from '../games/game';
import { nearest } from '../nearest';
import { alwaysCooperate, alwaysDefect, grimTrigger, randomChooser, titForTat } from './ipd';
import type { ScriptedPlayer } from './player';
import { fair, generous, greedy, reciprocal } from './sharing';

const IPD_PLAYERS: readonly ScriptedPlayer[] = [alwaysCooperate, alwaysDefect, titForTat, grimTrigger, randomChooser(0.5)];
const SHARING_PLAYERS: readonly ScriptedPlayer[] = [greedy, generous, fair, reciprocal];

/** Who plays what; names with a parameter are read by `randomNamed`. */
const PLAYERS: Readonly<Record<GameId, readonly ScriptedPlayer[]>> = {
  ipd: IPD_PLAYERS,
  split: SHARING_PLAYERS,
  'trust-and-split': SHARING_PLAYERS,
  'trust-and-split-values': SHARING_PLAYERS,
  'deal-or-no-deal': SHARING_PLAYERS,
};

/** The scripted players of a game, by name. */
export interface ScriptedPlayers {
  /** Names to offer; those with a parameter carry an example of it. */
  readonly names: readonly string[];
  /** @throws RangeError naming the nearest right name. */
  get(name: string): ScriptedPlayer;
}

/** The scripted players of a game. */
export function scriptedPlayers(game: GameId): ScriptedPlayers {
  const players = PLAYERS[game];
  const names = players.map((player) => player.name);
  return {
    names,
    get(name) {
      const found = players.find((player) => player.name === name) ?? (game === 'ipd' ? randomNamed(name) : undefined);
      if (found) return found;
      const near = nearest(name, names);
      const hint = near === undefined ? 'there are' : `did you mean "${near}"? There are`;
      throw new RangeError(`${game} has no scripted player "${name}": ${hint} ${names.join(', ')}`);
    },
  };
}

/** `random(0.7)`; `random` alone chooses either with equal probability. */
function randomNamed(name: string): ScriptedPlayer | undefined {
  if (name === 'random') return randomChooser(0.5);
  const given = /^random\((.*)\)$/.exec(name)?.[1];
  if (given === undefined) return undefined;
  const p = given.trim() === '' ? Number.NaN : Number(given);
  if (!(p >= 0 && p <= 1)) throw new RangeError(`"${name}" has no probability: give one from 0 to 1, as in random(0.7)`);
  return randomChooser(p);
}
