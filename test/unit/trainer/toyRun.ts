import type { RunConfig } from '../../../src/protocol/runConfig';
import type { TrainParams } from '../../../src/protocol/trainer';
import { mediaFolder } from '../../../src/runs/media';
import { type ConfigRequest, resolveConfig } from '../../../src/runs/presets';
import type { RunEnvironment, RunEvent } from '../../../src/trainer/run';
import { trainRun } from '../../../src/trainer/run';
import { TabularEngine } from './tabularEngine';

/** A small run on the tabular engine: quick, with buffer, checkpoints and a final measure. */
export function toyConfig(settings: ConfigRequest['layers'][number]['settings'] = {}, request: Partial<ConfigRequest> = {}): RunConfig {
  const small = {
    iterations: 7,
    negotiations: 8,
    groupSize: 4,
    learningRate: 0.05,
    gameSettings: { rounds: 3 },
    buffer: { every: 2 },
    checkpointEvery: 3,
  };
  return resolveConfig(mediaFolder(__dirname), {
    game: 'ipd',
    algorithm: 'aa',
    seed: 5,
    preset: 'embedded',
    layers: [
      { source: 'test', settings: small },
      { source: 'test', settings },
    ],
    ...request,
  });
}

/** Parameters that begin or resume a run in a folder. */
export function toyParams(folder: string, config?: RunConfig): TrainParams {
  const machine = { folder, threads: 1, spin: false, device: 'cpu' } as const;
  return config ? { ...machine, start: 'new', name: 'toy', config } : { ...machine, start: 'resume', takeOver: false };
}

/** An environment around the tabular engine, whose prior speaks the games' words. */
export function toyEnvironment(signal: AbortSignal = new AbortController().signal): RunEnvironment & { engine: TabularEngine } {
  const engine = new TabularEngine({
    prior: [
      ['A', 2],
      ['B', 2],
      ['<end>', 2],
    ],
  });
  return {
    engine,
    signal,
    openEngine: async () => engine,
    versions: async () => ({ parley: '0.0.0', onnxruntime: 'none' }),
  };
}

/** Runs to the end and returns everything that happened. */
export async function runToy(params: TrainParams, environment: RunEnvironment = toyEnvironment()) {
  const events: RunEvent[] = [];
  const run = trainRun(params, environment);
  for (;;) {
    const { done, value } = await run.next();
    if (done) return { events, ended: value };
    events.push(value);
  }
}
