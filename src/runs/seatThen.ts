import type { TurnRow } from '../protocol/rollouts';
import type { IterationLine, RunFile } from '../protocol/runFiles';

/** Whoever had a seat, as it can sit there again. */
export interface SeatThen {
  /** As `parley evaluate` writes players: the run's checkpoint, or its fixed opponent. */
  readonly player: string;
  /** Of a policy: the checkpoint's iteration, and whether it is the very policy that played. */
  readonly checkpoint?: number;
  readonly isExact: boolean;
}

/**
 * Who can take a seat as it was taken in an iteration. The live policy of iteration k is the learner after k − 1; where no
 * checkpoint of that was kept, the newest before it stands in. Null where the run has no checkpoint at all.
 */
export function seatThen(
  folder: string,
  { config }: Pick<RunFile, 'config'>,
  lines: readonly IterationLine[],
  { player, iteration }: Pick<TurnRow, 'player' | 'iteration'>,
): SeatThen | null {
  const snapshot = /^snapshot:(\d+)$/.exec(player)?.[1];
  if (player !== 'policy' && snapshot === undefined) return { player: config.opponent, isExact: true };
  const wanted = snapshot === undefined ? iteration - 1 : Number(snapshot);
  const kept = lines.filter((line) => line.checkpoint !== undefined && line.iteration <= wanted).at(-1)?.iteration;
  return kept === undefined ? null : { player: `${folder}@${kept}`, checkpoint: kept, isExact: kept === wanted };
}
