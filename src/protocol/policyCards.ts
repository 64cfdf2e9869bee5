import * as z from 'zod';

/** Version of what a policy card says and how; a card of another one is computed anew. */
export const CARD_FORMAT = 1;

/** A checkpoint of a run, or the base model that the run began with. */
export const checkpointAddress = z.strictObject({
  /** The run's folder. */
  folder: z.string().min(1),
  /** Null: the base model. */
  iteration: z.int().nonnegative().nullable(),
});

/** See `checkpointAddress`. */
export type CheckpointAddress = z.infer<typeof checkpointAddress>;

/** A policy card: what a checkpoint is and does, as text that depends on nothing but its content. Lines end in `\n`. */
export const policyCard = z.strictObject({
  format: z.literal(CARD_FORMAT),
  /** One fact a line. */
  text: z.string(),
  /** The probe negotiations, one text each; the same names in the same order for all policies of a game. */
  negotiations: z.array(z.strictObject({ name: z.string().regex(/^[a-z0-9, ()._-]+$/), text: z.string() })),
});

/** See `policyCard`. */
export type PolicyCard = z.infer<typeof policyCard>;

const job = z.int().nonnegative();
const cardParams = z.strictObject({ job, checkpoint: checkpointAddress });
const cosineParams = z.strictObject({ job, left: checkpointAddress, right: checkpointAddress });

/** Work on policy cards: see `InferenceRequests`. */
export type CardRequests = {
  policyCard: [z.infer<typeof cardParams>, PolicyCard];
  /** The cosine between the updates of two checkpoints, as a section of a card: the same whichever is left. */
  updateCosine: [z.infer<typeof cosineParams>, string];
};

/** Validators of `CardRequests`. */
export const cardRequests = { policyCard: cardParams, updateCosine: cosineParams } as const satisfies Record<string, z.ZodType>;
