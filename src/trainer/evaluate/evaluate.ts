import { mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { GameSettings } from '../../domain/games/game';
import { MATCHUP_PATHS, MATCHUPS_FORMAT, type MatchupsFile, type PlaySampling } from '../../protocol/matchups';
import { sha256, writeDurably, writeError } from '../../runs/durableFile';
import type { Player } from '../players/player';
import { encodeRollouts } from '../rolloutFile';
import { type Cell, cellOf, LEVEL } from './cells';
import { heatMap } from './heatMap';
import { cellFor, everyOne, meet, pairsIn, type Side } from './lineup';
import { type MatchupOptions, type PlayedMatchup, playMatchups } from './matchups';
import { matchupRows } from './rows';

/** What is evaluated, and where it is kept. */
export interface EvaluateOptions extends Omit<MatchupOptions, 'meets'> {
  /** Rows and columns of the matrix; every player on its own unless given. */
  readonly sides?: readonly Side[];
  /** How policies draw their tokens, for the file. */
  readonly sampling?: PlaySampling;
  /** Version of Parley, for the file. */
  readonly parley: string;
  /** ISO 8601. */
  readonly created: string;
  /** A folder for the negotiations, the matrix and the heat map; nothing is written unless given. */
  readonly out?: string;
  /** Called after each pair of players, with the matrix as far as it is filled. */
  onMatchup?(matrix: MatchupsFile, done: number, of: number): void;
}

/**
 * Plays the match-up matrix. With a folder, what was played is there after every pair of players, so that an endpoint
 * that fails in the end takes nothing with it.
 * @throws Error when the folder is not empty, or what players throw.
 */
export async function evaluate(options: EvaluateOptions): Promise<MatchupsFile> {
  const { players, out, sides = everyOne(players) } = options;
  if (out !== undefined) await prepare(out);
  let matrix = emptyMatrix(options, sides);
  let done = 0;
  const meets = (first: number, second: number): boolean => meet(sides, first, second);
  const of = sides.reduce((sum, _, row) => sum + sides.slice(row).reduce((pairs, __, k) => pairs + pairsIn(sides, [row, row + k]), 0), 0);
  /** Negotiations of cells whose pairs have not all met, by match-up. */
  const open = new Map<string, PlayedMatchup[]>();
  for await (const matchup of playMatchups({ ...options, meets })) {
    done++;
    const cell = cellFor(sides, matchup.players);
    const key = cell.join(' ');
    const met = [...(open.get(key) ?? []), matchup];
    open.set(key, met);
    if (met.length === pairsIn(sides, cell)) {
      open.delete(key);
      const negotiations = met.flatMap((each) => each.negotiations);
      for (const [row, column] of mirrored(cell)) {
        matrix = withCell(matrix, row, column, cellOf(options, negotiations, [sides[row]!, sides[column]!]));
      }
    }
    matrix = { ...matrix, usage: usageOf(players) };
    if (out !== undefined) {
      const entry = { cell, ...(await writeRollouts(out, done, matchup, players)) };
      matrix = { ...matrix, rollouts: [...matrix.rollouts, entry] };
      await writeDurably(join(out, MATCHUP_PATHS.matchups), `${JSON.stringify(matrix, null, 2)}\n`);
    }
    options.onMatchup?.(matrix, done, of);
  }
  if (out !== undefined) await writeDurably(join(out, MATCHUP_PATHS.heatMap), heatMap(matrix));
  return matrix;
}

function mirrored([row, column]: readonly [number, number]): (readonly [number, number])[] {
  return row === column
    ? [[row, row]]
    : [
        [row, column],
        [column, row],
      ];
}

async function writeRollouts(
  out: string,
  number: number,
  matchup: PlayedMatchup,
  players: readonly Player[],
): Promise<Omit<MatchupsFile['rollouts'][number], 'cell'>> {
  const file = MATCHUP_PATHS.rollouts(number);
  const rows = matchupRows(number, matchup, players);
  const bytes = encodeRollouts(rows);
  await writeDurably(join(out, file), bytes);
  const [first, second] = matchup.players;
  return { players: [players[first]!.name, players[second]!.name], file, rows: rows.length, bytes: bytes.length, sha256: sha256(bytes) };
}

function emptyMatrix(options: EvaluateOptions, sides: readonly Side[]): MatchupsFile {
  const { game, players, rules, seed, sampling, negotiations, parley, created } = options;
  const square = (): null[][] => sides.map(() => sides.map(() => null));
  const several = sides.filter(({ members }) => members.length > 1);
  return {
    format: MATCHUPS_FORMAT,
    created,
    parley,
    game,
    rules: rules as Partial<Mutable<GameSettings>>,
    seed,
    ...(sampling && { sampling }),
    negotiations,
    level: LEVEL,
    players: sides.map(({ name }) => name),
    members: Object.fromEntries(several.map(({ name, members }) => [name, members.map((member) => players[member]!.name)])),
    meanReward: square(),
    low: square(),
    high: square(),
    measures: square(),
    invalid: square(),
    usage: {},
    rollouts: [],
  };
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The matrix with one cell filled in. */
function withCell(matrix: MatchupsFile, row: number, column: number, { mean, low, high, measures, invalid }: Cell): MatchupsFile {
  const put = <T>(square: readonly (readonly T[])[], value: T): T[][] =>
    square.map((line, r) => (r === row ? line.with(column, value) : [...line]));
  return {
    ...matrix,
    meanReward: put(matrix.meanReward, mean),
    low: put(matrix.low, low),
    high: put(matrix.high, high),
    measures: put(matrix.measures, measures),
    invalid: put(matrix.invalid, invalid),
  };
}

function usageOf(players: readonly Player[]): MatchupsFile['usage'] {
  return Object.fromEntries(players.flatMap((player) => (player.kind === 'chat' ? [[player.name, { ...player.client.usage }]] : [])));
}

async function prepare(folder: string): Promise<void> {
  try {
    await mkdir(dirname(join(folder, MATCHUP_PATHS.rollouts(1))), { recursive: true });
  } catch (error) {
    throw writeError(folder, error);
  }
  const foreign = [...(await readdir(folder)), ...(await readdir(join(folder, 'rollouts')))].find((name) => name !== 'rollouts');
  if (foreign !== undefined) throw new Error(`${folder} is not empty (${foreign}): match-ups need a folder of their own`);
}
