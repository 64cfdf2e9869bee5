import { resolve } from 'node:path';
import type { Exported, ExportFormat, ExportSettings } from '../../protocol/exports';
import { RolloutReader } from '../../runs/rolloutReader';
import { exportHtml } from './exportHtml';
import { exportInspect } from './exportInspect';
import { exportSafetensors } from './exportSafetensors';
import { exportTables } from './exportTables';
import { exportTensorboard } from './exportTensorboard';
import { openSources, type Source } from './source';

/** What an exporter works with. */
export interface ExportWork {
  readonly settings: ExportSettings;
  /** `settings.out`, absolute. */
  readonly out: string;
  readonly sources: readonly Source[];
  readonly reader: RolloutReader;
  /** The folder of presets and embedded policies. */
  readonly media: string;
  /** Calls it off; what was written by then is removed. */
  readonly signal: AbortSignal;
  progress(done: number, of: number, line: string): void;
}

/** What runs and machine an export has to do with beside its settings. */
export type ExportOptions = Pick<ExportWork, 'media' | 'signal' | 'progress'>;

const EXPORTERS: Readonly<Record<ExportFormat, (work: ExportWork) => Promise<Exported>>> = {
  csv: exportTables,
  parquet: exportTables,
  inspect: exportInspect,
  tensorboard: exportTensorboard,
  safetensors: exportSafetensors,
  html: exportHtml,
};

/**
 * Writes runs for other software. Memory is bounded by an iteration, files appear once all of them are whole.
 * @throws ExportError, RolloutError; the signal's reason
 */
export async function exportRuns(settings: ExportSettings, options: ExportOptions): Promise<Exported> {
  const reader = new RolloutReader();
  const sources = await openSources(settings.runs, reader);
  options.signal.throwIfAborted();
  return EXPORTERS[settings.format]({ ...options, settings, out: resolve(settings.out), sources, reader });
}
