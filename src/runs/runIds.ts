import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { RunConfig } from '../protocol/runConfig';

/** Folder names that are free under a root, by time and algorithm: `20261124-100203-ipd-aa`. */
export function freeRunIds(root: string, configs: readonly Pick<RunConfig, 'game' | 'algorithm'>[], now: Date): string[] {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${now.getFullYear()}${two(now.getMonth() + 1)}${two(now.getDate())}`;
  const stamp = `${day}-${two(now.getHours())}${two(now.getMinutes())}${two(now.getSeconds())}`;
  for (let copy = 1; ; copy++) {
    const ids = configs.map(({ game, algorithm }) => `${stamp}-${game}-${algorithm}${copy === 1 ? '' : `-${copy}`}`);
    if (!ids.some((id) => existsSync(join(root, id)))) return ids;
  }
}
