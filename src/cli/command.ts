import type { ArgumentSpec, Arguments } from './arguments';
import type { Terminal } from './terminal';

/** A command of `parley`, with all that its help says. */
export interface Command extends ArgumentSpec {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** A few paragraphs for its own help. */
  readonly about: string;
  readonly examples: readonly (readonly [line: string, what: string])[];
  /** Resolves with the exit code: 0 done, 1 failed. @throws UsageError, which exits with 2. */
  run(args: Arguments, terminal: Terminal): Promise<number>;
}
