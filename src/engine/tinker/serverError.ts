/** What went wrong between us and a training server. */
export type ServerFault =
  /** It cannot be reached, or gave up on us. */
  | 'unreachable'
  /** It knows the session, model, weights or request no more. */
  | 'forgotten'
  /** What it says cannot be understood. */
  | 'garbage'
  /** It did not finish in the time that we wait. */
  | 'slow'
  /** It refuses, with reasons. */
  | 'refused';

/** A training server that did not do what it was asked; one line that names the server and what to do. */
export class ServerError extends Error {
  override readonly name = 'ServerError';

  constructor(
    readonly server: string,
    readonly fault: ServerFault,
    what: string,
    /** HTTP status; 0 where there was none. */
    readonly status = 0,
  ) {
    super(`training server ${server}: ${what}`);
  }
}

/** What a run does once its server is well again. */
export const RESUME = 'Resume the run once the server is up: it goes on from the weights that were saved there last';
