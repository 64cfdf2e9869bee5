/** Stops what it was given for; calling it again does nothing. */
export type Unsubscribe = () => void;

/** Tells listeners of one kind of event, in the order in which they came. */
export class Emitter<T> {
  readonly #listeners = new Set<(event: T) => void>();

  /** Listens until the returned function is called. */
  readonly on = (listener: (event: T) => void): Unsubscribe => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /** Tells everyone who listens now. */
  fire(event: T): void {
    for (const listener of [...this.#listeners]) listener(event);
  }
}
