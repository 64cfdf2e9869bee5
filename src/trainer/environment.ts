import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import type { Engine } from '../engine/engine';
import { openOnnxEngine } from '../engine/onnx/engine';
import { loadRuntime } from '../engine/onnx/runtime';
import { openTinkerEngine } from '../engine/tinker/openTinkerEngine';
import type { RunConfig } from '../protocol/runConfig';
import { trainsOnServer } from '../protocol/serverLimits';
import type { TrainParams } from '../protocol/trainer';
import { embeddedPolicy } from '../runs/embeddedPolicy';
import { checkMemory } from './memory';
import type { RunEnvironment } from './run';

/** The policy name that stands for the model which Parley brings along. */
export const EMBEDDED_POLICY = 'embedded';

/** What a run needs from outside: the engine on onnxruntime, or on the training server that its configuration names. */
export function runEnvironment(media: string, signal: AbortSignal, onPreview?: RunEnvironment['onPreview']): RunEnvironment {
  return {
    signal,
    ...(onPreview && { onPreview }),
    checkMemory: async (config) =>
      trainsOnServer(config)
        ? { bytes: 0, line: `the model is the training server's, ${config.engine.baseUrl}: next to nothing is needed here` }
        : checkMemory(policyFolder(media, config), config),
    openEngine: (config, params) => {
      const tokenizer = policyFolder(media, config);
      if (!trainsOnServer(config)) return openModel(tokenizer, params);
      // Whoever started this decides which server gets a key: run.json, which may be anybody's, does not.
      const { baseUrl = config.engine.baseUrl, key } = params.server ?? {};
      return openTinkerEngine({ ...config.engine, baseUrl, key, tokenizer, signal, version: parleyVersion(media) });
    },
    openModel,
    media,
    versions: async ({ onnxruntimePath }, config) => {
      if (trainsOnServer(config)) return { parley: parleyVersion(media), onnxruntime: 'none' };
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
