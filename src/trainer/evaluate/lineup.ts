import type { Pair } from '../../domain/seat';
import { PlayerError } from '../players/playerError';
import { type PlayerNames, type PlayerSpec, readPlayers } from '../players/spec';

/** A row and column of the matrix: one player, or several runs that differ in their seed and stand for one. */
export interface Side {
  readonly name: string;
  /** Indices of its players. */
  readonly members: readonly number[];
}

/** Every player on its own. */
export function everyOne(players: readonly { readonly name: string }[]): Side[] {
  return players.map(({ name }, index) => ({ name, members: [index] }));
}

/** Who takes part, and how they stand in the matrix. */
export interface Lineup {
  readonly specs: readonly PlayerSpec[];
  readonly sides: readonly Side[];
}

/** A player as it is written, or several runs that go by one name. */
export type WrittenPlayer = string | { readonly name: string; readonly members: readonly string[] };

/** Splits what a person wrote: players are separated by commas, `aa=runs/aa-1+runs/aa-2` makes one side of several runs. */
export function splitPlayers(texts: readonly string[]): WrittenPlayer[] {
  return texts
    .flatMap((text) => text.split(','))
    .map((text) => {
      const [, name, members] = /^\s*([A-Za-z][\w.-]*)=(.+)$/.exec(text) ?? [];
      return name === undefined || members === undefined ? text.trim() : { name, members: members.split('+').map((each) => each.trim()) };
    });
}

/** Looks players up. @throws PlayerError */
export async function readLineup(written: readonly WrittenPlayer[], names: PlayerNames): Promise<Lineup> {
  const groups = written.map((player) => (typeof player === 'string' ? { name: null, members: [player] } : player));
  const specs = await readPlayers(
    groups.flatMap(({ members }) => members),
    names,
  );
  let next = 0;
  const sides = groups.map(({ name, members }): Side => {
    const indices = members.map(() => next++);
    return { name: name ?? specs[indices[0]!]!.name, members: indices };
  });
  const twice = sides.find(({ name }, i) => sides.findIndex((side) => side.name === name) < i);
  if (twice) throw new PlayerError(`two players are called ${twice.name}: give one of them another name`);
  return { specs, sides };
}

/** The cell that two players' negotiations are in, the lower row first. */
export function cellFor(sides: readonly Side[], [first, second]: Pair<number>): [number, number] {
  const [a, b] = [first, second].map((player) => sides.findIndex(({ members }) => members.includes(player)));
  return [Math.min(a!, b!), Math.max(a!, b!)];
}

/**
 * Whether two players are to meet: those of different sides do, and each meets itself. Two runs of one side do not: a side
 * against itself is each of its runs in self-play.
 */
export function meet(sides: readonly Side[], first: number, second: number): boolean {
  const [row, column] = cellFor(sides, [first, second]);
  return first === second || row !== column;
}

/** How many pairs of players meet in a cell. */
export function pairsIn(sides: readonly Side[], [row, column]: readonly [number, number]): number {
  const [a, b] = [sides[row]!.members.length, sides[column]!.members.length];
  return row === column ? a : a * b;
}
