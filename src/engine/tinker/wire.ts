import * as z from 'zod';

/** Everything that a training server says is read through these: fields that we do not use may be anything. */
const id = z.union([z.string().min(1).max(1000), z.int()]);

/** A heavy call's answer: ask again under this id. */
export const promise = z.looseObject({ request_id: id });

/** `/create_session`. */
export const createdSession = z.looseObject({
  session_id: z.string().min(1),
  info_message: z.string().nullish(),
  warning_message: z.string().nullish(),
  error_message: z.string().nullish(),
});

/** `/create_model`: the id comes at once on some servers, and with the future's result on others. */
export const createdModel = z.looseObject({ model_id: z.string().min(1).optional(), request_id: id });

/** What a `/create_model` future ends in. */
export const readyModel = z.looseObject({ model_id: z.string().min(1).optional() });

/** `/create_sampling_session`, and what a `/save_weights_for_sampler` future without a path ends in. */
export const samplingSession = z.looseObject({ sampling_session_id: z.string().min(1) });

/** What saving under a path ends in. */
export const savedPath = z.looseObject({ path: z.string().min(1).max(2000) });

/** `/get_server_capabilities`. */
export const capabilities = z.looseObject({
  supported_models: z.array(z.looseObject({ model_name: z.string().nullish(), max_context_length: z.int().positive().nullish() })),
});

/** A call whose result nobody needs. */
export const anything = z.unknown();

const numbers = z.custom<number[]>(
  (value) => Array.isArray(value) && value.every((each) => typeof each === 'number' && Number.isFinite(each)),
  'expected a list of numbers',
);

/** What a `/forward_backward` future ends in; one output a datum. */
export const forwardBackwardResult = z.looseObject({
  loss_fn_outputs: z.array(z.looseObject({ logprobs: z.looseObject({ data: numbers }) })),
  metrics: z.record(z.string(), z.unknown()).nullish(),
});

/** What an `/optim_step` future ends in. */
export const optimStepResult = z.looseObject({ metrics: z.record(z.string(), z.unknown()).nullish() });

const tokens = z.custom<number[]>(
  (value) => Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && (each as number) >= 0),
  'expected a list of token ids',
);

/** What an `/asample` future ends in. */
export const sampleResult = z.looseObject({
  sequences: z.array(z.looseObject({ stop_reason: z.string(), tokens, logprobs: numbers.nullish() })),
  prompt_logprobs: z
    .array(z.number().nullable())
    .nullish()
    .refine((list) => !list || list.every((each, i) => (each === null ? i === 0 : Number.isFinite(each))), 'expected log-probabilities'),
});

/** See `sampleResult`. */
export type SampleResult = z.infer<typeof sampleResult>;

/** A future that ended in a failure and is told as a result. */
export const failedResult = z.looseObject({ error: z.string(), category: z.string().optional() });

/** A future that hosted servers are not through with. */
export const tryAgain = z.looseObject({ type: z.literal('try_again'), queue_state: z.string().nullish() });

/** What `loss_fn` we ask for: −ρ · advantage with ρ = π_now ÷ π_sampling, and its gradient through ρ. */
export const LOSS_FN = 'importance_sampling';

/** One transcript as a training server takes it; all lists aligned with the targets, `[token]`. */
export interface Datum {
  readonly tokens: readonly number[];
  readonly targets: readonly number[];
  /** 1 where a token counts in the loss. */
  readonly weights: readonly number[];
  /** log π when sampled, nats; 0 where nothing was. */
  readonly logProbs: readonly number[];
  readonly advantages: readonly number[];
}

/** A prompt in the API's wording. */
export function modelInput(ids: readonly number[]): object {
  return { chunks: [{ type: 'encoded_text', tokens: ids }] };
}

/** A datum in the API's wording. */
export function datumJson({ tokens: ids, targets, weights, logProbs, advantages }: Datum): object {
  return {
    model_input: modelInput(ids),
    loss_fn_inputs: {
      target_tokens: tensor(targets, 'int64'),
      weights: tensor(weights, 'float32'),
      logprobs: tensor(logProbs, 'float32'),
      advantages: tensor(advantages, 'float32'),
    },
  };
}

function tensor(data: readonly number[], dtype: 'int64' | 'float32'): object {
  return { data, dtype, shape: [data.length] };
}
