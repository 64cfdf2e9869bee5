import { Limiter } from '../chat-api/limiter';
import type { SamplingSettings } from '../engine';
import { ask, askAndWait } from './futures';
import { ServerError } from './serverError';
import type { Session } from './session';
import { modelInput, sampleResult, samplingSession } from './wire';

/** Requests under way at once: as many as a server's batch is likely to hold. */
const AT_ONCE = 256;

/** A turn as the server sampled it, the stop token included where it gives it. */
export interface SampledTurn {
  readonly tokens: readonly number[];
  readonly logProbs: readonly number[];
}

/** What a sampling session is opened over. */
export type SampledModel = { readonly base_model: string } | { readonly model_path: string };

/** One set of weights that a training server samples from; its requests are counted, so that one that is sent twice is done once. */
export class RemoteSampler {
  #seq = 0;
  readonly #limiter: Limiter;

  constructor(
    private readonly session: Session,
    readonly id: string,
  ) {
    this.#limiter = new Limiter({ concurrency: AT_ONCE }, session.http.clock);
  }

  /** Opens a session over the base model, or over saved weights. @throws ServerError */
  static async open(session: Session, model: SampledModel): Promise<RemoteSampler> {
    const { http, signal } = session;
    const body = { session_id: session.id, sampling_session_seq_id: session.nextSampler(), ...model };
    const what = `sampling from ${'base_model' in model ? model.base_model : model.model_path}`;
    const call = { path: '/create_sampling_session', body, repeatable: true, signal, what };
    return new RemoteSampler(session, (await ask(http, samplingSession, call)).sampling_session_id);
  }

  /** Draws one turn. */
  async sample(
    prompt: readonly number[],
    request: { readonly maxTokens: number; readonly stop: number; readonly seed: number } & SamplingSettings,
  ): Promise<SampledTurn> {
    const { sequences } = await this.#ask('sampling', prompt, {
      max_tokens: request.maxTokens,
      seed: request.seed,
      stop: [request.stop],
      temperature: request.temperature,
      top_p: request.topP,
      // 0 is no limit here, −1 there.
      top_k: request.topK === 0 ? -1 : request.topK,
    });
    const [{ tokens, logprobs } = { tokens: [], logprobs: null }] = sequences;
    if (sequences.length !== 1 || !logprobs || logprobs.length !== tokens.length || tokens.length > request.maxTokens) {
      const what = `sampling: ${sequences.length} sequences of ${tokens.length} tokens with ${logprobs?.length ?? 'no'} log-probabilities, where one of at most ${request.maxTokens} is due`;
      throw new ServerError(this.session.http.server, 'garbage', `${what}. Is it a server of the Tinker API?`);
    }
    return { tokens, logProbs: logprobs };
  }

  /** log π of every token but the first, nats. */
  async score(tokens: readonly number[]): Promise<Float32Array> {
    const sampling = { max_tokens: 1, seed: 0, temperature: 1, top_p: 1, top_k: -1 };
    const { prompt_logprobs: scores } = await this.#ask('scoring', tokens, sampling, true);
    // Some servers put a null in the first token's place, others leave the place out.
    const given = scores?.length === tokens.length ? scores.slice(1) : (scores ?? []);
    if (given.length !== tokens.length - 1 || given.includes(null)) {
      const what = `scoring: ${scores?.length ?? 'no'} log-probabilities for a prompt of ${tokens.length} tokens`;
      throw new ServerError(this.session.http.server, 'garbage', `${what}. It has to give prompt_logprobs`);
    }
    return Float32Array.from(given, Number);
  }

  #ask(what: string, prompt: readonly number[], sampling: object, scores = false) {
    const { http, signal } = this.session;
    const body = {
      sampling_session_id: this.id,
      seq_id: this.#seq++,
      prompt: modelInput(prompt),
      num_samples: 1,
      sampling_params: sampling,
      ...(scores && { prompt_logprobs: true }),
    };
    const call = { path: '/asample', body, repeatable: true, signal, what };
    return this.#limiter.run(() => askAndWait(http, sampleResult, call), signal);
  }
}
