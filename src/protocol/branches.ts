import type * as z from 'zod';

/** Work on branches of negotiations: see `InferenceRequests`. */
export type BranchRequests = Record<never, never>;

/** Validators of `BranchRequests`. */
export const branchRequests = {} as const satisfies Record<string, z.ZodType>;
