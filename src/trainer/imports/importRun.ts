import { mkdir, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import {
  type CreditCheck,
  filesState,
  findIterations,
  type ImportedIteration,
  type IterationFolder,
  importedDetails,
  importedRunFile,
  listIteration,
  readIteration,
} from '../../interop/adalign';
import { type CreditSettingsFile, creditSettings, type Imported, type ImportedFrom, type ImportLine } from '../../protocol/imports';
import { type IterationLine, RUN_PATHS, type RunFile } from '../../protocol/runFiles';
import { sha256, writeDurably, writeError } from '../../runs/durableFile';
import { appendImportLine, readImportLines } from '../../runs/importLines';
import { appendJournal, mendJournal, readJournal } from '../../runs/journal';
import { acquireLock, LockRefused } from '../../runs/lock';
import { writeRollouts } from '../commit';
import { readRunFile } from '../resume';
import { keepImportedBranches } from './importedBranches';

/** What is imported, and into what. */
export interface ImportOptions {
  readonly from: ImportedFrom;
  readonly settings: CreditSettingsFile;
  /** The run folder that is written, or added to. */
  readonly out: string;
  /** Version of Parley. */
  readonly parley: string;
  readonly signal: AbortSignal;
  /** The newest iteration is taken for written when nothing in it changed for so long, milliseconds; 3 s unless set. */
  readonly quiet?: number;
  onIteration?(done: number, of: number, iteration: number): void;
}

/** A folder that cannot be imported, or not to there; one line that says what to do. */
export class ImportError extends Error {
  override readonly name = 'ImportError';
}

const QUIET = 3_000;

/** What keeps a line's place where no checkpoint or state exists. */
const NO_STATE = { folder: '', files: {} };

/**
 * Makes a run folder of a run of AdAlignLLM's, or adds what that gained since. An iteration exists once its journal line is on
 * the disk; one whose files changed after it was imported is imported again, and its new line stands for it.
 * @throws ImportError, WriteError, RangeError for a game that Parley does not know; what was imported before stays whole
 */
export async function importRun(options: ImportOptions): Promise<Imported> {
  const { from, out } = options;
  const run = await knownRun(options);
  const found = await findIterations(from.folder);
  const iterations = found.iterations.filter(({ seed }) => seed === from.seed);
  if (iterations.length === 0)
    throw new ImportError(`${shown(from)} holds no iteration of AdAlignLLM's: give a folder with iteration_* in it`);
  const known = await readImportLines(out);
  const last = iterations.at(-1);
  const open = iterations.filter((folder) => known.get(folder.name)?.isFinal !== true || folder === last);
  const states = new Map<IterationFolder, { readonly text: string; readonly changed: number }>();
  for (const folder of open) states.set(folder, await stateOf(folder));
  const isPending = last !== undefined && isBeingWritten(states.get(last), known.get(last.name), options.quiet ?? QUIET);
  const due = open.filter((folder) => {
    const line = known.get(folder.name);
    const isSame = line?.state === states.get(folder)?.text;
    return folder === last ? !isPending && !isSame : !isSame || line?.isFinal !== true;
  });
  const beside = from.seed === null || iterations.every(({ seed }) => seed === from.seed) ? found.skipped : [];
  if (due.length === 0 && known.has('')) return { added: 0, isPending };

  await makeFolder(out);
  const lock = await lockOf(out);
  try {
    await mendJournal(out, await readJournal(out));
    if (!known.has('')) await appendImportLine(out, { folder: '', state: '', isFinal: false, skipped: beside, check: null });
    let added = 0;
    let file = run;
    for (const [i, folder] of due.entries()) {
      options.signal.throwIfAborted();
      const state = states.get(folder)!;
      const before = known.get(folder.name);
      const isFinal = folder !== last;
      if (before?.state === state.text) {
        await appendImportLine(out, { ...before, isFinal });
        continue;
      }
      const read = await readIteration(folder, await listIteration(folder), options.settings);
      if (read.rows.length > 0) {
        file ??= await begin(options, read, state.changed);
        await commit(options, file, read, state.changed);
        added += 1;
      }
      await appendImportLine(out, {
        folder: folder.name,
        state: state.text,
        isFinal,
        skipped: [...read.skipped],
        check: plainCheck(read.check),
      });
      options.onIteration?.(i + 1, due.length, read.iteration);
    }
    return { added, isPending };
  } finally {
    await lock.release();
  }
}

/** Where a run is imported from, as messages name it. */
function shown({ folder, seed }: ImportedFrom): string {
  return seed === null ? folder : join(folder, `seed_${seed}`);
}

async function stateOf(folder: IterationFolder): Promise<{ readonly text: string; readonly changed: number }> {
  const files = await listIteration(folder);
  const { text, changed } = await filesState(files);
  const names = [...files.rollouts.map(({ name }) => name), ...files.logs.keys(), ...files.skipped.map(({ file }) => file)];
  return { text: sha256(`${text}\n${names.join('\n')}`).slice(0, 16), changed };
}

/** Clocks of file servers differ from ours, so that a time ahead of ours says as much as one behind it. */
function isBeingWritten(state: { text: string; changed: number } | undefined, line: ImportLine | undefined, quiet: number): boolean {
  if (state === undefined || line?.state === state.text) return false;
  return Math.abs(Date.now() - state.changed) < quiet;
}

/** The run.json that the folder has already. @throws ImportError when it is of something else */
async function knownRun({ from, settings, out }: ImportOptions): Promise<RunFile | undefined> {
  const entries = await readdir(out).catch((): string[] => []);
  if (!entries.includes(RUN_PATHS.run)) {
    const foreign = entries.find((name) => !/^(lock\.json.*|journal\.jsonl|imported\.jsonl|rollouts|branches|run\.json\.tmp)$/.test(name));
    if (foreign !== undefined) throw new ImportError(`${out} is not empty (${foreign}) and no imported run: choose a new folder`);
    return undefined;
  }
  const file = await readRunFile(out);
  if (!isDeepStrictEqual(file.imported, from)) {
    const what = file.imported === undefined ? 'a run of Parley' : `imported from ${shown(file.imported)}`;
    throw new ImportError(`${out} is ${what}, not from ${shown(from)}: choose a new folder`);
  }
  if (!isDeepStrictEqual(creditSettings.strip().parse(file.config), settings)) {
    throw new ImportError(`${out} was imported with other settings: choose a new folder, or delete it first`);
  }
  return file;
}

async function lockOf(out: string) {
  try {
    return await acquireLock(out, { takeOver: true });
  } catch (error) {
    if (!(error instanceof LockRefused)) throw error;
    throw new ImportError(
      `${out} is being written by ${error.lock === null ? 'another process' : `pid ${error.lock.pid} on ${error.lock.host}`}: wait until it is done`,
    );
  }
}

async function begin({ from, settings, out, parley }: ImportOptions, first: ImportedIteration, changed: number): Promise<RunFile> {
  const name = nameOf(from);
  const id = `${name}-${sha256(JSON.stringify(from)).slice(0, 8)}`;
  const file = importedRunFile({ id, name, created: new Date(changed).toISOString(), parley, from }, first, settings);
  await writeDurably(join(out, RUN_PATHS.run), `${JSON.stringify(file, null, 2)}\n`);
  return file;
}

/** Folders named `seed_0` and `iteration_000` are told apart by what they lie in. */
function nameOf({ folder, seed }: ImportedFrom): string {
  const parts = [basename(folder), ...(seed === null ? [] : [`seed_${seed}`])];
  for (let path = folder; /^(seed|iteration)_\d+$/.test(basename(path)) && dirname(path) !== path; ) {
    path = dirname(path);
    if (basename(path) !== '') parts.unshift(basename(path));
  }
  return parts.join('-').replaceAll(/[^\p{L}\p{N}._-]+/gu, '_') || 'imported';
}

async function commit({ out, parley }: ImportOptions, file: RunFile, read: ImportedIteration, changed: number): Promise<void> {
  if (read.game !== undefined && read.game !== file.config.game) {
    throw new ImportError(`${read.folder} is of ${read.game}, and ${out} of ${file.config.game}: they are no one run`);
  }
  const rollouts = await writeRollouts(out, read.iteration, read.rows);
  const time = new Date(changed).toISOString();
  const line: IterationLine = {
    ...{ type: 'iteration', iteration: read.iteration, time, seconds: 0 },
    ...importedDetails(read),
    ...{ rollouts, state: NO_STATE },
  };
  await appendJournal(out, line);
  await keepImportedBranches(out, read, { time, parley });
}

function plainCheck({ tokens, largestDifference, at }: CreditCheck): ImportLine['check'] {
  return { tokens, largestDifference, at: at === null ? null : { ...at } };
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw writeError(path, error);
  }
}
