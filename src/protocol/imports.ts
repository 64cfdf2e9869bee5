import * as z from 'zod';
import { type gameId, runConfig } from './runConfig';

/** Names that AdAlignLLM gives: `seed_<s>/iteration_<nnn>/mgid_<id>.rt.pkl`. */
export const ADALIGN_NAMES = {
  seed: /^seed_(\d{1,9})$/,
  iteration: /^iteration_(\d{1,9})$/,
  rollout: /^mgid_(\d{1,15})\.rt\.pkl$/,
} as const;

/** What turns rewards into credits, as run.json has it; `domain/advantage` defines it. */
export const creditSettings = runConfig.pick({
  algorithm: true,
  gamma: true,
  beta: true,
  rewardScale: true,
  baseline: true,
  matchedGamma: true,
});

/** See `creditSettings`. */
export type CreditSettingsFile = z.infer<typeof creditSettings>;

/** Of an imported run, in run.json: where it is read from. Nobody trains, resumes or forks it. */
export const importedFrom = z.strictObject({
  format: z.literal('adalign'),
  /** Absolute path of the folder that was imported. */
  folder: z.string().min(1),
  /** Of its `seed_<s>`; null where iterations lie in the folder itself. */
  seed: z.int().nonnegative().nullable(),
});

/** See `importedFrom`. */
export type ImportedFrom = z.infer<typeof importedFrom>;

const skippedFile = z.strictObject({ file: z.string(), reason: z.string() });

/** See `CreditCheck` in `interop/adalign`. */
const creditCheck = z.strictObject({
  tokens: z.int().nonnegative(),
  largestDifference: z.number().nullable(),
  at: z
    .strictObject({
      file: z.string(),
      seat: z.union([z.literal(0), z.literal(1)]),
      round: z.int(),
      logged: z.number(),
      recomputed: z.number(),
    })
    .nullable(),
});

/** imported.jsonl, line by line: what was made of each folder of the run; a later line of a folder replaces an earlier one. */
export const importLine = z.strictObject({
  /** `seed_0/iteration_000`; empty for what lies beside the iterations. */
  folder: z.string(),
  /** A hash of the sizes and times of its files: another one has to be read again. */
  state: z.string(),
  /** A later iteration had begun when it was read, so that it does not change any more. */
  isFinal: z.boolean(),
  /** What was not read, and why. */
  skipped: z.array(skippedFile),
  /** Recomputed credits against logged ones. */
  check: creditCheck.nullable(),
});

/** See `importLine`. */
export type ImportLine = z.infer<typeof importLine>;

/** The file of `importLine`s in an imported run's folder. */
export const IMPORT_LINES = 'imported.jsonl';

/** Largest |logged − recomputed| that rounding explains. */
export const CREDIT_TOLERANCE = 1e-3;

const job = z.int().nonnegative();

const inspectParams = z.strictObject({ job, folder: z.string().min(1) });

const importParams = z.strictObject({
  job,
  from: importedFrom,
  settings: creditSettings,
  /** The run folder that is written, or added to. */
  out: z.string().min(1),
});

/** What can be imported from a folder, and with which settings unless the reader has others. */
export interface Inspected {
  /** Runs that it holds, by their seed; null for iterations that lie in the folder itself. */
  readonly seeds: readonly (number | null)[];
  readonly game: z.infer<typeof gameId> | null;
  readonly settings: CreditSettingsFile;
  /** Settings that the run's own configuration states; the others are the paper's. */
  readonly found: readonly string[];
}

/** What an import did. */
export interface Imported {
  /** Iterations that it added, or read again. */
  readonly added: number;
  /** The newest iteration was still being written, and is left for the next time. */
  readonly isPending: boolean;
}

/** Work on runs of other software: see `InferenceRequests`. */
export type ImportRequests = {
  /** Says what a run folder of AdAlignLLM holds. */
  inspectAdalign: [z.infer<typeof inspectParams>, Inspected];
  /** Adds to a run folder what the imported one gained; what is there already is not read again. */
  importAdalign: [z.infer<typeof importParams>, Imported];
};

/** Validators of `ImportRequests`. */
export const importRequests = { inspectAdalign: inspectParams, importAdalign: importParams } as const;

/** What a person writes for a number; zod's own coercion takes an empty text for 0. */
const number = z.string().regex(/\d/, 'expected a number').transform(Number);

/** Settings as a person writes them. */
const written = z.strictObject({
  algorithm: creditSettings.shape.algorithm,
  gamma: number.pipe(creditSettings.shape.gamma),
  beta: number.pipe(creditSettings.shape.beta),
  rewardScale: number.pipe(creditSettings.shape.rewardScale),
  baseline: creditSettings.shape.baseline,
});

/** Settings as `parseCreditSettings` reads them. */
export function creditSettingsText({ algorithm, gamma, beta, rewardScale, baseline }: CreditSettingsFile): string {
  return `algorithm=${algorithm} gamma=${gamma} beta=${beta} rewardScale=${rewardScale} baseline=${baseline}`;
}

/**
 * Reads `algorithm=aa gamma=0.9 beta=1 rewardScale=100`, separated by spaces or commas; what is not named stays as it is.
 * @throws RangeError that names the setting
 */
export function parseCreditSettings(text: string, base: CreditSettingsFile): CreditSettingsFile {
  const given: Record<string, string> = {};
  for (const part of text.split(/[\s,]+/).filter((each) => each !== '')) {
    const at = part.indexOf('=');
    if (at < 1) throw new RangeError(`"${part}": write settings as KEY=VALUE, such as gamma=0.9`);
    given[part.slice(0, at)] = part.slice(at + 1);
  }
  const parsed = written.partial().safeParse(given);
  if (parsed.success) return creditSettings.parse({ ...base, ...parsed.data });
  const issue = parsed.error.issues[0];
  if (issue?.code === 'unrecognized_keys') {
    throw new RangeError(`there is no setting ${issue.keys[0]}: there are ${Object.keys(written.shape).join(', ')}`);
  }
  throw new RangeError(`${issue?.path.join('.')}: ${issue?.message ?? 'invalid'}`);
}
