import { setMaxListeners } from 'node:events';
import { ask } from './futures';
import type { Http } from './http';
import { ServerError } from './serverError';
import { anything, createdSession } from './wire';

/** How often a server is told that we are still there, in milliseconds: after 300 s of silence it unloads our models. */
const HEARTBEAT = 10_000;

/** What a session is begun with. */
export interface SessionOptions {
  readonly version: string;
  readonly signal: AbortSignal;
  readonly heartbeat?: number;
}

/** Our stay at a training server: models and samplers belong to it, and heartbeats keep it. */
export class Session {
  /** Ends everything under way: the caller's signal, or the loss of the session, which is its reason. */
  readonly signal: AbortSignal;
  readonly #lost = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #samplers = 0;
  #beating = false;

  private constructor(
    readonly http: Http,
    readonly id: string,
    /** What the server has to say, a line each. */
    readonly messages: readonly string[],
    { signal, heartbeat = HEARTBEAT }: SessionOptions,
  ) {
    this.signal = AbortSignal.any([signal, this.#lost.signal]);
    // As many requests as are under way listen to it.
    setMaxListeners(0, this.signal);
    this.#timer = setInterval(() => void this.#beat(), heartbeat);
    this.#timer.unref();
  }

  /** @throws ServerError */
  static async begin(http: Http, options: SessionOptions): Promise<Session> {
    const body = { tags: ['parley'], sdk_version: `parley-${options.version}` };
    const call = { path: '/create_session', body, repeatable: false, isFirst: true, signal: options.signal, what: 'opening a session' };
    const { session_id, info_message, warning_message, error_message } = await ask(http, createdSession, call);
    if (error_message) throw new ServerError(http.server, 'refused', `it opens no session: ${error_message}`);
    const messages = [info_message, warning_message].flatMap((line) => (line ? [line] : []));
    return new Session(http, session_id, messages, options);
  }

  /** The next `sampling_session_seq_id`. */
  nextSampler(): number {
    return this.#samplers++;
  }

  /** Ends the heartbeats. */
  end(): void {
    clearInterval(this.#timer);
  }

  async #beat(): Promise<void> {
    if (this.#beating) return;
    this.#beating = true;
    try {
      const call = { path: '/session_heartbeat', body: { session_id: this.id }, repeatable: true, signal: this.signal };
      await ask(this.http, anything, { ...call, what: 'the session’s heartbeat' });
    } catch (error) {
      // What cannot be reached is for the calls themselves to find out; only a session that is gone ends them all.
      if (error instanceof ServerError && error.fault === 'forgotten') {
        this.#lost.abort(error);
        this.end();
      }
    } finally {
      this.#beating = false;
    }
  }
}
