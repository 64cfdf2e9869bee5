import { connect } from 'node:net';
import { type ChildCommand, type ChildEnd, ManagedChild } from './managedChild';
import { waitForModel } from './serverProbe';
import type { ConfiguredServer } from './serverSettings';

/** A training server on this machine that we started: off, loading its model, or ready. */
export class LocalServer extends ManagedChild {
  #url: string | null = null;

  constructor(log: (line: string) => void) {
    super('a training server', log);
    this.onChanged((isRunning) => {
      if (!isRunning) this.#url = null;
    });
  }

  /** Where it is; null where none is at work. */
  get url(): string | null {
    return this.#url;
  }

  /**
   * Starts a server and waits until its model answers.
   * @param signal calls it off, and stops the server
   * @throws Error in one line where it cannot be started, ends, or does not load its model; it is stopped then
   */
  async serve(
    command: ChildCommand,
    server: Pick<ConfiguredServer, 'baseUrl' | 'baseModel' | 'rank'>,
    key: string | undefined,
    signal: AbortSignal,
  ): Promise<{ readonly ended: Promise<ChildEnd> }> {
    signal.throwIfAborted();
    if (await somebodyListens(server.baseUrl))
      throw new Error(`something answers at ${server.baseUrl} already: stop it, or set another port`);
    signal.throwIfAborted();
    const { ended } = await this.start(command);
    this.#url = server.baseUrl;
    const over = new AbortController();
    const died = ended.then(({ line }) => over.abort(new Error(line)));
    try {
      await waitForModel(server, key, AbortSignal.any([signal, over.signal]));
      if (over.signal.aborted) throw over.signal.reason;
      return { ended };
    } catch (error) {
      // What ended the waiting says more than that it was ended.
      const why = signal.aborted ? signal.reason : over.signal.aborted ? over.signal.reason : error;
      await this.stop();
      await died;
      throw why;
    }
  }
}

/** What is there already would be taken for the server that we start. */
async function somebodyListens(baseUrl: string): Promise<boolean> {
  const { hostname, port, protocol } = new URL(baseUrl);
  const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || (protocol === 'https:' ? 443 : 80)) });
  try {
    return await new Promise<boolean>((resolve) => {
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    });
  } finally {
    socket.destroy();
  }
}
