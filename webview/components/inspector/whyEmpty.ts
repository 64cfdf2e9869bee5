import type { CurvePoint, RunView } from '../../../src/protocol/webview';

/**
 * Why a chart over training has nothing to draw: the runs are switched off, have no iteration yet, are still being read, or never
 * recorded this number.
 * @param what the number, as a title
 */
export function whyEmpty(
  runs: readonly Pick<RunView, 'run' | 'iteration' | 'status'>[],
  curves: ReadonlyMap<string, readonly CurvePoint[]>,
  what: string,
): string {
  if (runs.length === 0) return 'Every run is switched off above.';
  const begun = runs.filter(({ iteration }) => iteration > 0);
  if (begun.length === 0)
    return runs.some(({ status }) => status === 'live')
      ? 'The first iteration is under way; its numbers appear here.'
      : 'No iteration is committed, so there are no numbers.';
  if (begun.some(({ run }) => !curves.has(run))) return 'Reading the iterations …';
  return `${what}: not recorded in ${runs.length === 1 ? 'this run' : 'these runs'}.`;
}
