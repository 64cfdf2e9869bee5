import type { Clock } from './clock';

/** Milliseconds over which requests are counted. */
const WINDOW = 60_000;

/** What a limiter holds to. */
export interface Limits {
  /** Requests under way at once. */
  readonly concurrency: number;
  /** Requests begun in any 60 seconds. */
  readonly requestsPerMinute?: number | undefined;
}

/** Lets requests begin in the order in which they came, no more at once and a minute than allowed. */
export class Limiter {
  #running = 0;
  readonly #queue: (() => void)[] = [];
  /** When the last requests began, ascending; no more than a minute's worth. */
  readonly #begun: number[] = [];
  #pausedUntil = 0;

  constructor(
    private readonly limits: Limits,
    private readonly clock: Clock,
  ) {}

  /** Runs the work once its turn has come. @throws the signal's reason when it is aborted while waiting. */
  async run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    await this.#enter(signal);
    try {
      await this.#begin(signal);
      return await work();
    } finally {
      this.#running--;
      this.#queue.shift()?.();
    }
  }

  /** Lets nothing begin before this time: the server asked everybody to wait. */
  pauseUntil(time: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, time);
  }

  /** Takes one of the places, first come, first served. */
  async #enter(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.#running >= this.limits.concurrency) {
      await new Promise<void>((resolve, reject) => {
        const leave = (): void => {
          this.#queue.splice(this.#queue.indexOf(enter), 1);
          reject(signal?.reason);
        };
        const enter = (): void => {
          signal?.removeEventListener('abort', leave);
          // Taken at once, so that nobody who comes now slips in before.
          this.#running++;
          resolve();
        };
        this.#queue.push(enter);
        signal?.addEventListener('abort', leave, { once: true });
      });
      return;
    }
    this.#running++;
  }

  /** Waits out pauses and the minute's limit. */
  async #begin(signal?: AbortSignal): Promise<void> {
    const { requestsPerMinute = Number.POSITIVE_INFINITY } = this.limits;
    for (;;) {
      const now = this.clock.now();
      while (this.#begun.length > 0 && this.#begun[0]! <= now - WINDOW) this.#begun.shift();
      const full = this.#begun.length >= requestsPerMinute ? this.#begun[0]! + WINDOW - now : 0;
      const wait = Math.max(this.#pausedUntil - now, full);
      if (wait <= 0) {
        if (Number.isFinite(requestsPerMinute)) this.#begun.push(now);
        return;
      }
      await this.clock.sleep(wait, signal);
    }
  }
}
