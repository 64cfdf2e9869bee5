import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Engine, Learner } from '../engine/engine';
import type { TurnRow } from '../protocol/rollouts';
import { type IterationLine, type JournalLine, RUN_PATHS } from '../protocol/runFiles';
import { sha256, syncFolder, syncTree, WriteError, writeDurably, writeError, writeSynced } from '../runs/durableFile';
import { appendJournal } from '../runs/journal';
import { crashPoint } from './crash';
import { encodeRollouts } from './rolloutFile';

/** What an iteration leaves besides the state it ends in. */
export interface IterationRecord {
  readonly iteration: number;
  /** Wall-clock seconds the iteration took. */
  readonly seconds: number;
  readonly rows: readonly TurnRow[];
  readonly details: Pick<IterationLine, 'measures' | 'training' | 'negotiations'>;
  /** Whether a checkpoint is kept. */
  readonly checkpoint: boolean;
}

/** A folder of files with their checksums, as the journal names it. */
export type NamedFolder = IterationLine['state'];

/** Name of the counters' file in a state. */
const STATE_FILE = 'state.json';

/**
 * Commits an iteration: every file is written beside its place, fsynced and renamed, and its folder fsynced; then one
 * fsynced journal line names them all. Until that line is on the disk the iteration does not exist, so dying at any
 * instant loses at most it. The state before, which the new one replaces, is removed last.
 * @throws WriteError; nothing that was committed is lost.
 */
export async function commitIteration(folder: string, engine: Engine, learner: Learner, record: IterationRecord): Promise<IterationLine> {
  const { iteration } = record;
  const rollouts = iteration === 0 ? undefined : await writeRollouts(folder, iteration, record.rows);
  const state = await writeState(folder, RUN_PATHS.state(iteration), engine, learner, iteration, 'State');
  const checkpoint = record.checkpoint
    ? await writeState(folder, RUN_PATHS.checkpoint(iteration), engine, learner, iteration, 'Checkpoint')
    : undefined;
  const line: IterationLine = {
    type: 'iteration',
    iteration,
    time: new Date().toISOString(),
    seconds: record.seconds,
    ...record.details,
    ...(rollouts && { rollouts }),
    state,
    ...(checkpoint && { checkpoint }),
  };
  await appendJournal(folder, line);
  crashPoint('afterJournal', iteration);
  await removeStates(folder, line.state.folder, engine);
  crashPoint('afterSweep', iteration);
  return line;
}

/** Writes the journal's last line. @throws WriteError */
export async function commitFinished(
  folder: string,
  line: Omit<Extract<JournalLine, { type: 'finished' }>, 'type' | 'time'>,
): Promise<void> {
  await appendJournal(folder, { type: 'finished', time: new Date().toISOString(), ...line });
}

/**
 * Removes what no journal line names, before a run goes on: drafts, and files of an iteration that was never
 * committed. Only names that Parley itself gives are touched.
 * @param lines every committed iteration, ascending.
 */
export async function sweep(folder: string, lines: readonly IterationLine[]): Promise<void> {
  const newest = lines.at(-1);
  const checkpoints = new Set(lines.flatMap(({ checkpoint }) => (checkpoint ? [checkpoint.folder] : [])));
  await removeFrom(folder, 'rollouts', /^\d{6}\.parquet$/, (path) => path > RUN_PATHS.rollouts(newest?.iteration ?? 0));
  await removeFrom(folder, 'checkpoints', /^\d{6}$/, (path) => !checkpoints.has(path));
  await removeStates(folder, newest?.state.folder);
}

/** Removes all states but the newest, and what an engine keeps of them elsewhere. */
async function removeStates(folder: string, newest: string | undefined, engine?: Engine): Promise<void> {
  await removeFrom(
    folder,
    'state',
    /^\d{6}$/,
    (path) => path !== newest,
    (path) => engine?.discardState?.(path),
  );
}

async function removeFrom(
  folder: string,
  kind: string,
  ours: RegExp,
  stale: (path: string) => boolean,
  before?: (path: string) => Promise<void> | undefined,
): Promise<void> {
  for (const name of await readdir(join(folder, kind)).catch(() => [])) {
    const draft = name.endsWith('.tmp') && ours.test(name.slice(0, -'.tmp'.length));
    if (!draft && !(ours.test(name) && stale(`${kind}/${name}`))) continue;
    await before?.(join(folder, kind, name));
    await rm(join(folder, kind, name), { recursive: true, force: true });
  }
}

/** Writes an iteration's rollout file durably; no journal line names it yet. @throws WriteError */
export async function writeRollouts(
  folder: string,
  iteration: number,
  rows: readonly TurnRow[],
): Promise<NonNullable<IterationLine['rollouts']>> {
  const file = RUN_PATHS.rollouts(iteration);
  const bytes = encodeRollouts(rows);
  await prepare(join(folder, dirname(file)));
  await writeDurably(join(folder, file), bytes, () => crashPoint('afterRollouts', iteration));
  crashPoint('afterRolloutsRename', iteration);
  return { file, rows: rows.length, bytes: bytes.length, sha256: sha256(bytes) };
}

async function writeState(
  folder: string,
  name: string,
  engine: Engine,
  learner: Learner,
  iteration: number,
  what: 'State' | 'Checkpoint',
): Promise<NamedFolder> {
  const path = join(folder, name);
  const draft = `${path}.tmp`;
  try {
    await prepare(dirname(path));
    await rm(draft, { recursive: true, force: true });
    await mkdir(draft);
    await engine.savePolicy(learner, draft, what === 'State' ? 'state' : 'checkpoint');
    await engine.saveOptimizer(draft);
    await writeSynced(join(draft, STATE_FILE), `${JSON.stringify({ format: 1, iteration, steps: learner.steps })}\n`);
    const files = await syncTree(draft);
    crashPoint(`after${what}`, iteration);
    // Left over from an attempt that died before its journal line; a folder cannot be renamed over another.
    await rm(path, { recursive: true, force: true });
    await rename(draft, path);
    await syncFolder(dirname(path));
    crashPoint(`after${what}Rename`, iteration);
    return { folder: name, files };
  } catch (error) {
    await rm(draft, { recursive: true, force: true }).catch(() => undefined);
    throw error instanceof WriteError ? error : writeError(path, error);
  }
}

async function prepare(folder: string): Promise<void> {
  const made = await mkdir(folder, { recursive: true });
  if (made !== undefined) await syncFolder(dirname(made));
}
