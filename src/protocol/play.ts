import * as z from 'zod';
import type { Constraint } from '../domain/games/game';
import { usageFile } from './matchups';
import { actionCell } from './rollouts';
import { gameId, gameSettings } from './runConfig';

/** Version of play.json; a reader refuses a higher one by name. */
export const PLAY_FORMAT = 1;

/** The person, as `player` cells have it. */
export const PERSON = 'human';

/** Names of what a folder of play holds. */
export const PLAY_PATHS = { play: 'play.json', rollouts: 'rollouts/000001.parquet' } as const;

const seat = z.union([z.literal(0), z.literal(1)]);

/** A turn that was taken, as far as the person knows of it. */
const playTurn = z.strictObject({
  /** 0-based. */
  round: z.int().nonnegative(),
  seat,
  kind: z.enum(['message', 'action']),
  /** What the person was newly shown before its own turn; what the other was shown is none of its business. */
  observation: z.string().optional(),
  text: z.string(),
});

/** See `playTurn`. */
export type PlayTurn = z.infer<typeof playTurn>;

/**
 * play.json: a negotiation between a person and a player, rewritten after each of its turns. While it is under way nothing in
 * it is hidden from the person, but for what its seed deals.
 */
export const playFile = z.strictObject({
  format: z.int(),
  /** ISO 8601. */
  created: z.string(),
  parley: z.string(),
  game: gameId,
  /** Settings that both play under. */
  rules: gameSettings.partial(),
  seed: z.int().nonnegative(),
  /** The person's. */
  seat,
  /** What it is called, and how `parley evaluate` writes it. */
  opponent: z.strictObject({ name: z.string(), player: z.string().min(1) }),
  turns: z.array(playTurn),
  /** By round, once it has ended. */
  rounds: z.array(z.strictObject({ actions: z.tuple([actionCell, actionCell]), rewards: z.tuple([z.number(), z.number()]) })),
  /** What an endpoint was asked; null for players that cost nothing. */
  usage: usageFile.nullable(),
  /** Every turn with its tokens, in the columns of a run's rollouts; null until it has ended. */
  rollouts: z.strictObject({ file: z.string(), rows: z.int(), bytes: z.int(), sha256: z.string().regex(/^[0-9a-f]{64}$/) }).nullable(),
});

/** See `playFile`. */
export type PlayFile = z.infer<typeof playFile>;

/** The person's turn that is due. */
export interface PlayAsk {
  /** 0-based. */
  readonly round: number;
  readonly kind: 'message' | 'action';
  /** What the person is newly shown. */
  readonly observation: string;
  /** What may be said; `domain/games/typedAnswer` reads what is typed by it. */
  readonly constraint: Constraint;
}

/** Where a negotiation stands after a step. */
export interface PlayPosition {
  /** Names the table for `say` and `leave`; it is gone once the negotiation has ended. */
  readonly session: string;
  readonly folder: string;
  readonly file: PlayFile;
  /** Null once it has ended. */
  readonly ask: PlayAsk | null;
}

/** A person at the table: see `InferenceRequests`. */
export type PlayRequests = {
  /** Begins a negotiation in a folder of its own. */
  sit: [z.infer<typeof sitParams>, PlayPosition];
  /** Goes on with the negotiation in a folder, at the table that is still there, or by playing what was said again. */
  takeUp: [z.infer<typeof takeUpParams>, PlayPosition];
  /** Takes the person's turn, and has the other take its own. Refused in one line, naming what is valid, nothing is lost. */
  say: [z.infer<typeof sayParams>, PlayPosition];
  /** Frees the table; the negotiation can be taken up again. Unknown tables are none of its business. */
  leave: [z.infer<typeof leaveParams>, null];
};

const job = z.int().nonnegative();

const sitParams = z.strictObject({
  job,
  game: gameId,
  /** As `parley evaluate` writes players, paths absolute. */
  opponent: z.string().min(1),
  seat,
  seed: z.int().nonnegative(),
  /** The game's settings for both, over those that the opponent was trained under. */
  rules: gameSettings.partial(),
  /** A new folder. */
  out: z.string().min(1),
});
const takeUpParams = z.strictObject({ job, folder: z.string().min(1) });
const sayParams = z.strictObject({ job, session: z.string(), text: z.string().max(10_000) });
const leaveParams = z.strictObject({ job, session: z.string() });

/** Validators of `PlayRequests`. */
export const playRequests = { sit: sitParams, takeUp: takeUpParams, say: sayParams, leave: leaveParams } as const;
