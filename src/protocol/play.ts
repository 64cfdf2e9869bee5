import type * as z from 'zod';

/** A person at the table: see `InferenceRequests`. */
export type PlayRequests = Record<never, never>;

/** Validators of `PlayRequests`. */
export const playRequests = {} as const satisfies Record<string, z.ZodType>;
