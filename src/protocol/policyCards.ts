import type * as z from 'zod';

/** Work on policy cards: see `InferenceRequests`. */
export type CardRequests = Record<never, never>;

/** Validators of `CardRequests`. */
export const cardRequests = {} as const satisfies Record<string, z.ZodType>;
