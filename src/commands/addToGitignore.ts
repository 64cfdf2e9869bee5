import { existsSync } from 'node:fs';
import { appendFile, readFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import * as vscode from 'vscode';
import { showInformation } from '../views/notices';
import type { Command } from './command';
import { RUNS_FOLDER } from './runLibrary';
import { Refusal, type Services } from './services';

const LINE = `${RUNS_FOLDER}/`;
const NEVER = 'parley.neverOfferGitignore';

/** Keeps run folders out of git; annotations stay in. */
export const addToGitignore: Command = { title: 'Add to .gitignore', needsTrust: true, inViews: true, run: addLines };

/** Adds the line to each workspace folder that lacks it. */
async function addLines(): Promise<readonly string[]> {
  const folders = (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath);
  if (folders.length === 0) throw new Refusal('No folder is open, so there is no .gitignore to add to');
  const changed: string[] = [];
  for (const folder of folders) {
    if (await ignoresRuns(folder)) continue;
    const file = join(folder, '.gitignore');
    const text = await readFile(file, 'utf8').catch(() => '');
    await appendFile(file, `${text === '' || text.endsWith('\n') ? '' : '\n'}${LINE}\n`);
    changed.push(file);
  }
  void vscode.window.setStatusBarMessage(
    changed.length === 0 ? 'Run folders are ignored by git already' : `Added ${LINE} to .gitignore`,
    5000,
  );
  return changed;
}

/** Offers the line after a run began in a git repository that does not ignore it. */
export async function offerGitignore({ context }: Services, root: string): Promise<void> {
  const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(root))?.uri.fsPath;
  if (folder === undefined || context.globalState.get(NEVER) === true) return;
  if (!inRepository(folder) || (await ignoresRuns(folder))) return;
  const answer = await showInformation(
    `Keep run folders out of git? This adds ${LINE} to .gitignore; annotations stay in.`,
    'Add to .gitignore',
    "Don't Ask Again",
  );
  if (answer === 'Add to .gitignore') await addLines();
  else if (answer !== undefined) await context.globalState.update(NEVER, true);
}

function inRepository(folder: string): boolean {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return true;
    if (dirname(at) === at) return false;
  }
}

/** Whether a .gitignore from the folder up to the repository's top has the line, in one of the ways to write it. */
async function ignoresRuns(folder: string): Promise<boolean> {
  for (let at = folder; ; at = dirname(at)) {
    const text = await readFile(join(at, '.gitignore'), 'utf8').catch(() => '');
    if (namesPath(text, join(relative(at, folder), RUNS_FOLDER).split(sep).join('/'))) return true;
    if (existsSync(join(at, '.git')) || dirname(at) === at) return false;
  }
}

/** Whether a .gitignore's lines name a folder, one above it, or the name of one at any depth. */
function namesPath(gitignore: string, path: string): boolean {
  const parts = path.split('/');
  const above = new Set(parts.map((_, i) => parts.slice(0, i + 1).join('/')));
  return gitignore
    .split(/\r?\n/)
    .map((line) =>
      line
        .trim()
        .replace(/^\//, '')
        .replace(/\/\*{0,2}$/, ''),
    )
    .some((pattern) => above.has(pattern) || parts.includes(pattern) || (pattern.startsWith('**/') && path.endsWith(pattern.slice(2))));
}
