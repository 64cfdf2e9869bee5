import * as z from 'zod';
import { chatEndpoints } from './chatEndpoints';
import { runConfig } from './runConfig';
import { measuresFile, runSet } from './runFiles';
import { serverReach } from './trainingServer';

/** Version of the host ↔ trainer protocol. */
export const TRAINER_PROTOCOL = 1;

/** What an `api:NAME` opponent and a training server are reached by. It lives in memory alone: no file and no log ever gets any of it. */
const reach = {
  /** Endpoints that `api:NAME` may name. */
  apis: chatEndpoints.optional(),
  /** Their keys, by NAME. */
  keys: z.record(z.string(), z.string()).optional(),
  server: serverReach.optional(),
};

/** How a run is begun or gone on with. */
export const trainParams = z.discriminatedUnion('start', [
  z.strictObject({
    start: z.literal('new'),
    folder: z.string(),
    name: z.string(),
    config: runConfig,
    pairedWith: z.string().optional(),
    set: runSet.optional(),
    threads: z.int().positive(),
    /** Off when several trainers share few cores. */
    spin: z.boolean(),
    device: z.enum(['auto', 'cpu', 'webgpu', 'cuda', 'dml', 'coreml']),
    onnxruntimePath: z.string().optional(),
    /** Goes on when the channel closes, instead of stopping at the next chunk; the window that comes next follows the folder. */
    keepTraining: z.boolean().optional(),
    ...reach,
  }),
  z.strictObject({
    start: z.literal('resume'),
    folder: z.string(),
    threads: z.int().positive(),
    spin: z.boolean(),
    device: z.enum(['auto', 'cpu', 'webgpu', 'cuda', 'dml', 'coreml']),
    onnxruntimePath: z.string().optional(),
    /** Goes on when the channel closes, instead of stopping at the next chunk; the window that comes next follows the folder. */
    keepTraining: z.boolean().optional(),
    ...reach,
    /** Take the folder from another host whose lock is stale. */
    takeOver: z.boolean(),
  }),
]);

/** See `trainParams`. */
export type TrainParams = z.infer<typeof trainParams>;

/** One turn that is not committed yet, for the eye only. */
const previewTurn = z.strictObject({
  iteration: z.int(),
  group: z.int(),
  negotiation: z.int(),
  round: z.int(),
  turn: z.int(),
  seat: z.union([z.literal(0), z.literal(1)]),
  player: z.string(),
  kind: z.enum(['message', 'action']),
  prompt: z.string(),
  text: z.string(),
  tokenTexts: z.array(z.string()),
  logProbs: z.array(z.number()),
});

/** See `previewTurn`. */
export type PreviewTurn = z.infer<typeof previewTurn>;

/** Where training stands; sent at least at every phase and after every commit. */
export const progress = z.strictObject({
  phase: z.enum(['loading', 'training', 'finishing']),
  /** Iterations committed. */
  iteration: z.int(),
  iterations: z.int(),
  /** The learner's mean points a round, against itself or its fixed opponent; null until there is one. */
  reward: z.number().nullable(),
  cooperationRate: z.number().nullable(),
  efficiency: z.number().nullable(),
  /** Sampled and trained tokens a second over the last iteration. */
  tokensPerSecond: z.number(),
  secondsPerIteration: z.number(),
  device: z.string(),
  /** About what the run needs at its widest, bytes; known before its model is loaded. */
  memory: z.number().optional(),
});

/** See `progress`. */
export type Progress = z.infer<typeof progress>;

/** How training ended, as the trainer says it just before it exits. */
export const ended = z.discriminatedUnion('how', [
  z.strictObject({ how: z.literal('finished'), measures: measuresFile, againstOpponent: measuresFile.optional() }),
  z.strictObject({ how: z.literal('stopped'), iteration: z.int() }),
  z.strictObject({ how: z.literal('failed'), message: z.string() }),
]);

/** See `ended`. */
export type Ended = z.infer<typeof ended>;

/** What the trainer process answers and announces. */
export type TrainerSide = {
  requests: {
    /** Resolves once the folder is locked and the model is loaded; training goes on behind it. */
    train: [params: TrainParams, result: { readonly device: string }];
    /** Stops after the chunk under way; resolves at once. */
    stop: [params: null, result: null];
  };
  events: {
    progress: Progress;
    preview: PreviewTurn[];
    /** An iteration is committed: read it from the folder. */
    committed: { readonly iteration: number };
    ended: Ended;
    log: { readonly level: 'info' | 'warn' | 'error'; readonly line: string };
  };
};

/** The host asks, and announces nothing. */
export type HostSide = { requests: Record<never, never>; events: Record<never, never> };

/** Validators of what a trainer announces. */
export const trainerEvents = {
  progress,
  preview: z.array(previewTurn),
  committed: z.strictObject({ iteration: z.int() }),
  ended,
  log: z.strictObject({ level: z.enum(['info', 'warn', 'error']), line: z.string() }),
} as const;
