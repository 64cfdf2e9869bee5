// The copy of the sample workspace that `npm start` and the launch configurations open: out/start/workspace, kept from start to start.
import { cpSync, existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './prepare.mjs';

/** Copies the sample workspace to `home`/workspace where there is no copy yet. @returns {string} the copy's folder */
export function prepareSampleWorkspace(home = path.join(root, 'out/start')) {
  const workspace = path.join(home, 'workspace');
  if (!existsSync(workspace)) cpSync(path.join(root, 'media/sample-workspace'), workspace, { recursive: true });
  return workspace;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) prepareSampleWorkspace();
