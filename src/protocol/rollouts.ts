import * as z from 'zod';

/**
 * rollouts/NNNNNN.parquet: one row a turn. Names are SQL-friendly; lists have one entry a produced token.
 * `select negotiation, avg(credit[1]) from 'rollouts/000001.parquet' group by all`
 */
export const ROLLOUT_COLUMNS = {
  iteration: 'INT32',
  seed_group: 'INT32',
  negotiation: 'INT32',
  /** 0-based. */
  round: 'INT32',
  /** 0-based place in the negotiation; simultaneous actions follow each other in seat order. */
  turn: 'INT32',
  seat: 'INT32',
  agent: 'STRING',
  player: 'STRING',
  /** Whether these tokens were in the loss. */
  trained: 'BOOLEAN',
  kind: 'STRING',
  /** What the seat was newly shown. */
  prompt: 'STRING',
  text: 'STRING',
  valid: 'BOOLEAN',
  /** JSON of `Action`; null for a message. */
  action: 'STRING?',
  /** JSON of `RoundDeal`. */
  deal: 'STRING',
  /** Points of this seat in this round, and units it got (JSON list). */
  reward: 'DOUBLE',
  share: 'STRING',
  best_joint_reward: 'DOUBLE',
  return: 'DOUBLE',
  baseline: 'DOUBLE',
  opponent_advantage: 'DOUBLE',
  /** w of the alignment term. */
  weight: 'DOUBLE',
  prompt_token_ids: 'INT32[]',
  token_ids: 'INT32[]',
  token_texts: 'STRING[]',
  /** log π of the sampling distribution, nats. */
  log_probs: 'FLOAT[]',
  /** log π that the training step used. Empty where untrained. */
  train_log_probs: 'FLOAT[]',
  /** ρ before truncation. Empty where untrained. */
  ratios: 'FLOAT[]',
  reference_log_probs: 'FLOAT[]',
  entropies: 'FLOAT[]',
  valid_mass: 'FLOAT[]',
  /** Tokens that a mask left no choice about. */
  forced: 'BOOLEAN[]',
  own_advantage: 'FLOAT[]',
  alignment_term: 'FLOAT[]',
  credit: 'FLOAT[]',
} as const;

type Cell<T extends string> = T extends 'STRING'
  ? string
  : T extends 'STRING?'
    ? string | null
    : T extends 'BOOLEAN'
      ? boolean
      : T extends 'STRING[]'
        ? string[]
        : T extends 'BOOLEAN[]'
          ? boolean[]
          : T extends 'INT32[]' | 'FLOAT[]'
            ? number[]
            : number;

/** A row of a rollout file. */
export type TurnRow = { -readonly [K in keyof typeof ROLLOUT_COLUMNS]: Cell<(typeof ROLLOUT_COLUMNS)[K]> };

const points = z.array(z.number());

/** The `action` cell, parsed. */
export const actionCell = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('choice'), choice: z.enum(['A', 'B']) }),
  z.strictObject({ kind: z.literal('keep'), amounts: points }),
]);

/** The `deal` cell, parsed. */
export const dealCell = z.strictObject({
  quantities: points,
  values: z.tuple([points, points]),
  hands: z.tuple([z.enum(['rock', 'paper', 'scissors']), z.enum(['rock', 'paper', 'scissors'])]).optional(),
  opener: z.union([z.literal(0), z.literal(1)]).optional(),
});

/** The `share` cell, parsed. */
export const shareCell = points;
