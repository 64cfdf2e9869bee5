import * as z from 'zod';
import { importedFrom } from './imports';
import { runConfig } from './runConfig';

/** Version of the run folder's layout; a reader refuses a higher one by name. */
export const RUN_FORMAT = 1;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const nullable = z.number().nullable();

/** Who a fixed opponent is, so that a run that goes on can tell whether it still meets the same. */
const opponentFile = z.strictObject({
  /** As `player` cells and summaries have it: `ipd-aa@200`, `scripted:tit-for-tat`, `api:lab`. */
  name: z.string(),
  /** A policy's base model. */
  model: z.strictObject({ source: z.string(), sha256 }).optional(),
  /** A policy's weights over its base model; absent where the base model itself plays. */
  checkpoint: z.strictObject({ folder: z.string(), sha256 }).optional(),
  /** The model that a chat endpoint was asked for. */
  chatModel: z.string().optional(),
});

/** See `opponentFile`. */
export type OpponentFile = z.infer<typeof opponentFile>;

const pairOf = <T extends z.ZodType>(item: T) => z.tuple([item, item]);

/** The run set that a run belongs to: runs that stand for one experiment, over seeds and maybe algorithms. */
export const runSet = z.strictObject({ id: z.string().min(1), name: z.string().min(1) });

/** See `runSet`. */
export type RunSet = z.infer<typeof runSet>;

/** run.json: written once, before anything else is. */
export const runFile = z.strictObject({
  format: z.int(),
  id: z.string(),
  name: z.string(),
  /** ISO 8601. */
  created: z.string(),
  parley: z.string(),
  onnxruntime: z.string(),
  config: runConfig,
  model: z.strictObject({ source: z.string(), sha256, parameters: z.int() }),
  device: z.string(),
  threads: z.int(),
  /** The run that differs in the algorithm alone, where the two were started as a pair. */
  pairedWith: z.string().optional(),
  /** Who has the other seat, where that is a fixed player. */
  opponent: opponentFile.optional(),
  set: runSet.optional(),
  /** The run was not trained by Parley. */
  imported: importedFrom.optional(),
});

/** See `runFile`. */
export type RunFile = z.infer<typeof runFile>;

const byProposal = z.strictObject({ start: nullable, '0-2': nullable, '3-5': nullable, '6-8': nullable, '9-10': nullable });

/** Measures as JSON; `domain/metrics` computes them. */
export const measuresFile = z.looseObject({
  meanReward: pairOf(z.number()).nullable(),
  jointReward: nullable,
  efficiency: nullable,
  cooperationRate: nullable.optional(),
  cooperateAfter: z.strictObject({ start: nullable, CC: nullable, CD: nullable, DC: nullable, DD: nullable }).optional(),
  keptWhenValuingLess: nullable.optional(),
  keptWhenValuingMore: nullable.optional(),
  keptAfter: z.strictObject({ less: byProposal, more: byProposal }).optional(),
  statesHandRate: nullable.optional(),
  truthfulRate: nullable.optional(),
  validMass: nullable,
  entropy: nullable,
  kl: nullable,
});

/** See `measuresFile`. */
export type MeasuresFile = z.infer<typeof measuresFile>;

const files = z.strictObject({ folder: z.string(), files: z.record(z.string(), sha256) });

/** A list that is checked in one loop: a long journal has millions of entries, and zod looks at each for half a microsecond. */
function list<T>(is: (entry: unknown) => entry is T, of: string) {
  return z.custom<T[]>((value) => Array.isArray(value) && value.every(is), `expected a list of ${of}`);
}
const isNumber = (entry: unknown): entry is number => Number.isFinite(entry);
const isInt = (entry: unknown): entry is number => Number.isSafeInteger(entry);
const isText = (entry: unknown): entry is string => typeof entry === 'string';
const numbers = list(isNumber, 'numbers');

/** One compact line a negotiation, column by column, so that measures filter and sort without Parquet. */
export const negotiationSummaries = z.strictObject({
  group: list(isInt, 'whole numbers'),
  /** Mean points a round. */
  reward: pairOf(numbers),
  /** Joint reward ÷ best possible joint reward, mean over rounds. */
  efficiency: numbers,
  /** Player names, `[seat][negotiation]`: `policy`, `snapshot:40`, `scripted:greedy`. */
  player: pairOf(list(isText, 'texts')),
  /** Turns that did not parse. */
  invalid: list(isInt, 'whole numbers'),
  /** Mean credit, `[seat][negotiation]`. */
  credit: pairOf(numbers),
  /** IPD: share of A, `[seat][negotiation]`; absent elsewhere. */
  cooperation: pairOf(numbers).optional(),
});

/** See `negotiationSummaries`. */
export type NegotiationSummaries = z.infer<typeof negotiationSummaries>;

/** What one optimizer step reported. */
const trainingFile = z.strictObject({
  loss: z.number(),
  /** Before clipping; null where the engine cannot tell. */
  gradNorm: nullable,
  rhoMax: z.number(),
  rhoClipFraction: z.number(),
  /** Largest |log π_trainer − log π_sampler|, nats. */
  samplerTrainerGap: z.number(),
  rmsOwn: z.number(),
  rmsAlignment: z.number(),
  /** Share of rounds whose alignment term reverses the sign of the own advantage. */
  signFlip: z.number(),
  retries: z.int(),
  sequences: z.int(),
  sampledTokens: z.int(),
  trainedTokens: z.int(),
  /** What an opponent behind a chat endpoint was asked in this iteration, and what that cost in US dollars. */
  usage: z
    .strictObject({ replies: z.int(), retries: z.int(), promptTokens: z.number(), completionTokens: z.number(), cost: nullable })
    .optional(),
});

/** See `trainingFile`. */
export type TrainingFile = z.infer<typeof trainingFile>;

/** journal.jsonl, line by line. What no line names does not exist. Only `time` and `seconds` depend on the clock. */
export const journalLine = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('iteration'),
    /** 1-based; 0 is the start: a state and a checkpoint, no rollouts. */
    iteration: z.int().nonnegative(),
    time: z.string(),
    seconds: z.number(),
    measures: measuresFile.optional(),
    training: trainingFile.optional(),
    rollouts: z.strictObject({ file: z.string(), rows: z.int(), bytes: z.int(), sha256 }).optional(),
    negotiations: negotiationSummaries.optional(),
    /** Learner, optimizer and counters after this iteration: what resume starts from. Only the newest is kept. */
    state: files,
    checkpoint: files.optional(),
  }),
  z.strictObject({
    type: z.literal('finished'),
    iteration: z.int(),
    time: z.string(),
    /** From 256 fresh negotiations of the final policy against itself. */
    measures: measuresFile,
    /** Against a fixed opponent, in both seatings: the learner's, with `meanReward` `[learner's, opponent's]`. */
    againstOpponent: measuresFile.optional(),
  }),
]);

/** See `journalLine`. */
export type JournalLine = z.infer<typeof journalLine>;

/** An iteration's line. */
export type IterationLine = Extract<JournalLine, { type: 'iteration' }>;

/** lock.json: who trains this folder. */
export const lockFile = z.strictObject({
  host: z.string(),
  pid: z.int(),
  /** Start of that process as the system tells it, so that a reused pid is not taken for it. */
  processStart: z.string(),
  /** ISO 8601; renewed every few seconds. */
  heartbeat: z.string(),
});

/** See `lockFile`. */
export type LockFile = z.infer<typeof lockFile>;

/** Names of what a run folder holds. */
export const RUN_PATHS = {
  run: 'run.json',
  journal: 'journal.jsonl',
  lock: 'lock.json',
  rollouts: (iteration: number) => `rollouts/${padded(iteration)}.parquet`,
  checkpoint: (iteration: number) => `checkpoints/${padded(iteration)}`,
  state: (iteration: number) => `state/${padded(iteration)}`,
} as const;

function padded(iteration: number): string {
  return String(iteration).padStart(6, '0');
}
