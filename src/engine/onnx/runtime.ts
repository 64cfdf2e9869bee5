import { createRequire } from 'node:module';
import { isAbsolute, join } from 'node:path';
import type * as Ort from 'onnxruntime-node';
import type { Graph } from './graph/graph';

/** The onnxruntime that runs our graphs. */
export type Runtime = typeof Ort;

/**
 * Loads onnxruntime-node: ours, or one that the user installed (setting `parley.onnxruntimePath`), for
 * example with CUDA, which the npm package doesn't carry.
 * @param path folder of that package, or of one whose node_modules has it; undefined loads ours.
 * @throws Error naming the path when nothing can be loaded from it.
 */
export async function loadRuntime(path?: string): Promise<Runtime> {
  if (path === undefined) {
    const loaded: Runtime & { default?: Runtime } = await import('onnxruntime-node');
    return quiet(loaded.InferenceSession ? loaded : (loaded.default ?? loaded));
  }
  if (!isAbsolute(path)) throw new Error(`onnxruntimePath ${path} is not absolute; name the folder of an installed onnxruntime-node`);
  const require = createRequire(join(path, 'package.json'));
  for (const name of [path, 'onnxruntime-node']) {
    let loaded: Partial<Runtime>;
    try {
      loaded = require(name);
    } catch {
      continue;
    }
    if (loaded.InferenceSession && loaded.Tensor) return quiet(loaded as Runtime);
  }
  throw new Error(`onnxruntimePath ${path} holds no onnxruntime-node that loads here; name the folder of an installed package`);
}

/** What onnxruntime writes to stderr when it fails, it also throws: once is enough. */
function quiet(runtime: Runtime): Runtime {
  runtime.env.logLevel = 'fatal';
  return runtime;
}

/** Where graphs run; a device other than the CPU is an execution provider of onnxruntime. */
export type Device = 'cpu' | 'webgpu' | 'cuda' | 'dml' | 'coreml';

/** How sessions are made. */
export interface SessionSettings {
  readonly runtime: Runtime;
  readonly device: Device;
  /** Intra-op threads. */
  readonly threads: number;
  /** Whether idle threads spin; off where two trainers share few cores. */
  readonly spinning: boolean;
  /** Folder for one profile a session, written when it is released. */
  readonly profile?: string;
}

/**
 * A session over an encoded graph.
 * @param besides the data that the graph refers to
 * @param outputs where its results stay: on WebGPU they can be left on the device, to be fed to other sessions (their data cannot be read)
 */
export function openSession(
  model: Uint8Array,
  settings: SessionSettings,
  outputs: 'host' | 'device' = 'host',
  besides: Graph['besides'] = [],
): Promise<Ort.InferenceSession> {
  return settings.runtime.InferenceSession.create(model, {
    executionProviders: [settings.device],
    ...(outputs === 'device' && { preferredOutputLocation: 'gpu-buffer' }),
    intraOpNumThreads: settings.threads,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
    ...(besides.length > 0 && { externalData: besides }),
    ...(settings.profile === undefined ? {} : { enableProfiling: true, profileFilePrefix: join(settings.profile, 'session') }),
    // What a mask rules out would go through softmax as denormal numbers, on which many processors are several times slower.
    extra: { session: { set_denormal_as_zero: '1', ...(settings.spinning ? {} : { intra_op: { allow_spinning: '0' } }) } },
  });
}
