import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RUN_PATHS, type RunFile, runFile } from '../protocol/runFiles';
import { writeDurably } from './durableFile';
import { inspectLock } from './lock';
import type { NegotiationFolder } from './negotiationFolder';
import { firstIssue } from './problem';

/** Longest name of a run, in characters. */
const LONGEST = 200;

/**
 * Gives a run another name in its run.json; all else in it stays.
 * @throws RangeError for a name that will not do, Error when somebody trains in the folder or run.json cannot be read
 */
export async function renameRun(folder: Pick<NegotiationFolder, 'path' | 'rereadRunFile'>, name: string): Promise<void> {
  const wanted = name.trim();
  if (wanted === '' || wanted.length > LONGEST) throw new RangeError(`a run's name has 1 to ${LONGEST} characters, not ${wanted.length}`);
  if ((await inspectLock(folder.path)).state === 'held') throw new Error(`${folder.path} is being trained in: rename the run afterwards`);
  const path = join(folder.path, RUN_PATHS.run);
  const json: unknown = JSON.parse(await readFile(path, 'utf8'));
  const parsed = runFile.safeParse(json);
  if (!parsed.success) throw new Error(`${RUN_PATHS.run}: ${firstIssue(parsed.error)}. Restore the file from a copy`);
  await writeDurably(path, `${JSON.stringify({ ...(json as RunFile), name: wanted }, null, 2)}\n`);
  await folder.rereadRunFile();
}
