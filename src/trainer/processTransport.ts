import type { Transport } from '../protocol/channel';

/** The channel's transport of a child process to the host that forked it. */
export interface ProcessTransport extends Transport {
  /** Resolves once everything that was posted is handed to the system; only then may the process exit. */
  flushed(): Promise<void>;
}

/** Talks to the host over this process's IPC. */
export function processTransport(): ProcessTransport {
  const unsent = new Set<Promise<void>>();
  return {
    post: (message) => {
      const sent = new Promise<void>((resolve) => {
        process.send?.(message, undefined, undefined, () => resolve());
      });
      unsent.add(sent);
      void sent.then(() => unsent.delete(sent));
    },
    onMessage: (listener) => void process.on('message', listener),
    onClose: (listener) => void process.once('disconnect', () => listener('the host closed the channel')),
    flushed: async () => {
      await Promise.all(unsent);
    },
  };
}
