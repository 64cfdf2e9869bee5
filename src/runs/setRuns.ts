import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { RUN_PATHS } from '../protocol/runFiles';
import type { PlannedRun } from '../protocol/runSetFile';
import type { TrainParams } from '../protocol/trainer';
import { inspectLock } from './lock';
import { RunFolder } from './runFolder';
import { folderOf, type PlannedSet, partnerOf, RunSetError, setOf } from './runSet';

/** What a trainer is given besides the run: how the machine is used. */
export type TrainerMachine = Pick<TrainParams, 'spin' | 'device' | 'onnxruntimePath' | 'keepTraining' | 'apis' | 'keys' | 'server'> & {
  readonly takeOver: boolean;
  /** Instead of those that run.json or the set's file says. */
  readonly threads?: number;
};

/**
 * How a set's run is begun or gone on with; null where it is finished, or being trained by now.
 * @throws RunSetError where its folder holds another run, or one that cannot be read
 */
export async function nextStep(set: PlannedSet, run: PlannedRun, machine: TrainerMachine): Promise<TrainParams | null> {
  const path = folderOf(set, run);
  const { takeOver, threads, ...rest } = machine;
  if (!existsSync(join(path, RUN_PATHS.run))) {
    if ((await inspectLock(path)).state === 'held') return null;
    const partner = partnerOf(set.file, run);
    return {
      start: 'new',
      folder: path,
      name: run.name,
      config: run.config,
      set: setOf(set.file),
      ...(partner === undefined ? {} : { pairedWith: partner.folder }),
      threads: threads ?? set.file.threads,
      ...rest,
    };
  }
  const { file, finished, trainedBy, problems } = await RunFolder.open(path);
  if (file === null) throw new RunSetError(`${path}: ${problems[0]?.message ?? 'its run.json cannot be read'}`);
  if (!isDeepStrictEqual(file.config, run.config)) {
    throw new RunSetError(`${path} holds another run than ${basename(set.path)} plans: move it away, and the planned one is trained`);
  }
  if (finished !== null || trainedBy !== null) return null;
  return { start: 'resume', folder: path, threads: threads ?? file.threads, takeOver, ...rest };
}
