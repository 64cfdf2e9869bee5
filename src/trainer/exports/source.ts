import { existsSync } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { ExportedRun } from '../../interop/tables';
import { type IterationLine, RUN_PATHS } from '../../protocol/runFiles';
import type { NegotiationFolder } from '../../runs/negotiationFolder';
import { openFolder } from '../../runs/openFolder';
import { isMissing, messageOf } from '../../runs/problem';
import type { RolloutReader } from '../../runs/rolloutReader';
import { findSetFile, folderOf, readRunSet } from '../../runs/runSet';

/** Something that cannot be exported, or not to there; one line that says what to do. */
export class ExportError extends Error {
  override readonly name = 'ExportError';
}

/** A run, or match-ups or play, opened to be exported. */
export interface Source {
  readonly run: ExportedRun;
  readonly folder: NegotiationFolder;
}

/**
 * The folders that paths mean: a run set's folder or file stands for those of its runs that have begun.
 * @throws ExportError for a set that cannot be read, or of which no run has begun
 */
export async function runFolders(paths: readonly string[]): Promise<string[]> {
  const folders = await Promise.all(
    paths.map(async (path) => {
      const file = findSetFile(path);
      if (file === undefined) return [path];
      const set = await readRunSet(file).catch((error: unknown) => {
        throw new ExportError(messageOf(error));
      });
      const begun = set.file.runs.map((run) => folderOf(set, run)).filter((folder) => existsSync(join(folder, RUN_PATHS.run)));
      if (begun.length === 0) throw new ExportError(`${path}: none of its runs has begun`);
      return begun;
    }),
  );
  return folders.flat();
}

/**
 * Opens folders, each once; a run whose id is another's gets a number behind it.
 * @throws ExportError for a folder that holds neither a run nor match-ups nor play
 */
export async function openSources(paths: readonly string[], reader: RolloutReader): Promise<Source[]> {
  const sources: Source[] = [];
  const seen = new Set<string>();
  for (const given of paths) {
    const path = await realFolder(given);
    if (seen.has(path)) continue;
    seen.add(path);
    const folder = await openFolder(path, reader);
    const { file, played } = folder;
    if (file === null && played === null) {
      throw new ExportError(`${given}: ${folder.problems[0]?.message ?? 'this is no run folder'}`);
    }
    const id = file?.id ?? basename(path);
    const twins = sources.filter(({ run }) => run.id === id || run.id.startsWith(`${id}-`)).length;
    const name = file?.name ?? played?.name ?? id;
    const run: ExportedRun = {
      ...{ id: twins === 0 ? id : `${id}-${twins + 1}`, name, file },
      game: file?.config.game ?? played?.game ?? '',
      seed: file?.config.seed ?? played?.seed ?? 0,
    };
    sources.push({ run, folder });
  }
  return sources;
}

async function realFolder(given: string): Promise<string> {
  try {
    const path = await realpath(resolve(given));
    if (!(await stat(path)).isDirectory()) throw new ExportError(`${given} is a file: name a run's folder`);
    return path;
  } catch (error) {
    throw isMissing(error) ? new ExportError(`${given} does not exist: name a run's folder`) : error;
  }
}

/**
 * The iterations of a run that were asked for; all with rollouts unless some were.
 * @throws ExportError naming an iteration that is not there
 */
export function linesOf({ run, folder }: Source, iterations: readonly number[]): readonly IterationLine[] {
  const chosen = iterations.map((iteration) => {
    const line = folder.iteration(iteration);
    if (line !== undefined) return line;
    const there = folder.last < 0 ? 'it has none yet' : `it has ${folder.iterations[0]?.iteration} to ${folder.last}`;
    throw new ExportError(`${run.name} has no iteration ${iteration}: ${there}`);
  });
  if (chosen.length > 0) return [...new Set(chosen)].sort((a, b) => a.iteration - b.iteration);
  return folder.iterations;
}

/** A run's id as a name of a file on any system. */
export function fileNameOf({ id }: Pick<ExportedRun, 'id'>): string {
  const name = id.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[.-]+/, '');
  return name === '' || /^(con|prn|aux|nul|com\d|lpt\d)$/i.test(name) ? `run-${name}` : name;
}
