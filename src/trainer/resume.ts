import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type IterationLine, type JournalLine, RUN_FORMAT, RUN_PATHS, type RunFile, runFile } from '../protocol/runFiles';
import { sha256OfFile } from '../runs/durableFile';
import { mendJournal, readJournal } from '../runs/journal';
import { firstIssue, isMissing } from '../runs/problem';
import { type NamedFolder, sweep } from './commit';

/** A run folder that cannot be gone on with; the message names the file and what to do. */
export class ResumeError extends Error {
  override readonly name = 'ResumeError';
}

/** Where a run folder stands. */
export interface RunPosition {
  readonly run: RunFile;
  /** Committed iterations, ascending; empty if the run died before its start was committed. */
  readonly iterations: readonly IterationLine[];
  readonly finished: Extract<JournalLine, { type: 'finished' }> | undefined;
  /** A copy of a journal whose last line was torn, if that was mended. */
  readonly torn: string | undefined;
}

/** Reads run.json. @throws ResumeError when it is missing, not a run's, or of a newer Parley. */
export async function readRunFile(folder: string): Promise<RunFile> {
  const path = join(folder, RUN_PATHS.run);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (!isMissing(error)) throw error;
    throw new ResumeError(`${path} is missing: ${folder} is not a run folder, or its run never began. Give a folder that holds a run.json`);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new ResumeError(`${path} is not whole JSON: restore it from a copy`);
  }
  const format = typeof json === 'object' && json !== null && 'format' in json ? json.format : undefined;
  if (typeof format === 'number' && format > RUN_FORMAT) {
    throw new ResumeError(
      `${path} has format ${format}, and this Parley knows formats up to ${RUN_FORMAT}: update Parley to go on with it`,
    );
  }
  const parsed = runFile.safeParse(json);
  if (!parsed.success) throw new ResumeError(`${path}: ${firstIssue(parsed.error)}`);
  return parsed.data;
}

/**
 * Reads where a locked run folder stands, checks that its newest state is whole, and removes what was never committed.
 * @throws ResumeError; nothing is deleted then.
 */
export async function openPosition(folder: string): Promise<RunPosition> {
  const run = await readRunFile(folder);
  if (run.imported)
    throw new ResumeError(`${folder} was imported from ${run.imported.folder}: Parley has none of its policies to go on with`);
  const page = await readJournal(folder);
  const [problem] = page.problems;
  if (problem) throw new ResumeError(`${folder}: ${problem.message}. A run with a damaged journal opens, but cannot go on`);
  const iterations = page.lines.filter((line) => line.type === 'iteration');
  iterations.forEach((line, i) => {
    if (line.iteration !== i) {
      throw new ResumeError(
        `${join(folder, RUN_PATHS.journal)} names iteration ${line.iteration} where ${i} is due: restore it from a copy`,
      );
    }
  });
  const newest = iterations.at(-1);
  const damage = newest ? await damageOf(folder, newest.state) : null;
  if (damage) throw new ResumeError(`${damage}: ${await wayOn(folder, iterations)}`);
  const torn = await mendJournal(folder, page);
  await sweep(folder, iterations);
  return { run, iterations, finished: page.lines.find((line) => line.type === 'finished'), torn };
}

/** What to do about a newest state that is not whole: its run goes on from the newest checkpoint that is. */
async function wayOn(folder: string, iterations: readonly IterationLine[]): Promise<string> {
  for (const { iteration, checkpoint } of iterations.toReversed()) {
    if (checkpoint && (await damageOf(folder, checkpoint)) === null)
      return `restore it from a copy, or fork the run from its checkpoint of iteration ${iteration}: parley resume ${folder}@${iteration} --out NEW_FOLDER`;
  }
  return 'restore it from a copy, or start a new run';
}

/** Checks every file of a state or checkpoint against its SHA-256. @throws ResumeError naming the first that differs. */
export async function verify(folder: string, named: NamedFolder): Promise<void> {
  const damage = await damageOf(folder, named);
  if (damage) throw new ResumeError(`${damage}: restore it from a copy, or start a new run`);
}

/** The first file of a state or checkpoint that is missing or differs from its SHA-256; null where all are whole. */
async function damageOf(folder: string, { folder: name, files }: NamedFolder): Promise<string | null> {
  for (const [file, sum] of Object.entries(files)) {
    const path = join(folder, name, file);
    let found: string;
    try {
      found = await sha256OfFile(path);
    } catch (error) {
      if (!isMissing(error)) throw error;
      return `${path} is missing`;
    }
    if (found !== sum) return `${path} is not what the journal committed (SHA-256 differs)`;
  }
  return null;
}
