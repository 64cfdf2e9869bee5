import { join } from 'node:path';
import { MEASURES_TABLE, measureRows, TURNS_TABLE, turnTableRow } from '../../interop/tables';
import type { Exported } from '../../protocol/exports';
import { ROLLOUT_COLUMNS, type TurnRow } from '../../protocol/rollouts';
import { writeDraft } from './draft';
import type { ExportWork } from './exportRuns';
import { linesOf } from './source';
import { openTable } from './tables';

const TURN_COLUMNS = Object.keys(ROLLOUT_COLUMNS) as (keyof TurnRow)[];

/** Writes `measures` and `turns` of all runs as one CSV or Parquet file each. @throws ExportError, RolloutError */
export async function exportTables({ settings, out, sources, reader, signal, progress }: ExportWork): Promise<Exported> {
  const format = settings.format === 'csv' ? 'csv' : 'parquet';
  const targets = { measures: join(out, `measures.${format}`), turns: join(out, `turns.${format}`) };
  const chosen = sources.map((source) => ({ ...source, lines: linesOf(source, settings.iterations) }));
  const total = chosen.reduce((sum, { lines }) => sum + lines.length, 0);
  return writeDraft(out, Object.values(targets), settings.overwrite, async (draft) => {
    const measures = await openTable(format, draft.path(targets.measures), 'measures', MEASURES_TABLE);
    const turns = await openTable(format, draft.path(targets.turns), 'turns', TURNS_TABLE);
    let done = 0;
    try {
      for (const { run, folder, lines } of chosen) {
        for (const line of lines) {
          signal.throwIfAborted();
          await measures.add(measureRows(run, line));
          if (line.rollouts !== undefined) {
            const rows = await reader.all(folder.path, line.rollouts, TURN_COLUMNS);
            await turns.add(rows.map((row) => turnTableRow(run.id, row)));
          }
          progress(++done, total, `${run.name}: iteration ${line.iteration}`);
        }
        if (folder.finished !== null && settings.iterations.length === 0) await measures.add(measureRows(run, folder.finished));
      }
    } finally {
      await measures.close();
      await turns.close();
    }
  });
}
