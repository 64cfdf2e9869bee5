import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { FrameLocator, Locator } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { readBranchIndex } from '../../src/runs/branchIndex';
import { repository } from '../host/server';
import { type Theme, themes, useWorkbench } from './workbench';

/** Trains a small pair of runs to its end. */
function trainPair(workspace: string): void {
  const settings = ['negotiations=16', 'groupSize=8', 'learningRate=0.004', 'checkpointEvery=1', 'gameSettings.rounds=5'];
  const out = path.join(workspace, '.parley/runs');
  const words = [
    'paired',
    '--game',
    'ipd',
    '--iterations',
    '4',
    '--threads',
    '1',
    '--out',
    out,
    ...settings.flatMap((each) => ['--set', each]),
  ];
  const { status, stderr } = spawnSync(process.execPath, [path.join(repository, 'dist/cli.js'), ...words], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`parley paired: ${stderr}`);
}

describe('What if somebody else had gone on', () => {
  const workbench = useWorkbench({ viewport: { width: 1440, height: 1000 }, prepare: trainPair });
  const row = (name: RegExp): Locator => workbench().sidebar().getByRole('treeitem', { name }).first();
  const inspector = (): FrameLocator => workbench().editor();
  const line = (text: string | RegExp): Locator => workbench().page.locator('.editor-instance .view-line', { hasText: text }).first();
  const lens = (text: string | RegExp): Locator => workbench().page.locator('.codelens-decoration a', { hasText: text });
  const folder = (): string => path.join(workbench().workspace, '.parley/runs/aa');

  it('a negotiation is forked from the lens above a turn, with one Enter a question', async () => {
    await workbench().viewContainer('Parley').click();
    await row(/ipd aa, seed 0/).waitFor({ timeout: 30_000 });
    await row(/ipd aa, seed 0/).click();
    await workbench().command('Parley: Open Transcript');
    await line('Round 1').waitFor({ timeout: 30_000 });
    const title = workbench().page.locator('.quick-input-title:visible', { hasText: 'Fork Here: Alice (1/3)' });
    await workbench().click(lens('Fork Here').nth(2), title);
    await workbench().page.locator('.quick-input-widget', { hasText: 'As before' }).waitFor();
    await workbench().screenshot('forks-who');
    await workbench().press('Enter');
    await workbench().question('Fork Here: Bob (2/3)');
    await workbench().page.keyboard.type('always-defect');
    await workbench().page.locator('.quick-input-list .monaco-list-row', { hasText: 'scripted:always-defect' }).first().waitFor();
    await workbench().press('Enter');
    await workbench().question('Fork Here: Samples (3/3)');
    await workbench().press('Enter');
    await expect.poll(async () => (await readBranchIndex(folder())).branches.length, { timeout: 60_000 }).toBe(4);
    await line('Branch 1 begins · Bob: scripted:always-defect · seed 0, sample 1').waitFor({ timeout: 30_000 });
    await lens('Compare with Original').first().waitFor();
    await workbench().screenshot('forks-branch');
  }, 120_000);

  it('its branches lie under the turn, and the original says so', async () => {
    await row(/^branch 4 .*seed 0, sample 4/).waitFor();
    await workbench().screenshot('forks-tree');
    await workbench().click(lens('Open Original').first(), lens('4 Branches').first());
    await workbench().command('Parley: Compare Branch with Original', 'Compare Branch with Original');
    await workbench().page.locator('.quick-input-widget .monaco-list-row', { hasText: 'branch 2' }).first().click();
    await workbench().page.locator('.monaco-diff-editor .editor.modified .view-line', { hasText: 'Branch 2 begins' }).first().waitFor();
    await workbench().screenshot('forks-diff');
  }, 120_000);

  it('a branch stands in the inspector beside its original', async () => {
    await row(/^branch 3 /).click();
    const bar = inspector().getByRole('navigation', { name: 'Branches' });
    await bar.getByText('seed 0, sample 3').waitFor({ timeout: 30_000 });
    await inspector().getByText('branch 3 begins').waitFor();
    await bar.getByRole('button', { name: 'original beside' }).click();
    await inspector().locator('.compare .step').first().waitFor();
    await workbench().screenshot('forks-beside');
    await inspector().locator('.transcript').first().click();
    await workbench().press('b');
    await inspector().locator('.compare').waitFor({ state: 'detached' });
  });

  it('what both policies would say in place of a token is shown by key, and follows the cursor', async () => {
    await row(/^negotiation 0\b/).click();
    await inspector().getByText('branch 3 begins').waitFor({ state: 'detached' });
    await inspector().locator('.turn[data-turn="4"] .token').first().click();
    await workbench().press('w');
    const says = inspector().getByRole('region', { name: 'What would they say?' });
    await says.getByText('✓ said').waitFor({ timeout: 60_000 });
    const first = says.locator('tbody').first().locator('th[scope="row"]');
    await expect.poll(async () => (await first.allInnerTexts()).map((text) => text.trim().split('@')[0])).toEqual(['AA', 'RL']);
    await says.getByText('valid mass').first().waitFor();
    await workbench().press('j');
    await says.getByText('Bob, round 3, token 1').waitFor();
    await expect.poll(() => says.getAttribute('aria-busy')).toBe('false');
  });

  it.each(Object.keys(themes) as Theme[])('reads well in the %s theme', async (theme) => {
    await workbench().useTheme(theme);
    await inspector().locator('.says-table').waitFor();
    await workbench().screenshot(`forks-says-${theme}`);
  });

  it('a branch is deleted from its menu', async () => {
    const file = (await readBranchIndex(folder())).branches.find(({ branch }) => branch === 4)?.rollouts.file ?? '';
    expect(fs.existsSync(path.join(folder(), file))).toBe(true);
    await workbench().contextMenu(row(/^branch 4 /), 'Delete Branch');
    await workbench().page.locator('.monaco-dialog-box').getByRole('button', { name: 'Delete' }).click();
    await expect.poll(() => fs.existsSync(path.join(folder(), file))).toBe(false);
    await row(/^branch 4 /).waitFor({ state: 'detached' });
    await row(/^branch 3 /).waitFor();
  });

  it('reported no error of its own', () => {
    expect(workbench().ownErrors()).toEqual([]);
  });
});
