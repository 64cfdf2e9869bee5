import * as z from 'zod';
import { type BranchRequests, branchRequests } from './branches';
import { chatEndpoints } from './chatEndpoints';
import { type ExportRequests, exportRequests } from './exports';
import { type ImportRequests, importRequests } from './imports';
import { type EvaluateRequests, evaluateRequests } from './matchups';
import { type PlayRequests, playRequests } from './play';
import { type CardRequests, cardRequests } from './policyCards';
import { type SentPromptRequests, sentPromptRequests } from './sentPrompts';

/** Version of the host ↔ inference process protocol. */
export const INFERENCE_PROTOCOL = 1;

/** What the inference process computes on, and the endpoints that its players may ask. */
export const inferenceSettings = z.strictObject({
  threads: z.int().positive(),
  device: z.enum(['auto', 'cpu', 'webgpu', 'cuda', 'dml', 'coreml']),
  onnxruntimePath: z.string().optional(),
  apis: chatEndpoints,
  /** Keys by the endpoint's name; they are never written or logged. */
  keys: z.record(z.string(), z.string()),
});

/** See `inferenceSettings`. */
export type InferenceSettings = z.infer<typeof inferenceSettings>;

/** Number of a piece of work, unique in the life of a process; events about it carry it. */
export const job = z.int().nonnegative();

/** What the inference process answers: every piece of work carries its `job` number. */
export type InferenceRequests = EvaluateRequests &
  CardRequests &
  BranchRequests &
  ImportRequests &
  ExportRequests &
  PlayRequests &
  SentPromptRequests & {
    /** Comes first; later ones apply to the work that begins after them. */
    configure: [settings: InferenceSettings, result: null];
    /** Calls a piece of work off; it is refused then. Unknown numbers are none of its business. */
    cancel: [{ readonly job: number }, null];
  };

/** What the inference process answers and announces. */
export type InferenceSide = {
  requests: InferenceRequests;
  events: {
    /** How far a piece of work is. */
    jobProgress: z.infer<typeof jobProgress>;
  };
};

const jobProgress = z.strictObject({ job, done: z.number(), of: z.number(), line: z.string() });

/** Validators of what the host asks. */
export const inferenceRequests = {
  configure: inferenceSettings,
  cancel: z.strictObject({ job }),
  ...evaluateRequests,
  ...cardRequests,
  ...branchRequests,
  ...importRequests,
  ...exportRequests,
  ...playRequests,
  ...sentPromptRequests,
} as const;

/** Validators of what the process announces. */
export const inferenceEvents = { jobProgress } as const;
