import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
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
    checkMemory: async () => ({ bytes: 1e6, line: 'the run needs next to nothing' }),
    openEngine: async () => engine,
    openModel: async () => new TabularEngine(),
    media: mediaFolder(__dirname),
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

/** Files of two run folders that differ: byte for byte, but for what the clock and the folder's name say. */
export async function differences(a: string, b: string): Promise<string[]> {
  const files = async (folder: string): Promise<string[]> =>
    (await readdir(folder, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
      .sort();
  const [ofA, ofB] = [await files(a), await files(b)];
  const differing = [...ofA.filter((file) => !ofB.includes(file)), ...ofB.filter((file) => !ofA.includes(file))];
  for (const file of ofA.filter((each) => ofB.includes(each))) {
    const [x, y] = [await readFile(join(a, file)), await readFile(join(b, file))];
    const same = file.endsWith('.json') || file.endsWith('.jsonl') ? clockless(x) === clockless(y) : x.equals(y);
    if (!same) differing.push(file);
  }
  return differing;
}

function clockless(bytes: Buffer): string {
  return bytes
    .toString()
    .replace(/"(time|created|id)": ?"[^"]*"/g, '')
    .replace(/"seconds":[^,}]*/g, '');
}
