import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { EvalFile, evalFileName, evalSample, type LogOrigin } from '../../interop/inspect';
import type { Exported } from '../../protocol/exports';
import { ROLLOUT_COLUMNS, type TurnRow } from '../../protocol/rollouts';
import type { IterationLine } from '../../protocol/runFiles';
import { parleyVersion } from '../environment';
import { writeDraft } from './draft';
import type { ExportWork } from './exportRuns';
import { ExportError, fileNameOf, linesOf, type Source } from './source';

const COLUMNS = Object.keys(ROLLOUT_COLUMNS) as (keyof TurnRow)[];

/** Writes logs of inspect_ai, one an iteration; `out` is a folder of them, or the file of a single one. @throws ExportError, RolloutError */
export async function exportInspect({ settings, out, sources, reader, media, signal, progress }: ExportWork): Promise<Exported> {
  const logs = sources.flatMap((source) => playedLines(source, settings.iterations).map((line) => ({ source, line })));
  if (logs.length === 0) throw new ExportError('there is no negotiation to export yet: no iteration is committed');
  const isFile = out.endsWith('.eval');
  if (isFile && logs.length > 1) {
    throw new ExportError(`${settings.out} is one file, and these are ${logs.length} iterations: name a folder, or one with --iteration`);
  }
  const files = logs.map(({ source, line }) => {
    const name = evalFileName({ line, game: source.run.game }, fileNameOf(source.run));
    return { source, line, target: isFile ? out : join(out, name) };
  });
  const parley = parleyVersion(media);
  const targets = files.map(({ target }) => target);
  return writeDraft(out, targets, settings.overwrite, async (draft) => {
    for (const [done, { source, line, target }] of files.entries()) {
      progress(done, files.length, `${source.run.name}: iteration ${line.iteration}`);
      const file = await open(draft.path(target), 'w');
      try {
        await writeLog(source, line, (bytes) => file.writeFile(bytes));
      } finally {
        await file.close();
      }
    }
    progress(files.length, files.length, 'done');
  });

  async function writeLog({ run, folder }: Source, line: IterationLine, write: (bytes: Uint8Array) => Promise<void>): Promise<void> {
    const policy = `parley/${folder.played?.pairs.get(line.iteration) ?? `${run.id}@${line.iteration}`}`;
    const origin: LogOrigin = { run: run.id, name: run.name, game: run.game, file: run.file, line, model: policy, parley };
    const model = (player: string): string => (player === 'policy' ? policy : `parley/${player}`);
    const log = new EvalFile(origin, write);
    if (line.rollouts === undefined) return;
    for (const turns of byNegotiation(await reader.all(folder.path, line.rollouts, COLUMNS))) {
      signal.throwIfAborted();
      await log.add(evalSample(turns, { run: run.id, game: run.game, time: line.time, model }));
    }
    await log.close();
  }
}

/** The iterations that were asked for; else those with a checkpoint or, where none has one, all. @throws ExportError */
function playedLines(source: Source, iterations: readonly number[]): IterationLine[] {
  const lines = linesOf(source, iterations);
  const empty = iterations.length === 0 ? undefined : lines.find(({ rollouts }) => rollouts === undefined);
  if (empty !== undefined) throw new ExportError(`${source.run.name}: nothing was played in iteration ${empty.iteration}; name another`);
  const played = lines.filter(({ rollouts }) => rollouts !== undefined);
  const kept = played.filter(({ checkpoint }) => checkpoint !== undefined);
  return iterations.length > 0 || kept.length === 0 ? played : kept;
}

/** Rows of a negotiation lie together; they are given in the order of the file. */
function* byNegotiation(rows: readonly TurnRow[]): Generator<TurnRow[]> {
  for (let start = 0; start < rows.length; ) {
    const { negotiation } = rows[start]!;
    let end = start + 1;
    while (end < rows.length && rows[end]!.negotiation === negotiation) end++;
    yield rows.slice(start, end);
    start = end;
  }
}
