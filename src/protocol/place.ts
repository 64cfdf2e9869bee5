import * as z from 'zod';

/** A place in a run. What is missing is not chosen yet. The host keeps the one selection that all views follow. */
export const place = z.strictObject({
  /** Id of an open run. */
  run: z.string(),
  iteration: z.int().optional(),
  group: z.int().optional(),
  negotiation: z.int().optional(),
  round: z.int().optional(),
  turn: z.int().optional(),
  token: z.int().optional(),
  /** A branch of the negotiation; round, turn and token are the branch's own then. */
  branch: z.int().positive().optional(),
});

/** See `place`. */
export type Place = z.infer<typeof place>;

/** A checkpoint of an open run. */
export const policyRef = z.strictObject({ run: z.string(), iteration: z.int().nonnegative() });

/** See `policyRef`. */
export type PolicyRef = z.infer<typeof policyRef>;
