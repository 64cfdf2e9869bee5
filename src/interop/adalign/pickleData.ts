import type { Buffer } from 'node:buffer';

/**
 * A pickle that is not read: it is cut, damaged or a bomb, or it asks for more than data.
 * The message says what was met and where; whoever reads the file adds its name.
 */
export class PickleError extends Error {
  override readonly name = 'PickleError';
}

/** What a Python object becomes that is neither a number, a text nor a container. */
export abstract class PyObject {
  /** Keeps the compiler from taking any value for one. */
  declare protected readonly brand: never;
}

/** Keys that dicts of these files have. */
export type PyKey = string | number | boolean | bigint;

/** Python bytes, where they lie in the file: a Buffer of its own for each would cost more than all else that is read. */
export class PyBytes extends PyObject {
  constructor(
    readonly source: Buffer,
    readonly start: number,
    readonly end: number,
  ) {
    super();
  }
}

/**
 * A Python dict: keys and values in turn, as a pickle lists them, found by looking through. Files have a million small dicts
 * that are asked a few times each; a Map for each would take most of the time of reading. No key can reach a prototype.
 */
export class PyDict extends PyObject {
  /** What `checkShape` found: nothing yet, not finished, or done. */
  shape: { readonly depth: number; readonly walk: number } | null | undefined = undefined;

  constructor(readonly items: PyValue[] = []) {
    super();
  }

  /** The value of a key, the last one where it was set twice; undefined without it. */
  get(key: PyKey): PyValue | undefined {
    const { items } = this;
    for (let i = items.length - 2; i >= 0; i -= 2) if (items[i] === key) return items[i + 1];
    return undefined;
  }

  has(key: PyKey): boolean {
    return this.get(key) !== undefined;
  }

  /** Keys with their values; one that was set twice comes once, with its last value. */
  entries(): [PyKey, PyValue][] {
    const found = new Map<PyKey, PyValue>();
    for (let i = 0; i < this.items.length; i += 2) found.set(this.items[i] as PyKey, this.items[i + 1]!);
    return [...found];
  }

  values(): PyValue[] {
    return this.entries().map(([, value]) => value);
  }
}

/** What a pickle can hold here; tuples and lists are both arrays. */
export type PyValue = null | boolean | number | bigint | string | PyObject | PyValue[];

/** A global that a pickle may name: what calling it with data makes. */
export class PyGlobal extends PyObject {
  constructor(
    readonly qualifiedName: string,
    /** @throws PickleError when the arguments are not what this global is called with */
    readonly call: (args: readonly PyValue[], budget: Budget) => PyValue,
  ) {
    super();
  }
}

/** Globals by `module.name`. Whatever is not in it is refused by name. */
export type GlobalTable = ReadonlyMap<string, PyGlobal>;

/** An object that a pickle's BUILD opcode may complete. */
export interface Buildable {
  /** @throws PickleError */
  build(state: PyValue): void;
}

const MIN_MEMORY = 8 * 2 ** 20;
const MAX_MEMORY = 96 * 2 ** 20;

/** What one file may cost, shared by all pickles in it, so that no file is a bomb. */
export class Budget {
  #operations: number;
  #bytes: number;
  readonly #limit: number;

  /**
   * A budget in proportion to the file, generously above what an honest one takes (about three bytes of data to a byte of
   * file, and a step to thirteen), so that a small file can do little harm and a large one not much more.
   * @param size of the file, bytes
   */
  constructor(size: number) {
    this.#operations = 100_000 + size / 4;
    this.#limit = Math.min(MIN_MEMORY + 4 * size, MAX_MEMORY);
    this.#bytes = this.#limit;
  }

  /** Accounts for an opcode, or for several where one takes the time of several. @throws PickleError when there were too many */
  step(count = 1): void {
    this.#operations -= count;
    if (this.#operations < 0) throw new PickleError('takes too many steps to read: it is not read further');
  }

  /** Accounts for memory about to be used, in bytes, roughly. @throws PickleError when there is none left */
  spend(bytes: number): void {
    this.#bytes -= bytes;
    if (this.#bytes < 0) throw new PickleError(`builds more than ${Math.ceil(this.#limit / 2 ** 20)} MB of data: it is not read further`);
  }
}
