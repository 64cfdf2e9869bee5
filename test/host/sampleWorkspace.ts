import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { repository } from './server';

/** A copy of the sample workspace in a temporary folder, so that no test writes into the repository. */
export function copySampleWorkspace(): { readonly folder: string; remove(): void } {
  // The real path: on systems whose temporary folder is a link, VS Code reports the target.
  const parent = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'parley-workspace-')));
  const folder = path.join(parent, 'sample');
  fs.cpSync(path.join(repository, 'media/sample-workspace'), folder, { recursive: true });
  return { folder, remove: () => fs.rmSync(parent, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }) };
}
