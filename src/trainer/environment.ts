import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { Engine } from '../engine/engine';
import { openOnnxEngine } from '../engine/onnx/engine';
import { loadRuntime } from '../engine/onnx/runtime';
import type { RunConfig } from '../protocol/runConfig';
import type { TrainParams } from '../protocol/trainer';
import { embeddedPolicy } from '../runs/embeddedPolicy';
import { checkMemory } from './memory';
import type { RunEnvironment } from './run';

/** The policy name that stands for the model which Parley brings along. */
export const EMBEDDED_POLICY = 'embedded';

/** What a run needs from outside, with the engine on onnxruntime. */
export function onnxEnvironment(media: string, signal: AbortSignal, onPreview?: RunEnvironment['onPreview']): RunEnvironment {
  return {
    signal,
    ...(onPreview && { onPreview }),
    checkMemory: (config) => checkMemory(policyFolder(media, config), config),
    openEngine: (config, params) => openModel(policyFolder(media, config), params),
    openModel,
    media,
    versions: async ({ onnxruntimePath }) => {
      const { env } = await loadRuntime(onnxruntimePath);
      return { parley: parleyVersion(media), onnxruntime: env.versions.node ?? env.versions.common };
    },
  };
}

function openModel(model: string, { threads, device, spin: spinning, onnxruntimePath }: TrainParams): Promise<Engine> {
  return openOnnxEngine({ model, threads, device, spinning, ...(onnxruntimePath !== undefined && { onnxruntimePath }) });
}

/** The model folder of a configuration's policy. */
export function policyFolder(media: string, { policy, game }: Pick<RunConfig, 'policy' | 'game'>): string {
  return policy === EMBEDDED_POLICY ? embeddedPolicy(media, game) : policy;
}

/** The version of the package that a media folder belongs to. */
export function parleyVersion(media: string): string {
  const file = JSON.parse(readFileSync(join(media, '..', 'package.json'), 'utf8')) as unknown;
  return z.object({ version: z.string() }).parse(file).version;
}
