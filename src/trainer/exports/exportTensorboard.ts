import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { eventFileName, lineRecord, versionRecord } from '../../interop/tensorboard';
import type { Exported } from '../../protocol/exports';
import type { JournalLine } from '../../protocol/runFiles';
import { writeDraft } from './draft';
import type { ExportWork } from './exportRuns';
import { ExportError, fileNameOf, linesOf } from './source';

/** Writes TensorBoard's event files: a folder a run in the folder `out`. @throws ExportError */
export async function exportTensorboard({ settings, out, sources, signal, progress }: ExportWork): Promise<Exported> {
  const logs = sources.map((source) => {
    const { run, folder } = source;
    if (run.file === null) throw new ExportError(`${run.name}: nothing was trained, so there are no curves; name a run's folder`);
    const began = (Date.parse(run.file.created) || 0) / 1000;
    const finished: readonly JournalLine[] = folder.finished === null || settings.iterations.length > 0 ? [] : [folder.finished];
    const lines = [...linesOf(source, settings.iterations), ...finished];
    return { run, began, lines, target: join(out, fileNameOf(run), eventFileName(began)) };
  });
  const targets = logs.map(({ target }) => target);
  return writeDraft(out, targets, settings.overwrite, async (draft) => {
    for (const [done, { run, began, lines, target }] of logs.entries()) {
      signal.throwIfAborted();
      progress(done, logs.length, run.name);
      const file = await open(draft.path(target), 'w');
      try {
        await file.writeFile(versionRecord(began));
        for (const line of lines) {
          const record = lineRecord(line);
          if (record !== null) await file.writeFile(record);
        }
      } finally {
        await file.close();
      }
    }
    progress(logs.length, logs.length, 'done');
  });
}
