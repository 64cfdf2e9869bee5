import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { MATCHUP_PATHS } from '../protocol/matchups';
import { PLAY_PATHS } from '../protocol/play';
import { RUN_PATHS } from '../protocol/runFiles';
import type { NegotiationFolder } from './negotiationFolder';
import { PlayedFolder } from './playedFolder';
import type { RolloutReader } from './rolloutReader';
import { RunFolder } from './runFolder';

/** Opens a folder by what it holds: a run, match-ups, or a negotiation with a person. Never throws. */
export async function openFolder(path: string, reader: RolloutReader): Promise<NegotiationFolder> {
  const holds = (name: string): boolean => existsSync(join(path, name));
  if (!holds(RUN_PATHS.run)) {
    if (holds(MATCHUP_PATHS.matchups)) return PlayedFolder.open(path, 'matchups', reader);
    if (holds(PLAY_PATHS.play)) return PlayedFolder.open(path, 'play', reader);
  }
  return RunFolder.open(path);
}

/** Whether a folder is one of those: a run, match-ups, or a negotiation with a person. */
export function holdsNegotiations(path: string): boolean {
  return [RUN_PATHS.run, MATCHUP_PATHS.matchups, PLAY_PATHS.play].some((name) => existsSync(join(path, name)));
}
