import type { Services } from './services';

/** One command of the palette. */
export interface Command {
  /** As package.json has it, after `Parley: `. */
  readonly title: string;
  /** Starts, changes or deletes something, which an untrusted workspace may not make Parley do. */
  readonly needsTrust: boolean;
  /** Whether views may run it for a button. */
  readonly inViews: boolean;
  /**
   * Does it. `args` is whatever a menu, a view or a caller passed: the command checks it.
   * @throws Refusal in one line for the reader
   */
  run(services: Services, args: unknown): Promise<unknown>;
}
