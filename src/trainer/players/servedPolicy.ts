import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineInfo } from '../../engine/engine';
import { nameHash } from '../../engine/tinker/nameHash';
import { readSaved } from '../../engine/tinker/savedWeights';
import type { RunFile } from '../../protocol/runFiles';
import { trainsOnServer } from '../../protocol/serverLimits';
import { PlayerError } from './playerError';
import type { PolicySource } from './policySource';

/**
 * Refuses a checkpoint whose weights a training server has and this machine has not.
 * @throws PlayerError that says where they are and what to do with them
 */
export async function refuseUncopied(name: string, { checkpoint, run }: Pick<PolicySource, 'checkpoint' | 'run'>): Promise<void> {
  if (checkpoint === null || run === null || !trainsOnServer(run.config)) return;
  if (existsSync(join(checkpoint, 'adapter_config.json'))) return;
  const { server, path } = await readSaved(checkpoint, 'sampler');
  throw new PlayerError(
    `${name}: its weights are on the training server ${server} alone, as ${path}: download them there, and put adapter_config.json and adapter_model.safetensors into ${checkpoint}`,
  );
}

/**
 * Whether a model that was opened is the base model that a run began with. Where a run trained on a server with no more than the
 * tokenizer here, the server's name of the model and that tokenizer are all that is known of it.
 * @param folder of the model that was opened
 */
export async function isBaseModel(
  { config, model }: Pick<RunFile, 'config' | 'model'>,
  info: EngineInfo,
  folder: string,
): Promise<boolean> {
  if (info.modelHash === model.sha256) return true;
  return trainsOnServer(config) && model.sha256 === (await nameHash(folder, config.engine.baseModel));
}
