/** The instants of a commit, or of keeping a match-up, at which a test can have the trainer die as if the power had gone. */
export type CrashPoint =
  | 'afterRollouts'
  | 'afterRolloutsRename'
  | 'afterState'
  | 'afterStateRename'
  | 'afterCheckpoint'
  | 'afterCheckpointRename'
  | 'afterJournal'
  | 'afterSweep'
  | 'afterMatchupRollouts'
  | 'afterMatchupRolloutsRename'
  | 'afterMatchups';

/**
 * Dies by SIGKILL, cleaning nothing up, when the environment says so: `PARLEY_CRASH_AT=afterStateRename:3`
 * means at that point of iteration 3, or of the third match-up. The crash tests set it; nobody else does.
 */
export function crashPoint(point: CrashPoint, iteration: number): void {
  if (process.env.PARLEY_CRASH_AT === `${point}:${iteration}`) process.kill(process.pid, 'SIGKILL');
}
