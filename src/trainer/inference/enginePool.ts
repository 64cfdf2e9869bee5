import type { Engine, Policy } from '../../engine/engine';

/** Base models that stay loaded at most, least recently used first to go. */
const KEPT = 2;

/** Base models that stay loaded between pieces of work. */
export class EnginePool {
  /** Least recently used first. */
  readonly #engines = new Map<string, Promise<Engine>>();

  constructor(
    /** Opens the engine of a model folder. */
    private readonly open: (model: string) => Promise<Engine>,
  ) {}

  /**
   * An engine for one piece of work. Disposing it lets go of the policies that were loaded through it and keeps the base
   * model; call it once the work is done. Work runs one piece at a time, so nothing in use is closed.
   */
  async lease(model: string): Promise<Engine> {
    const known = this.#engines.get(model);
    const opening = known ?? this.open(model);
    this.#engines.delete(model);
    this.#engines.set(model, opening);
    try {
      const engine = await opening;
      await this.#shrink();
      return leased(engine);
    } catch (error) {
      this.#engines.delete(model);
      throw error;
    }
  }

  /** Closes all. */
  async dispose(): Promise<void> {
    const all = [...this.#engines.values()];
    this.#engines.clear();
    await Promise.all(all.map(async (engine) => (await engine).dispose()));
  }

  async #shrink(): Promise<void> {
    while (this.#engines.size > KEPT) {
      const [oldest] = this.#engines;
      if (oldest === undefined) return;
      this.#engines.delete(oldest[0]);
      await (await oldest[1]).dispose();
    }
  }
}

function leased(engine: Engine): Engine {
  const loaded: Policy[] = [];
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
      for (const policy of loaded.splice(0)) engine.release(policy);
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
