import type { OptimizerSettings } from '../engine';
import { ask, askAndWait, waitFor } from './futures';
import { encodeForwardBackward } from './protobuf';
import { savedRoute } from './savedWeights';
import { ServerError } from './serverError';
import type { Session } from './session';
import {
  anything,
  createdModel,
  type Datum,
  datumJson,
  forwardBackwardResult,
  LOSS_FN,
  optimStepResult,
  promise,
  readyModel,
  samplingSession,
  savedPath,
} from './wire';

/** How long a server may take to let go of a model when we leave, in milliseconds. */
const GOODBYE = 5_000;

/** Names that are tried for weights, should one be taken. */
const NAMES = ['', '-b', '-c', '-d', '-e'];

/** An adapter on a training server: one model id, whose calls are counted, so that one that is sent twice is done once. */
export class RemoteModel {
  #seq = 0;

  private constructor(
    private readonly session: Session,
    readonly id: string,
  ) {}

  /** Creates an adapter over a base model and waits until it can be used. @throws ServerError */
  static async create(session: Session, baseModel: string, lora: { readonly rank: number; readonly seed: number }): Promise<RemoteModel> {
    const { http, signal } = session;
    const what = `loading ${baseModel} with an adapter of rank ${lora.rank}`;
    const body = { session_id: session.id, base_model: baseModel, lora_config: lora };
    // Sent again without an answer, it could take one of the few places for adapters.
    const call = { path: '/create_model', body, repeatable: false, signal, what };
    const { model_id, request_id } = await ask(http, createdModel, call);
    const ready = await waitFor(http, readyModel, request_id, { what, signal });
    const id = ready.model_id ?? model_id;
    if (id === undefined)
      throw new ServerError(http.server, 'garbage', `${what}: it gives the model no id. Is it a server of the Tinker API?`);
    return new RemoteModel(session, id);
  }

  /**
   * Adds a batch's gradient to what the next optimizer step takes.
   * @returns a function that waits for log π of every target, `[datum][token]`
   */
  async forwardBackward(data: readonly Datum[]): Promise<() => Promise<number[][]>> {
    const { http, signal } = this.session;
    const seq = this.#seq++;
    const body = { model_id: this.id, seq_id: seq, forward_backward_input: { data: data.map(datumJson), loss_fn: LOSS_FN } };
    const protobuf = (): Uint8Array<ArrayBuffer> => encodeForwardBackward({ modelId: this.id, seq, data, lossFn: LOSS_FN });
    const call = { path: '/forward_backward', body, protobuf, repeatable: true, signal, what: 'training' };
    const { request_id } = await ask(http, promise, call);
    return async () => {
      const { loss_fn_outputs: outputs } = await waitFor(http, forwardBackwardResult, request_id, { what: 'training', signal });
      if (outputs.length !== data.length) throw this.#garbage(`${outputs.length} outputs for ${data.length} datums`);
      return outputs.map(({ logprobs }, i) => {
        const { length } = data[i]!.targets;
        if (logprobs.data.length !== length) throw this.#garbage(`${logprobs.data.length} log-probabilities for ${length} tokens`);
        return logprobs.data;
      });
    };
  }

  /** One step of Adam. @returns the gradient's norm; NaN where the server does not tell */
  async optimStep(adam: OptimizerSettings): Promise<number> {
    const adam_params = {
      learning_rate: adam.learningRate,
      beta1: adam.beta1,
      beta2: adam.beta2,
      eps: adam.epsilon,
      weight_decay: adam.weightDecay,
    };
    const { metrics } = await this.#heavy(optimStepResult, '/optim_step', { adam_params }, 'the optimizer step');
    const told = Object.entries(metrics ?? {}).find(([name]) => /grad_norm\b/.test(name))?.[1];
    return typeof told === 'number' && Number.isFinite(told) ? told : Number.NaN;
  }

  /** A sampling session of the adapter as it is now, kept in the server's memory. */
  async sampler(): Promise<string> {
    const hand = () => {
      const fields = { sampling_session_seq_id: this.session.nextSampler() };
      return this.#heavy(samplingSession, '/save_weights_for_sampler', fields, 'handing the weights to the sampler');
    };
    try {
      return (await hand()).sampling_session_id;
    } catch (error) {
      // Some servers take a repeated request, whose answer was lost, for a conflict: under new numbers it is none.
      if (!(error instanceof ServerError && error.status === 409)) throw error;
      return (await hand()).sampling_session_id;
    }
  }

  /** Keeps the adapter on the server's disk, for sampling. @returns its path there */
  saveForSampler(name: string): Promise<string> {
    return this.#save('/save_weights_for_sampler', name);
  }

  /** Keeps adapter and optimizer on the server's disk. @returns their path there */
  saveWeights(name: string): Promise<string> {
    return this.#save('/save_weights', name);
  }

  /** Puts adapter and optimizer back to what was saved; only before anything else is asked of the model. */
  async loadWeights(path: string): Promise<void> {
    await this.#heavy(anything, '/load_weights', { path, optimizer: true }, `loading the weights ${path}`);
  }

  /** Removes weights that were saved, if the server can; never throws. */
  async deleteSaved(path: string): Promise<void> {
    const route = savedRoute(path);
    if (route === null) return;
    const call = { path: route, method: 'DELETE', repeatable: true, retries: 1, timeout: GOODBYE, signal: this.session.signal } as const;
    await this.session.http.send(call).catch(() => undefined);
  }

  /** Lets go of the model, if the server listens; never throws. */
  async unload(): Promise<void> {
    const call = { path: '/unload_model', body: { model_id: this.id }, repeatable: false, signal: AbortSignal.timeout(GOODBYE) };
    await this.session.http.send(call).catch(() => undefined);
  }

  /** A path that is taken already is of an attempt whose answer was lost: the next name is as good. */
  async #save(path: string, name: string): Promise<string> {
    for (const [i, suffix] of NAMES.entries()) {
      try {
        return (await this.#heavy(savedPath, path, { path: `${name}${suffix}` }, `saving weights as ${name}${suffix}`)).path;
      } catch (error) {
        if (!(error instanceof ServerError && error.status === 409) || i === NAMES.length - 1) throw error;
      }
    }
    throw new RangeError('no name was tried');
  }

  #heavy<T>(schema: Parameters<typeof askAndWait<T>>[1], path: string, fields: object, what: string): Promise<T> {
    const { http, signal } = this.session;
    const body = { model_id: this.id, seq_id: this.#seq++, ...fields };
    return askAndWait(http, schema, { path, body, repeatable: true, signal, what });
  }

  #garbage(what: string): ServerError {
    return new ServerError(this.session.http.server, 'garbage', `training: ${what}. Is it a server of the Tinker API?`);
  }
}
