/** Calls that come thick and fast run their work at most once in so many milliseconds, the last state always included. */
export interface Coalesced {
  /** Asks for the work to be done soon. */
  request(): void;
  /** Does it now if it is asked for. */
  flush(): void;
  dispose(): void;
}

/** Coalesces `work`: the first request runs it soon, those until then ask for nothing more. */
export function coalesced(milliseconds: number, work: () => void): Coalesced {
  let timer: NodeJS.Timeout | undefined;
  const run = (): void => {
    timer = undefined;
    work();
  };
  return {
    request: () => {
      timer ??= setTimeout(run, milliseconds);
    },
    flush: () => {
      if (timer === undefined) return;
      clearTimeout(timer);
      run();
    },
    dispose: () => {
      clearTimeout(timer);
      timer = undefined;
    },
  };
}
