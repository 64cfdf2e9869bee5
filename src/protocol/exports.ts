import * as z from 'zod';

/** What runs can be exported as. */
export const EXPORT_FORMATS = ['csv', 'parquet', 'inspect', 'tensorboard', 'safetensors', 'html'] as const;

/** See `EXPORT_FORMATS`. */
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

const index = z.int().nonnegative();

/** An annotation, as far as a report shows it. */
export const exportNote = z.object({
  /** Id of the run, as run.json has it. */
  run: z.string(),
  iteration: index,
  negotiation: index,
  branch: z.int().positive().optional(),
  turn: index,
  /** Token indices in the turn, `[start, end)`. */
  tokens: z.object({ start: index, end: index }),
  quote: z.string(),
  body: z.string(),
  author: z.string(),
  tags: z.array(z.string()),
  resolved: z.boolean(),
  replies: z.array(z.object({ author: z.string(), body: z.string() })),
});

/** See `exportNote`. */
export type ExportNote = z.infer<typeof exportNote>;

/** A negotiation that a report shows whole. */
export const exportPlace = z.strictObject({
  /** Id of the run, as run.json has it; every run that has the negotiation where it is absent. */
  run: z.string().optional(),
  iteration: index,
  negotiation: index,
});

/** See `exportPlace`. */
export type ExportPlace = z.infer<typeof exportPlace>;

/** What an export is asked for. */
export const exportSettings = z.strictObject({
  format: z.enum(EXPORT_FORMATS),
  /** Folders of runs, or of match-ups and of play where the format has no need of training. */
  runs: z.array(z.string().min(1)).min(1),
  /** The file or folder that is written. */
  out: z.string().min(1),
  /** Iterations to export; empty for those that the format chooses. */
  iterations: z.array(z.int().nonnegative()),
  /** Files that are there already are replaced. */
  overwrite: z.boolean(),
  /** Of a report: negotiations that it shows beside those with notes. */
  negotiations: z.array(exportPlace).optional(),
  /** Of a report: annotations. */
  notes: z.array(exportNote).optional(),
});

/** See `exportSettings`. */
export type ExportSettings = z.infer<typeof exportSettings>;

/** What an export wrote. */
export interface Exported {
  /** Paths of all files, in the order in which they were asked for. */
  readonly files: readonly string[];
  readonly bytes: number;
}

/** Work on exports: see `InferenceRequests`. */
export type ExportRequests = {
  /** Writes runs for other software; nothing is left of one that fails or is called off. */
  exportRuns: [ExportSettings & { readonly job: number }, Exported];
};

/** Validators of `ExportRequests`. */
export const exportRequests = { exportRuns: exportSettings.extend({ job: z.int().nonnegative() }) } as const;
