import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { openOnnxEngine } from '../engine/onnx/engine';
import { loadRuntime } from '../engine/onnx/runtime';
import type { RunConfig } from '../protocol/runConfig';
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
    openEngine: (config, params) =>
      openOnnxEngine({
        model: policyFolder(media, config),
        threads: params.threads,
        device: params.device,
        spinning: params.spin,
        ...(params.onnxruntimePath !== undefined && { onnxruntimePath: params.onnxruntimePath }),
      }),
    versions: async ({ onnxruntimePath }) => {
      const { env } = await loadRuntime(onnxruntimePath);
      return { parley: parleyVersion(media), onnxruntime: env.versions.node ?? env.versions.common };
    },
  };
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
