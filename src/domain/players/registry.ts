import type { GameId } from '../games/game';
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
      throw new RangeError(
        `${game} has no scripted player "${name}": did you mean "${nearest(name, names)}"? There are ${names.join(', ')}`,
      );
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

/** The name with the fewest letters to change (Levenshtein distance). */
export function nearest(name: string, names: readonly string[]): string {
  const distances = names.map((candidate) => distance(name.toLowerCase(), candidate));
  return names[distances.indexOf(Math.min(...distances))]!;
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length]!;
}
