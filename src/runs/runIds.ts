import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { hasFixedOpponent, opponentName } from '../protocol/opponent';
import type { RunConfig } from '../protocol/runConfig';

/** Folder names that are free under a root, by time and algorithm: `20261124-100203-ipd-aa`. */
export function freeRunIds(root: string, configs: readonly Pick<RunConfig, 'game' | 'algorithm'>[], now: Date): string[] {
  const stamp = timeStamp(now);
  for (let copy = 1; ; copy++) {
    const ids = configs.map(({ game, algorithm }) => `${stamp}-${game}-${algorithm}${copy === 1 ? '' : `-${copy}`}`);
    if (!ids.some((id) => existsSync(join(root, id)))) return ids;
  }
}

/** A moment as names have it: `20261124-100203`, local time. */
export function timeStamp(now: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  return `${day}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
}

/** What a run is called where people read it: `ipd rl vs ipd-aa@200, seed 0`. */
export function runName(config: Pick<RunConfig, 'game' | 'algorithm' | 'opponent' | 'seed'>): string {
  const versus = hasFixedOpponent(config) ? ` vs ${opponentName(config.opponent)}` : '';
  return `${config.game} ${config.algorithm}${versus}, seed ${config.seed}`;
}
