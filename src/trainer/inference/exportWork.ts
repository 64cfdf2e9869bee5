import type { InferenceRequests } from '../../protocol/inference';
import { exportRuns } from '../exports/exportRuns';
import type { Work } from './work';

/** Writes runs for other software. @throws ExportError, RolloutError */
export async function exportWork(
  { job: _, ...settings }: InferenceRequests['exportRuns'][0],
  { media, signal, progress }: Work,
): Promise<InferenceRequests['exportRuns'][1]> {
  return exportRuns(settings, { media, signal, progress });
}
