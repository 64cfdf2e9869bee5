/**
 * The part of inspect_ai's log format, version 2, that we write: a ZIP of header.json, summaries.json, _journal/ and samples/. Fields
 * that may be absent are left out, as inspect_ai itself does.
 */
export const EVAL_FORMAT = 2;

/** What else is known, as a reader finds it. */
export type Metadata = Readonly<Record<string, unknown>>;

/** A message of a conversation. */
export type EvalMessage =
  | { readonly id: string; readonly role: 'user'; readonly source: 'input'; readonly content: string; readonly metadata: Metadata }
  | EvalAnswer;

/** A message that a model produced. */
export interface EvalAnswer {
  readonly id: string;
  readonly role: 'assistant';
  readonly source: 'generate';
  readonly content: string;
  readonly model: string;
  readonly metadata: Metadata;
}

/** What a model produced, with its tokens' log-probabilities in nats. */
export interface EvalOutput {
  readonly model: string;
  readonly choices: readonly {
    readonly message: EvalAnswer;
    readonly stop_reason: 'unknown';
    readonly logprobs?: { readonly content: readonly EvalLogprob[] };
  }[];
  readonly completion: string;
  readonly usage?: EvalUsage;
  readonly metadata?: Metadata;
}

/** A token and its log-probability; bytes are absent where the token is a part of a character. */
export interface EvalLogprob {
  readonly token: string;
  readonly logprob: number;
  readonly bytes?: readonly number[];
}

/** Tokens that were read and produced. */
export interface EvalUsage {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly total_tokens: number;
}

/** A score of a sample. */
export interface EvalSampleScore {
  readonly value: number;
  readonly explanation?: string;
  readonly metadata?: Metadata;
}

interface At {
  readonly timestamp: string;
  /** Seconds since the sample began; runs do not record them. */
  readonly working_start: number;
  readonly uuid: string;
}

/** What happened in a sample, in order. */
export type EvalEvent =
  | (At & {
      readonly event: 'span_begin';
      readonly id: string;
      readonly span_id: string;
      readonly parent_id?: string;
      readonly name: string;
      readonly type: string;
      readonly metadata?: Metadata;
    })
  | (At & { readonly event: 'span_end'; readonly id: string; readonly span_id: string })
  | (At & {
      readonly event: 'model';
      readonly span_id: string;
      readonly model: string;
      readonly input: readonly EvalMessage[];
      readonly tools: readonly never[];
      readonly tool_choice: 'none';
      readonly config: Metadata;
      readonly output: EvalOutput;
      readonly metadata: Metadata;
    })
  | (At & { readonly event: 'score'; readonly span_id: string; readonly score: EvalSampleScore; readonly intermediate: false });

/** A sample: for us a negotiation. */
export interface EvalSample {
  readonly id: number;
  readonly epoch: 1;
  readonly uuid: string;
  readonly input: string;
  readonly target: '';
  readonly messages: readonly EvalMessage[];
  readonly output: EvalOutput;
  readonly scores: Readonly<Record<string, EvalSampleScore>>;
  readonly metadata: Metadata;
  readonly store: Metadata;
  readonly events: readonly EvalEvent[];
  readonly model_usage: Readonly<Record<string, EvalUsage>>;
  readonly completed_at: string;
  readonly attachments: Readonly<Record<string, string>>;
}

/** What lists of samples show of one. */
export interface EvalSampleSummary
  extends Pick<EvalSample, 'id' | 'epoch' | 'uuid' | 'input' | 'target' | 'metadata' | 'model_usage' | 'completed_at'> {
  readonly scores: Readonly<Record<string, { readonly value: number }>>;
  readonly completed: true;
  readonly message_count: number;
}

/** header.json: everything but the samples. */
export interface EvalHeader {
  readonly version: typeof EVAL_FORMAT;
  readonly status: 'success';
  readonly eval: Metadata;
  readonly plan: Metadata;
  readonly results: Metadata;
  readonly stats: Metadata;
}
