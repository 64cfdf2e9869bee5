import { join } from 'node:path';
import type { Engine, Policy } from '../engine/engine';
import type { NamedFolder } from './commit';
import { verify } from './resume';

/** Loaded snapshots beyond this are let go, least recently used first. */
const KEPT = 32;

/**
 * The learner's earlier selves, loaded from the checkpoints on the disk: a resumed run draws the very same ones, bit
 * for bit, as one that was never stopped.
 */
export class Snapshots {
  /** Least recently used first. */
  readonly #loaded = new Map<number, Policy>();

  constructor(
    private readonly folder: string,
    private readonly engine: Engine,
    /** The committed checkpoint of an iteration. */
    private readonly checkpointOf: (iteration: number) => NamedFolder | undefined,
  ) {}

  /** Loads the snapshots that an iteration plays with. @throws Error naming a checkpoint that is missing or corrupt. */
  async load(iterations: Iterable<number>): Promise<ReadonlyMap<number, Policy>> {
    const wanted = new Map<number, Policy>();
    for (const iteration of iterations) if (!wanted.has(iteration)) wanted.set(iteration, await this.#get(iteration));
    for (const [iteration, policy] of this.#loaded) {
      if (this.#loaded.size <= KEPT) break;
      if (wanted.has(iteration)) continue;
      this.engine.release(policy);
      this.#loaded.delete(iteration);
    }
    return wanted;
  }

  async #get(iteration: number): Promise<Policy> {
    const known = this.#loaded.get(iteration);
    if (known) {
      this.#loaded.delete(iteration);
      this.#loaded.set(iteration, known);
      return known;
    }
    const checkpoint = this.checkpointOf(iteration);
    if (!checkpoint) throw new Error(`the buffer needs a checkpoint of iteration ${iteration}, and the journal names none`);
    await verify(this.folder, checkpoint);
    const policy = await this.engine.loadPolicy(join(this.folder, checkpoint.folder), `snapshot:${iteration}`);
    this.#loaded.set(iteration, policy);
    return policy;
  }
}
