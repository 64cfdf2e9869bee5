import type { Engine } from '../../engine/engine';
import type { InferenceSettings } from '../../protocol/inference';

/** What a piece of work is done with. */
export interface Work {
  readonly settings: InferenceSettings;
  /** Folder of what Parley brings along: presets and the embedded policies. */
  readonly media: string;
  /** Calls the work off. */
  readonly signal: AbortSignal;
  /** Opens the engine of a model folder; give it back with `dispose` when done: see `EnginePool.lease`. */
  openEngine(model: string): Promise<Engine>;
  progress(done: number, of: number, line: string): void;
}
