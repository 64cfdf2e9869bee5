import type { Place, RunView } from '../../../src/protocol/webview';

/** What stands beside in a comparison: a run, or the same one elsewhere. What is left out is as in the first column. */
export interface Column {
  readonly run: string;
  readonly iteration?: number;
  readonly negotiation?: number;
  /** A branch; left out, the negotiation itself, also where the first column shows a branch. */
  readonly branch?: number;
}

/** Columns besides the first, at most. */
export const MOST_OTHERS = 3;

/** Whether a column would show what the first one shows. */
function isFirst({ run, iteration, negotiation, branch }: Column, here: Place): boolean {
  return (
    run === here.run &&
    branch === here.branch &&
    (iteration === undefined || iteration === here.iteration) &&
    (negotiation === undefined || negotiation === here.negotiation)
  );
}

/** The columns that can be shown beside: runs that are open and of the same game, once each, none of them the first again. */
export function usable(columns: readonly Column[], runs: readonly RunView[], here: Place | null, game: string | undefined): Column[] {
  const seen = new Set<string>();
  return columns
    .filter((column) => {
      const key = keyOf(column);
      const fits = runs.some((run) => run.run === column.run && run.game === game);
      if (!fits || seen.has(key) || (here !== null && isFirst(column, here))) return false;
      seen.add(key);
      return true;
    })
    .slice(0, MOST_OTHERS);
}

/** What a reader who has chosen nothing is shown: a branch's original; the paired run, else another of the game, else the run's beginning. */
export function columnByDefault(
  run: RunView | undefined,
  paired: RunView | undefined,
  others: readonly RunView[],
  here: Place | null = null,
): Column | undefined {
  if (here?.branch !== undefined) return { run: here.run };
  const other = paired ?? others[0];
  if (other !== undefined) return { run: other.run };
  return run === undefined || run.iteration < 2 ? undefined : { run: run.run, iteration: 1 };
}

/** The place that a column shows while the first is at `here`. */
export function placeOf({ run, iteration, negotiation, branch }: Column, here: Place): Place {
  const place = { run, iteration: iteration ?? here.iteration, negotiation: negotiation ?? here.negotiation };
  return branch === undefined ? place : { ...place, branch };
}

/** A column as one text, for choices and comparisons. */
export function keyOf({ run, iteration, negotiation, branch }: Column): string {
  return JSON.stringify([run, iteration ?? null, negotiation ?? null, ...(branch === undefined ? [] : [branch])]);
}

/** Iterations that are offered for a column: its own, the first, the last, and some between. */
export function iterationsOffered(run: Pick<RunView, 'iteration'>, own: number | undefined): number[] {
  const last = run.iteration;
  const some = [0, 1 / 8, 1 / 4, 3 / 8, 1 / 2, 5 / 8, 3 / 4, 7 / 8, 1].map((share) => Math.max(1, Math.round(share * last)));
  return [...new Set([...some, ...(own === undefined ? [] : [own])])].filter((n) => n <= Math.max(last, own ?? 0)).sort((a, b) => a - b);
}
