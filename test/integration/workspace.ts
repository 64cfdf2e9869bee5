import assert from 'node:assert/strict';
import path from 'node:path';
import * as vscode from 'vscode';

/** The folder that is open. */
export function workspaceFolder(): string {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
  assert.ok(folder, 'the tests need a workspace folder');
  return folder;
}

/** Where its runs are. */
export function runsFolder(): string {
  return path.join(workspaceFolder(), '.parley/runs');
}

/** Runs one of Parley's commands by its short name. */
export function execute(name: string, args?: unknown): Thenable<unknown> {
  return vscode.commands.executeCommand(`parley.${name}`, args);
}

/** Polls until there is something; the message names what was waited for. */
export async function until<T>(what: string, look: () => Promise<T | undefined> | T | undefined, seconds = 60): Promise<T> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > end) assert.fail(`waited ${seconds} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
