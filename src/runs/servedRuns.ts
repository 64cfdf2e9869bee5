import { originOf } from '../protocol/chatEndpoints';
import type { RunConfig } from '../protocol/runConfig';
import { trainsOnServer } from '../protocol/serverLimits';

/** What goes on in a window. */
export interface Served {
  /** Where the server is that we started; null where there is none. */
  readonly url: string | null;
  /** Configurations of the runs that train now. */
  readonly training: readonly RunConfig[];
  /** Runs that wait for their turn, or are just beginning. */
  readonly waiting: number;
}

/** Tells when a server that we started has served its runs: some trained on it, none does, and none is about to. */
export class ServedRuns {
  #served = false;

  /** Whether the server is to be stopped now; to be asked whenever something changes. */
  isOver({ url, training, waiting }: Served): boolean {
    if (url === null) {
      this.#served = false;
      return false;
    }
    const origin = originOf({ baseUrl: url });
    const isServing = training.some((config) => trainsOnServer(config) && originOf(config.engine) === origin);
    if (isServing) this.#served = true;
    if (isServing || !this.#served || waiting > 0) return false;
    this.#served = false;
    return true;
  }
}
