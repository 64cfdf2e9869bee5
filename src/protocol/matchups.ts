import * as z from 'zod';
import { gameId, gameSettings } from './runConfig';
import { measuresFile } from './runFiles';

/** Version of the match-up file; a reader refuses a higher one by name. */
export const MATCHUPS_FORMAT = 1;

/** How policies drew their tokens where that was not left to how each was trained. */
export const playSampling = z.strictObject({
  temperature: z.number().positive().optional(),
  /** Only the likeliest tokens that together have this probability; 1 keeps all. */
  topP: z.number().positive().max(1).optional(),
  /** Only so many of the likeliest tokens; 0 keeps all. */
  topK: z.int().nonnegative().optional(),
});

/** See `playSampling`. */
export type PlaySampling = z.infer<typeof playSampling>;

/** What an endpoint was asked, and what it cost in US dollars (null without prices). */
export const usageFile = z.looseObject({
  replies: z.int(),
  retries: z.int(),
  promptTokens: z.number(),
  completionTokens: z.number(),
  cost: z.number().nullable(),
});

/** See `usageFile`. */
export type UsageFile = z.infer<typeof usageFile>;

/**
 * As `parley evaluate` writes them: `/runs/aa@40`, `seed`, `scripted:tit-for-tat`, `api:NAME`; several runs that stand for one
 * player with the name that they go by.
 */
export const writtenPlayer = z.union([
  z.string().min(1),
  z.strictObject({ name: z.string().min(1), members: z.array(z.string().min(1)).min(1) }),
]);

/** `[row][col]`; null where the two have not met yet. */
const square = <T extends z.ZodType>(cell: T) => z.array(z.array(cell.nullable()));

/**
 * matchups.json, and what `parley evaluate --json` prints: every player against every other, themselves included. All
 * cells were dealt the same; in each, the two met in both seatings.
 */
export const matchupsFile = z.strictObject({
  format: z.int(),
  /** ISO 8601. */
  created: z.string(),
  parley: z.string(),
  game: gameId,
  /** Settings that all players shared. */
  rules: gameSettings.partial(),
  seed: z.int().nonnegative(),
  sampling: playSampling.optional(),
  /** Players and rules as they were asked for from VS Code, which can so ask for the rest of an evaluation that was cut off. */
  asked: z.strictObject({ players: z.array(writtenPlayer), rules: gameSettings.partial() }).optional(),
  /** Negotiations a cell; a seed group is one deal in both seatings, so half as many groups. */
  negotiations: z.int().positive(),
  /** Share of the bootstrap distribution that the intervals hold. */
  level: z.number(),
  players: z.array(z.string()),
  /** The members of players that are several runs: their names, by the player's. Intervals are over them. */
  members: z.record(z.string(), z.array(z.string())),
  /** Mean points a round of the row's player against the column's. */
  meanReward: square(z.number()),
  /** Bounds of the interval over seed groups; over runs where a player is several. */
  low: square(z.number()),
  high: square(z.number()),
  /** Of the row's player in the cell; `meanReward` is `[row's, column's]`. */
  measures: square(measuresFile),
  /** Share of actions of the row's player that did not parse and became the game's default. */
  invalid: square(z.number()),
  /** What endpoints were asked and what it cost, by player. */
  usage: z.record(z.string(), usageFile),
  /** The negotiations of two players (of two members, where players are several runs), in both seatings. */
  rollouts: z.array(
    z.strictObject({
      players: z.tuple([z.string(), z.string()]),
      /** One of the two cells that they are in, `[row, col]`; the other is its mirror image. */
      cell: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
      /** SHA-256 of all that decided how the two met: only where it is the same is a pair read again instead of played. */
      key: z.string().optional(),
      file: z.string(),
      rows: z.int(),
      bytes: z.int(),
      sha256: z.string(),
    }),
  ),
});

/** See `matchupsFile`. */
export type MatchupsFile = z.infer<typeof matchupsFile>;

/** Names of what a folder of match-ups holds. */
export const MATCHUP_PATHS = {
  matchups: 'matchups.json',
  heatMap: 'matchups.svg',
  rollouts: (pair: number) => `rollouts/${String(pair).padStart(6, '0')}.parquet`,
} as const;

/** Work on match-ups: see `InferenceRequests`. */
export type EvaluateRequests = {
  /** Plays the matrix, keeping it and its negotiations in `out`; progress counts pairs of players. */
  evaluate: [z.infer<typeof evaluateParams>, MatchupsFile];
};

const evaluateParams = z.strictObject({
  job: z.int().nonnegative(),
  game: gameId,
  /** Paths absolute. */
  players: z.array(writtenPlayer).min(1),
  /** Negotiations a cell, an even number. */
  negotiations: z.int().positive().multipleOf(2),
  seed: z.int().nonnegative(),
  /** The game's settings for everybody. */
  rules: gameSettings.partial(),
  /** A new folder, or that of the same evaluation, cut off. */
  out: z.string().min(1),
});

/** Validators of `EvaluateRequests`. */
export const evaluateRequests = { evaluate: evaluateParams } as const;
