import { copyFile, cp, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type IterationLine, RUN_PATHS, type RunFile } from '../protocol/runFiles';
import { syncFolder, syncTree, writeError, writeSynced } from '../runs/durableFile';
import { readJournal } from '../runs/journal';
import { isMissing } from '../runs/problem';
import { ResumeError, readRunFile, verify } from './resume';

/**
 * Copies a run up to one of its checkpoints into a folder of its own, from which it can be resumed: what is committed
 * after that checkpoint, and whether the newest state is whole, does not matter. The run that is forked stays as it is.
 * @throws ResumeError naming what is missing: such a checkpoint, one of its files, an iteration before it.
 */
export async function forkRun(source: string, iteration: number, target: string): Promise<void> {
  const run = await readRunFile(source);
  const { lines, problems } = await readJournal(source);
  if (problems[0]) throw new ResumeError(`${source}: ${problems[0].message}. A run with a damaged journal opens, but cannot be forked`);
  const committed = lines.filter((line) => line.type === 'iteration');
  const kept = committed.filter((line) => line.iteration <= iteration);
  const { checkpoint } = kept.at(-1) ?? {};
  if (kept.at(-1)?.iteration !== iteration || !checkpoint) throw new ResumeError(noCheckpoint(source, iteration, committed));
  kept.forEach((line, i) => {
    if (line.iteration !== i)
      throw new ResumeError(`${join(source, RUN_PATHS.journal)} does not name iteration ${i}: restore it from a copy`);
  });
  await verify(source, checkpoint);
  await refuseUsed(target);
  const draft = `${target}.tmp`;
  try {
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft, { recursive: true });
    await copyCommitted(source, draft, kept);
    // A checkpoint holds what a state does: the learner, its optimizer, the counters.
    const state = { folder: RUN_PATHS.state(iteration), files: checkpoint.files };
    await cp(join(source, checkpoint.folder), join(draft, state.folder), { recursive: true });
    // Lines are copied as they are written: only the last may have to say that its state is the checkpoint's.
    const texts = (await readFile(join(source, RUN_PATHS.journal), 'utf8')).split('\n').slice(0, kept.length);
    const last = kept[iteration]!;
    if (!isDeepStrictEqual(last.state, state)) texts[iteration] = JSON.stringify({ ...last, state });
    await writeSynced(join(draft, RUN_PATHS.journal), texts.map((text) => `${text}\n`).join(''));
    await writeSynced(join(draft, RUN_PATHS.run), `${JSON.stringify(forked(run, iteration, target), null, 2)}\n`);
    for (const folder of ['rollouts', 'checkpoints', 'state']) await syncFolders(join(draft, folder));
    await rm(target, { recursive: true, force: true });
    await rename(draft, target);
    await syncFolder(dirname(target));
  } catch (error) {
    await rm(draft, { recursive: true, force: true }).catch(() => undefined);
    throw error instanceof ResumeError ? error : writeError(target, error);
  }
}

/** run.json of the copy: another run, of no pair and no set. */
function forked({ pairedWith: _, set: __, ...run }: RunFile, iteration: number, target: string): RunFile {
  return { ...run, id: basename(target), name: `${run.name}, from iteration ${iteration}`, created: new Date().toISOString() };
}

async function copyCommitted(source: string, draft: string, lines: readonly IterationLine[]): Promise<void> {
  for (const folder of ['rollouts', 'checkpoints', 'state']) await mkdir(join(draft, folder));
  for (const { rollouts, checkpoint } of lines) {
    if (rollouts) await copied(rollouts.file, () => copyFile(join(source, rollouts.file), join(draft, rollouts.file)));
    if (checkpoint)
      await copied(checkpoint.folder, () => cp(join(source, checkpoint.folder), join(draft, checkpoint.folder), { recursive: true }));
  }

  async function copied(name: string, copy: () => Promise<void>): Promise<void> {
    await copy().catch((error: unknown) => {
      throw isMissing(error) ? new ResumeError(`${join(source, name)} is missing: restore it from a copy`) : error;
    });
  }
}

/** Fsyncs a folder of files, or of folders of files. */
async function syncFolders(folder: string): Promise<void> {
  const entries = await readdir(folder, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory());
  for (const { name } of folders) await syncTree(join(folder, name));
  if (folders.length === 0) await syncTree(folder);
  else await syncFolder(folder);
}

/** @throws ResumeError where something lies in the folder already */
async function refuseUsed(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw new ResumeError(`${folder} is no folder: give another`);
  });
  if (names.length > 0) throw new ResumeError(`${folder} is not empty (${names[0]}): a forked run needs a folder of its own`);
}

function noCheckpoint(source: string, iteration: number, lines: readonly IterationLine[]): string {
  const kept = lines.filter((line) => line.checkpoint).map((line) => line.iteration);
  const near = kept.length === 0 ? '' : `: there are ${kept.join(', ')}`;
  return `${source} has no checkpoint of iteration ${iteration}${near}`;
}
