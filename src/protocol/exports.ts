import * as z from 'zod';

/** What runs can be exported as. */
export const EXPORT_FORMATS = ['csv', 'parquet', 'inspect', 'tensorboard', 'safetensors', 'html'] as const;

/** See `EXPORT_FORMATS`. */
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

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
