import * as z from 'zod';
import type { PlayAsk } from './play';

const index = z.int().nonnegative();
const pairOf = <T extends z.ZodType>(item: T) => z.tuple([item, item]);

/** Who went on from the turn in one seat. */
const continued = z.strictObject({
  /** As the rows' `player` has it: `ipd-rl@200`, `scripted:tit-for-tat`, `api:lab`. */
  name: z.string().min(1),
  /** As `parley evaluate` writes players, with absolute paths. */
  player: z.string().min(1),
  /** It had the seat before; of a policy that was not kept at that iteration, the checkpoint before it stands in. */
  asBefore: z.boolean(),
});

/** A stretch of a branch: from this turn on, these players. */
const stretch = z.strictObject({ branch: z.int().positive(), turn: index, players: pairOf(continued) });

/**
 * branches/index.jsonl, line by line: what no line names does not exist, and what a later line deletes does no longer. The
 * journal knows nothing of branches, and training nothing of either.
 */
export const branchLine = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('branch'),
    /** Unique in the run, from 1; never given twice. */
    branch: z.int().positive(),
    /** ISO 8601. */
    time: z.string(),
    parley: z.string(),
    /** The negotiation that it leaves. */
    iteration: z.int().positive(),
    group: index,
    negotiation: index,
    /** The first turn that is its own, and that turn's round. */
    round: index,
    turn: index,
    /** Where it leaves another branch: the branches whose words it keeps before its own, the outermost first. */
    after: z.array(stretch).min(1).optional(),
    /** Token draws are keyed by (seed, sample, seat, turn, token). */
    seed: index,
    sample: index,
    /** `[seat]` */
    players: pairOf(continued),
    /** Mean points a round over the whole branch, `[seat]`. */
    reward: pairOf(z.number()),
    rollouts: z.strictObject({
      file: z.string().regex(/^branches\/\d+-\d+-\d+\/\d{4,}\.parquet$/, 'is no file of a branch'),
      rows: index,
      bytes: index,
      sha256: z.string().regex(/^[0-9a-f]{64}$/),
    }),
  }),
  z.strictObject({ type: z.literal('deleted'), branch: z.int().positive(), time: z.string() }),
]);

/** See `branchLine`. */
export type BranchLine = z.infer<typeof branchLine>;

/** A branch that exists. */
export type Branch = Extract<BranchLine, { type: 'branch' }>;

/**
 * The branch that a turn of a branch belongs to, itself or one that it left; undefined for turns of the negotiation itself.
 * @param turn the turn's place in the negotiation, from 0
 */
export function branchAt<T extends { readonly turn: number }>(
  branch: T & { readonly after?: readonly T[] | undefined },
  turn: number,
): T | undefined {
  return [...(branch.after ?? []), branch].findLast((each) => each.turn <= turn);
}

/** The turn that a branch leaves its negotiation at. */
export type BranchPoint = Pick<Branch, 'iteration' | 'negotiation' | 'turn'>;

/** Names of what a run folder's branches are kept in. */
export const BRANCH_PATHS = {
  folder: 'branches',
  index: 'branches/index.jsonl',
  lock: 'branches/index.lock',
  of: ({ iteration, negotiation, turn }: BranchPoint) => `branches/${iteration}-${negotiation}-${turn}`,
  rollouts: (point: BranchPoint, branch: number) => `${BRANCH_PATHS.of(point)}/${String(branch).padStart(4, '0')}.parquet`,
} as const;

/** Branches that one request may make. */
export const MOST_SAMPLES = 64;

/** Tokens that a distribution lists at most, for each policy. */
export const MOST_LISTED = 50;

const forkParams = z.strictObject({
  job: index,
  /** The run's. */
  folder: z.string().min(1),
  iteration: z.int().positive(),
  negotiation: index,
  /** Goes on from this branch of it. */
  branch: z.int().positive().optional(),
  turn: index,
  /** Who goes on, `[seat]`, as `parley evaluate` writes players with absolute paths; null: who had the seat before. */
  players: pairOf(z.string().min(1).nullable()),
  samples: z.int().positive().max(MOST_SAMPLES),
  seed: index,
  /** What a person in one of the seats (`human`) has said so far, turn by turn; of such a branch there is one sample. */
  answers: z.array(z.string().max(10_000)).optional(),
});

const distributionParams = z.strictObject({
  job: index,
  folder: z.string().min(1),
  iteration: z.int().positive(),
  negotiation: index,
  branch: z.int().positive().optional(),
  turn: index,
  /** Place in the turn. */
  token: index,
  /** Checkpoints that are asked, of runs on one base model. */
  policies: z
    .array(z.strictObject({ folder: z.string().min(1), iteration: index }))
    .min(1)
    .max(4),
  /** Likeliest tokens that are listed for each. */
  top: z.int().positive().max(MOST_LISTED),
});

/** What some policies would say at a token. */
export interface Distributions {
  /** Whether the run samples under the mask. */
  readonly isMasked: boolean;
  readonly temperature: number;
  /** Likeliest first by the first policy; each policy's likeliest, and what was said. */
  readonly tokens: readonly { readonly id: number; readonly text: string; readonly isSaid: boolean; readonly isAllowed: boolean }[];
  /** In the order asked for. */
  readonly policies: readonly PolicyDistribution[];
}

/** One policy's next-token distribution at a place. */
export interface PolicyDistribution {
  /** `ipd-aa@200` */
  readonly name: string;
  /** Probabilities of `tokens`, of the unmasked policy. */
  readonly free: readonly number[];
  /** The same under the mask, renormalised; null where the turn has none that is known. */
  readonly masked: readonly number[] | null;
  /** Probability of all tokens that are not listed, unmasked and masked. */
  readonly rest: readonly [free: number, masked: number | null];
  /** Of the unmasked distribution, nats. */
  readonly entropy: number;
  /** What the unmasked policy gives to allowed tokens. */
  readonly validMass: number;
}

/** What came of a fork. */
export interface Forked {
  /** Numbers of the branches, those included that were there before. */
  readonly branches: readonly number[];
  /** What somebody should know before believing a number. */
  readonly warnings: readonly string[];
  /** A person's turn that is due; null once the branch is kept. */
  readonly ask: PlayAsk | null;
}

/** Work on branches of negotiations: see `InferenceRequests`. */
export type BranchRequests = {
  /**
   * Plays on from a turn and keeps what comes of it in the run folder; branches that are there already are not made again. Where it
   * is a person's turn and there is no answer left, nothing is kept yet: asked again with one more, it goes on.
   */
  fork: [z.infer<typeof forkParams>, Forked];
  /** What policies would say at a token. */
  distributions: [z.infer<typeof distributionParams>, Distributions];
};

/** Validators of `BranchRequests`. */
export const branchRequests = { fork: forkParams, distributions: distributionParams } as const;
