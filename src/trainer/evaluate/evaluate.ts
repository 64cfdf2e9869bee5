import { mkdir, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { GameSettings } from '../../domain/games/game';
import { MATCHUP_PATHS, MATCHUPS_FORMAT, type MatchupsFile } from '../../protocol/matchups';
import { sha256, writeDurably, writeError } from '../../runs/durableFile';
import type { Player } from '../players/player';
import { encodeRollouts } from '../rolloutFile';
import { cellsOf, LEVEL } from './cells';
import { heatMap } from './heatMap';
import { type MatchupOptions, playMatchups } from './matchups';
import { matchupRows } from './rows';

/** What is evaluated, and where it is kept. */
export interface EvaluateOptions extends MatchupOptions {
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
  const { game, players, seed, out } = options;
  if (out !== undefined) await prepare(out);
  let matrix = emptyMatrix(options);
  let done = 0;
  const of = (players.length * (players.length + 1)) / 2;
  for await (const matchup of playMatchups(options)) {
    done++;
    matrix = { ...matrix, ...fill(matrix, cellsOf(game, matchup, seed)), usage: usageOf(players) };
    if (out !== undefined) {
      const file = MATCHUP_PATHS.rollouts(done);
      const rows = matchupRows(done, matchup, players);
      const bytes = encodeRollouts(rows);
      await writeDurably(join(out, file), bytes);
      const [first, second] = matchup.players;
      const entry = { players: [first, second] as [number, number], file, rows: rows.length, bytes: bytes.length, sha256: sha256(bytes) };
      matrix = { ...matrix, rollouts: [...matrix.rollouts, entry] };
      await writeDurably(join(out, MATCHUP_PATHS.matchups), `${JSON.stringify(matrix, null, 2)}\n`);
    }
    options.onMatchup?.(matrix, done, of);
  }
  if (out !== undefined) await writeDurably(join(out, MATCHUP_PATHS.heatMap), heatMap(matrix));
  return matrix;
}

function emptyMatrix({ game, players, rules, seed, negotiations, parley, created }: EvaluateOptions): MatchupsFile {
  const square = (): null[][] => players.map(() => players.map(() => null));
  return {
    format: MATCHUPS_FORMAT,
    created,
    parley,
    game,
    rules: rules as Partial<Mutable<GameSettings>>,
    seed,
    negotiations,
    level: LEVEL,
    players: players.map(({ name }) => name),
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

/** The matrix's squares with some cells filled in. */
function fill(matrix: MatchupsFile, cells: ReturnType<typeof cellsOf>) {
  const put = <T>(square: readonly (readonly T[])[], read: (cell: (typeof cells)[number]) => T): T[][] =>
    square.map((line, row) =>
      line.map((value, column) => {
        const found = cells.find(({ at }) => at[0] === row && at[1] === column);
        return found ? read(found) : value;
      }),
    );
  return {
    meanReward: put(matrix.meanReward, ({ mean }) => mean),
    low: put(matrix.low, ({ low }) => low),
    high: put(matrix.high, ({ high }) => high),
    measures: put(matrix.measures, ({ measures }) => measures),
    invalid: put(matrix.invalid, ({ invalid }) => invalid),
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
