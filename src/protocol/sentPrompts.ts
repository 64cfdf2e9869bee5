import * as z from 'zod';

const index = z.int().nonnegative();

const sentPromptParams = z.strictObject({
  job: index,
  /** The run's folder. */
  folder: z.string().min(1),
  iteration: index,
  negotiation: index,
  branch: z.int().positive().optional(),
  turn: index,
});

/** What a policy had before it when it replied, as its tokenizer writes it: chat template and control tokens included. */
export interface SentPrompt {
  /** What it had read and said before. */
  readonly before: string;
  /** What was new at this turn, up to the opening of the reply. */
  readonly added: string;
  /** Of both. */
  readonly tokens: number;
}

/** Work on prompts: see `InferenceRequests`. */
export type SentPromptRequests = {
  /** The prompt that was really sent for a turn, from the token ids on record. */
  sentPrompt: [z.infer<typeof sentPromptParams>, SentPrompt];
};

/** Validators of `SentPromptRequests`. */
export const sentPromptRequests = { sentPrompt: sentPromptParams } as const;
