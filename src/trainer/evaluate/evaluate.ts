import { join } from 'node:path';
import type { GameSettings } from '../../domain/games/game';
import type { Pair } from '../../domain/seat';
import type { ChatUsage } from '../../engine/chat-api/usage';
import { MATCHUP_PATHS, MATCHUPS_FORMAT, type MatchupsFile, type PlaySampling, type UsageFile } from '../../protocol/matchups';
import { sha256, writeDurably } from '../../runs/durableFile';
import { crashPoint } from '../crash';
import type { Player } from '../players/player';
import { encodeRollouts } from '../rolloutFile';
import { type Cell, cellOf, LEVEL } from './cells';
import { heatMap } from './heatMap';
import { matchupKey } from './identity';
import { type KeptMatchup, KeptMatchups } from './keptMatchups';
import { cellFor, everyOne, meet, pairsIn, type Side } from './lineup';
import { type MatchupOptions, type PlayedMatchup, playMatchups } from './matchups';
import { matchupRows } from './rows';

/** What is evaluated, and where it is kept. */
export interface EvaluateOptions extends Omit<MatchupOptions, 'meets' | 'recall'> {
  /** Rows and columns of the matrix; every player on its own unless given. */
  readonly sides?: readonly Side[];
  /** How policies draw their tokens, for the file. */
  readonly sampling?: PlaySampling;
  /** Version of Parley, for the file. */
  readonly parley: string;
  /** ISO 8601. */
  readonly created: string;
  /** What was asked for, for the file: with it a reader's program can ask for the same again. */
  readonly asked?: NonNullable<MatchupsFile['asked']>;
  /** A folder for the negotiations, the matrix and the heat map, new or of the same evaluation; nothing is written unless given. */
  readonly out?: string;
  /** Called after each pair of players, with the matrix as far as it is filled. */
  onMatchup?(matrix: MatchupsFile, done: number, of: number): void;
}

/**
 * Plays the match-up matrix. With a folder, what was played is there after every pair of players: an endpoint that fails in the end
 * takes nothing with it, and the same evaluation in the same folder goes on from there, killed at whatever instant, to the same end.
 * Pairs of which something has changed, and files that are not whole, are played again.
 * @throws Error when the folder holds something else, or what players throw.
 */
export async function evaluate(options: EvaluateOptions): Promise<MatchupsFile> {
  const { players, out, sides = everyOne(players) } = options;
  let matrix = emptyMatrix(options, sides);
  const kept = out === undefined ? null : await KeptMatchups.open(out, matrix);
  const before = kept?.file ?? null;
  if (before !== null) matrix = { ...matrix, created: before.created, ...(before.asked && { asked: before.asked }) };
  let done = 0;
  /** Entries of match-ups that were not played here. */
  const entries = new WeakMap<PlayedMatchup, KeptMatchup['entry']>();
  const keyOf = (both: Pair<number>): string | undefined =>
    matchupKey(
      options,
      both.map((player) => players[player]!),
    );
  const recall = async (both: Pair<number>): Promise<PlayedMatchup | null> => {
    const found = (await kept?.recall(done + 1, keyOf(both), both, options)) ?? null;
    if (found !== null) entries.set(found.matchup, found.entry);
    return found?.matchup ?? null;
  };
  const meets = (first: number, second: number): boolean => meet(sides, first, second);
  const of = sides.reduce((sum, _, row) => sum + sides.slice(row).reduce((pairs, __, k) => pairs + pairsIn(sides, [row, row + k]), 0), 0);
  /** Negotiations of cells whose pairs have not all met, by match-up. */
  const open = new Map<string, PlayedMatchup[]>();
  for await (const matchup of playMatchups({ ...options, meets, recall })) {
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
    matrix = { ...matrix, usage: usageOf(players, before) };
    if (out !== undefined) {
      const key = keyOf(matchup.players);
      const place = { cell, ...(key !== undefined && { key }) };
      const entry = entries.get(matchup) ?? (await writeRollouts(out, done, matchup, players, place));
      matrix = { ...matrix, rollouts: [...matrix.rollouts, entry] };
      // Until as many pairs are through, the file that is there says more.
      if (done >= (before?.rollouts.length ?? 0)) {
        await writeDurably(join(out, MATCHUP_PATHS.matchups), `${JSON.stringify(matrix, null, 2)}\n`);
        crashPoint('afterMatchups', done);
      }
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
  place: Pick<KeptMatchup['entry'], 'cell' | 'key'>,
): Promise<KeptMatchup['entry']> {
  const file = MATCHUP_PATHS.rollouts(number);
  const rows = matchupRows(number, matchup, players);
  const bytes = encodeRollouts(rows);
  await writeDurably(join(out, file), bytes, () => crashPoint('afterMatchupRollouts', number));
  crashPoint('afterMatchupRolloutsRename', number);
  const [first, second] = matchup.players;
  const names: [string, string] = [players[first]!.name, players[second]!.name];
  // In the order in which entries are read back, so that an evaluation that went on leaves the same bytes.
  return { players: names, ...place, file, rows: rows.length, bytes: bytes.length, sha256: sha256(bytes) };
}

function emptyMatrix(options: EvaluateOptions, sides: readonly Side[]): MatchupsFile {
  const { game, players, rules, seed, sampling, asked, negotiations, parley, created } = options;
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
    ...(asked && { asked }),
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

/** What endpoints were asked and cost, what came before this sitting included. */
function usageOf(players: readonly Player[], before: MatchupsFile | null): MatchupsFile['usage'] {
  return Object.fromEntries(
    players.flatMap((player) => (player.kind === 'chat' ? [[player.name, added(player.client.usage, before?.usage[player.name])]] : [])),
  );
}

function added(now: ChatUsage, before: UsageFile | undefined): UsageFile {
  if (before === undefined) return { ...now };
  const sums = Object.entries(now).map(([field, count]: [string, number | null]) => {
    const earlier = before[field] ?? 0;
    return [field, count === null || typeof earlier !== 'number' ? null : count + earlier];
  });
  const cost = now.cost === null || before.cost === null ? null : now.cost + before.cost;
  return { ...now, ...Object.fromEntries(sums), cost };
}
