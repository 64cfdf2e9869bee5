import * as z from 'zod';
import { runConfig } from './runConfig';

/** Version of the set file's layout; a reader refuses a higher one by name. */
export const RUN_SET_FORMAT = 1;

/** A plain name beside the set's file: a set from elsewhere cannot have runs written anywhere else. */
const folderName = z.string().regex(/^\w[\w.@+~-]*$/, 'expected the plain name of a folder beside this file');

/** A run that a set plans. */
const plannedRun = z.strictObject({ folder: folderName, name: z.string().min(1), config: runConfig });

/** See `plannedRun`. */
export type PlannedRun = z.infer<typeof plannedRun>;

/** `set.json`, or `ID.set.json` beside the folders of its runs: what a run set plans. What came of it is in the folders. */
export const runSetFile = z
  .strictObject({
    format: z.int(),
    id: z.string().min(1),
    name: z.string().min(1),
    /** ISO 8601. */
    created: z.string(),
    /** Of each run, whenever it begins: another number gives other last digits. */
    threads: z.int().positive(),
    /** In the order in which they are trained. */
    runs: z.array(plannedRun).min(1),
  })
  .superRefine(({ runs }, context) => {
    for (const [i, { folder }] of runs.entries()) {
      if (runs.findIndex((run) => run.folder === folder) === i) continue;
      context.addIssue({ code: 'custom', path: ['runs', i, 'folder'], message: `two runs are kept in ${folder}` });
    }
  });

/** See `runSetFile`. */
export type RunSetFile = z.infer<typeof runSetFile>;
