import * as z from 'zod';
import { nearest } from '../domain/nearest';
import { tinkerEngine } from './trainingServer';

/** Games by the id that files and commands use. */
export const gameId = z.enum(['ipd', 'split', 'trust-and-split', 'trust-and-split-values', 'deal-or-no-deal']);

/** Credit rules; `domain/advantage` defines them. */
export const algorithm = z.enum(['rl', 'aa', 'aa-jit', 'sum']);

const positive = z.number().positive();
const count = z.int().positive();

/** The linear layers that LoRA can adapt, by the names that Hugging Face and PEFT give them, in the order of a block. */
export const LORA_TARGETS = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'] as const;

/** See `LORA_TARGETS`. */
export type LoraTarget = (typeof LORA_TARGETS)[number];

const loraTarget = z.enum(LORA_TARGETS, {
  error: ({ input }) => {
    const near = typeof input === 'string' ? nearest(input, LORA_TARGETS) : undefined;
    return `there is no linear layer ${JSON.stringify(input)}${near ? `; did you mean ${near}?` : `; there are ${LORA_TARGETS.join(', ')}`}`;
  },
});

const loraTargets = z
  .array(loraTarget, { error: 'write a list of linear layers, such as ["q_proj","v_proj"]' })
  .min(1, `name at least one of ${LORA_TARGETS.join(', ')}`)
  .refine((names) => new Set(names).size === names.length, 'a linear layer is named twice');

/** Settings of the game; a game reads those it understands and a preset that sets another is refused. */
export const gameSettings = z.strictObject({
  rounds: count,
  prompts: z.enum(['short', 'full']),
  showRound: z.boolean(),
  payoffs: z.strictObject({ T: z.number(), R: z.number(), P: z.number(), S: z.number() }),
  messagesPerRound: z.int().nonnegative(),
  messageTokens: count,
});

/** Everything that decides what a run computes; kept in run.json, complete, defaults filled in. */
export const runConfig = z.strictObject({
  game: gameId,
  gameSettings,
  algorithm,
  /** `embedded`, or a Hugging Face model folder; with a training server, the folder of its base model's tokenizer and chat template. */
  policy: z.string().min(1),
  /** What computes: onnxruntime on this machine where it is absent, else a training server. */
  engine: z.discriminatedUnion('kind', [z.strictObject({ kind: z.literal('onnx') }), tinkerEngine]).optional(),
  /**
   * `self`: one adapter has both seats. Else the fixed player that the learner meets, as `parley evaluate` writes players, with
   * absolute paths: `scripted:NAME`, `/runs/ipd-aa@200`, `seed`, `api:NAME`.
   */
  opponent: z.string().min(1).default('self'),
  seed: z.int().nonnegative(),
  iterations: count,
  /** Negotiations an iteration. */
  negotiations: count,
  /** Negotiations that share their random numbers; 1 makes every group single. */
  groupSize: count,
  /** Discount γ per round. */
  gamma: z.number().min(0).max(1),
  /** Weight β of the alignment term. */
  beta: z.number(),
  /** Points that make one unit of reward. */
  rewardScale: positive,
  baseline: z.enum(['group', 'batch']),
  /** `aa-jit` with the extra γ of `aa`, so that only the sum over k differs. */
  matchedGamma: z.boolean(),
  adapter: z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('lora'),
      rank: count,
      alpha: positive,
      /** Which linear layers are adapted; all unless given. */
      targets: loraTargets.default([...LORA_TARGETS]),
    }),
    z.strictObject({ kind: z.literal('full') }),
  ]),
  learningRate: positive,
  /** Global gradient norm cap. */
  clipNorm: positive,
  klCoefficient: z.number().nonnegative(),
  klOver: z.enum(['full', 'masked']),
  entropyCoefficient: z.number().nonnegative(),
  /** Whether tokens that a mask forces count among the N of the loss. */
  countForced: z.boolean(),
  /** How invalid output is kept out (`masked`), let through (`free`) or tried again (`retry`). */
  decoding: z.enum(['masked', 'free', 'retry']),
  retries: z.int().nonnegative(),
  temperature: positive,
  buffer: z.strictObject({
    enabled: z.boolean(),
    /** A snapshot every this many iterations. */
    every: count,
    /** An iteration draws from a uniform subset of at most this many snapshots. */
    subset: count,
    draw: z.enum(['negotiation', 'group']),
    train: z.enum(['learner', 'both']),
    probability: z.number().min(0).max(1),
  }),
  /** A checkpoint every this many iterations, and at the start and the end. */
  checkpointEvery: count,
});

/** See `runConfig`. */
export type RunConfig = z.infer<typeof runConfig>;

/** Credit rule ids. */
export type Algorithm = z.infer<typeof algorithm>;
