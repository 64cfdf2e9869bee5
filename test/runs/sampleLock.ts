import { writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { RUN_PATHS } from '../../src/protocol/runFiles';
import { processStart } from '../../src/runs/processStart';

/** Makes a folder look as if a process trained it: this one, unless another pid is given. */
export function writeLock(folder: string, pid = process.pid, start = processStart(pid) ?? ''): void {
  const lock = { host: hostname(), pid, processStart: start, heartbeat: new Date().toISOString() };
  writeFileSync(join(folder, RUN_PATHS.lock), JSON.stringify(lock));
}
