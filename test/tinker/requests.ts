import * as z from 'zod';

/** What the API's requests must have; fields that it does not know are ignored in silence, as real servers do. */
const id = z.string().min(1);
const seq = z.int().nonnegative();
const tensor = z.object({ data: z.array(z.number()) });
const prompt = z.object({ chunks: z.array(z.object({ type: z.literal('encoded_text'), tokens: z.array(z.int().nonnegative()) })) });

export const datum = z.object({
  model_input: prompt,
  loss_fn_inputs: z.object({
    target_tokens: tensor,
    /** Left out: all ones, the prompt included. */
    weights: tensor.optional(),
    logprobs: tensor,
    advantages: tensor,
  }),
});

export type DatumRequest = z.infer<typeof datum>;

export const requests = {
  '/create_session': z.object({ tags: z.array(z.string()), sdk_version: z.string() }),
  '/session_heartbeat': z.object({ session_id: id }),
  '/create_model': z.object({
    session_id: id,
    base_model: id,
    lora_config: z.object({ rank: z.int().positive(), seed: z.int().optional() }),
  }),
  '/unload_model': z.object({ model_id: id }),
  '/forward_backward': z.object({
    model_id: id,
    seq_id: seq,
    forward_backward_input: z.object({ data: z.array(datum).min(1), loss_fn: z.enum(['importance_sampling', 'cross_entropy']) }),
  }),
  '/optim_step': z.object({
    model_id: id,
    seq_id: seq,
    adam_params: z.object({ learning_rate: z.number(), beta1: z.number(), beta2: z.number(), eps: z.number(), weight_decay: z.number() }),
  }),
  '/save_weights': z.object({ model_id: id, path: id }),
  '/load_weights': z.object({ model_id: id, path: id, optimizer: z.boolean(), seq_id: seq }),
  '/save_weights_for_sampler': z
    .object({ model_id: id, path: id.optional(), sampling_session_seq_id: seq.optional(), seq_id: seq.optional() })
    .refine((body) => (body.path === undefined) !== (body.sampling_session_seq_id === undefined), 'path or sampling_session_seq_id'),
  '/create_sampling_session': z
    .object({ session_id: id, sampling_session_seq_id: seq, base_model: id.optional(), model_path: id.optional() })
    .refine((body) => (body.base_model === undefined) !== (body.model_path === undefined), 'base_model or model_path'),
  '/asample': z.object({
    sampling_session_id: id,
    seq_id: seq,
    prompt,
    num_samples: z.int().positive(),
    sampling_params: z.object({
      max_tokens: z.int().positive(),
      seed: z.int().optional(),
      stop: z.array(z.int()).optional(),
      temperature: z.number().positive(),
      top_k: z.int(),
      top_p: z.number(),
    }),
    prompt_logprobs: z.boolean().optional(),
  }),
  '/retrieve_future': z.object({ request_id: id }),
} as const;

export type Path = keyof typeof requests;
export type RequestOf<P extends Path> = z.infer<(typeof requests)[P]>;
