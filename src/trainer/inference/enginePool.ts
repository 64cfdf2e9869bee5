import type { Engine, Policy } from '../../engine/engine';

/** Base models that stay loaded at most while nobody needs them, least recently used first to go. */
const KEPT = 2;

interface Pooled {
  readonly engine: Promise<Engine>;
  /** Pieces of work, and tables with a person at them, that it is lent to. */
  leases: number;
  /** It computes on what is no longer wanted: it goes with its last lease. */
  retired: boolean;
}

/** Base models that stay loaded between pieces of work. */
export class EnginePool {
  /** Least recently used first. */
  readonly #engines = new Map<string, Pooled>();

  constructor(
    /** Opens the engine of a model folder. */
    private readonly open: (model: string) => Promise<Engine>,
  ) {}

  /**
   * An engine for a piece of work, or for a table that outlives one. Disposing it lets go of the policies that were loaded
   * through it and keeps the base model. What is lent is never closed; work itself is done one piece at a time.
   */
  async lease(model: string): Promise<Engine> {
    const pooled = this.#engines.get(model) ?? { engine: this.open(model), leases: 0, retired: false };
    this.#engines.delete(model);
    this.#engines.set(model, pooled);
    pooled.leases++;
    try {
      const engine = await pooled.engine;
      await this.#shrink();
      return leased(engine, () => this.#release(pooled));
    } catch (error) {
      if (this.#engines.get(model) === pooled) this.#engines.delete(model);
      throw error;
    }
  }

  /** Has engines opened anew from now on: those of before are closed, the lent ones when they are given back. */
  async retire(): Promise<void> {
    const all = [...this.#engines.values()];
    this.#engines.clear();
    for (const pooled of all) {
      pooled.retired = true;
      if (pooled.leases === 0) await close(pooled);
    }
  }

  async #release(pooled: Pooled): Promise<void> {
    pooled.leases--;
    if (pooled.retired && pooled.leases === 0) await close(pooled);
    else await this.#shrink();
  }

  async #shrink(): Promise<void> {
    for (const [model, pooled] of [...this.#engines]) {
      if (this.#engines.size <= KEPT) return;
      if (pooled.leases > 0) continue;
      this.#engines.delete(model);
      await close(pooled);
    }
  }
}

async function close({ engine }: Pooled): Promise<void> {
  await (await engine).dispose();
}

function leased(engine: Engine, giveBack: () => Promise<void>): Engine {
  const loaded: Policy[] = [];
  let given = false;
  const overrides: Partial<Engine> = {
    loadPolicy: async (folder, name) => {
      const policy = await engine.loadPolicy(folder, name);
      loaded.push(policy);
      return policy;
    },
    release: (policy) => {
      const at = loaded.indexOf(policy);
      if (at >= 0) loaded.splice(at, 1);
      engine.release(policy);
    },
    dispose: async () => {
      if (given) return;
      given = true;
      for (const policy of loaded.splice(0)) engine.release(policy);
      await giveBack();
    },
  };
  return new Proxy(engine, {
    get: (target, key) => {
      if (Object.hasOwn(overrides, key)) return overrides[key as keyof Engine];
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
