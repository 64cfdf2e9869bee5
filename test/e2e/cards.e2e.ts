import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { repository } from '../host/server';
import { type Theme, useWorkbench } from './workbench';

/** Trains a small run of the embedded policy to its end; its steps are large, so that they show. */
function trainRun(folder: string, iterations: number): void {
  const settings = ['negotiations=32', 'groupSize=8', 'learningRate=0.004', 'checkpointEvery=4', 'gameSettings.rounds=5'];
  const words = [
    'train',
    '--algorithm',
    'aa',
    '--iterations',
    String(iterations),
    '--threads',
    '1',
    ...settings.flatMap((each) => ['--set', each]),
  ];
  const { status, stderr } = spawnSync(process.execPath, [path.join(repository, 'dist/cli.js'), ...words, '--out', folder], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`parley train: ${stderr}`);
}

const prepare =
  (iterations: number) =>
  (workspace: string): void =>
    trainRun(path.join(workspace, '.parley/runs/small'), iterations);

describe('Two checkpoints side by side', () => {
  const workbench = useWorkbench({ viewport: { width: 1440, height: 1000 }, prepare: prepare(8) });
  const row = (name: RegExp): Locator => workbench().sidebar().getByRole('treeitem', { name }).first();
  const diff = (): Locator => workbench().page.locator('.editor-instance .monaco-diff-editor:visible').first();
  const line = (side: 'original' | 'modified', text: string | RegExp): Locator =>
    diff().locator(`.editor.${side} .view-line`, { hasText: text }).first();
  const toTop = async (): Promise<void> => {
    await diff().locator('.editor.modified .view-lines').first().click();
    await workbench().press('Control+Home');
    await line('modified', /^Policy\scard/).waitFor();
  };
  const tab = (name: RegExp): Locator => workbench().page.getByRole('tab', { name }).first();

  it('are chosen in the palette, with Enter for the base model and for the newest', { timeout: 180_000 }, async () => {
    await workbench().viewContainer('Parley').click();
    await row(/aa, seed 0/).waitFor({ timeout: 30_000 });
    await workbench().command('Parley: Diff Checkpoints…', 'Diff Checkpoints (1/2)');
    const first = workbench().page.locator('.quick-input-widget', { hasText: 'Diff Checkpoints (1/2)' });
    await first.locator('.monaco-list-row', { hasText: 'base model' }).first().waitFor();
    await workbench().screenshot('cards-pick');
    await workbench().press('Enter');
    await workbench().question('Diff Checkpoints (2/2)');
    await workbench().press('Enter');
    await tab(/^Policy cards: ipd aa, seed 0, base model ↔ @8/).waitFor({ timeout: 60_000 });
    await line('original', 'the base model').waitFor({ timeout: 30_000 });
    await line('modified', 'trained by aa').waitFor();
  });

  it.each(['dark', 'light', 'high-contrast', 'high-contrast-light'] as Theme[])('read well in the %s theme', async (theme) => {
    await workbench().useTheme(theme);
    await tab(/^Policy cards/).click();
    await toTop();
    await workbench().screenshot(`cards-${theme}`);
    await workbench().press('PageDown', 'PageDown');
    await line('modified', /^P\(A\)\son-policy/).waitFor();
    await line('modified', /^Against\sitself/).waitFor();
    await workbench().screenshot(`cards-probes-${theme}`);
    await tab(/^Probe negotiations/).click();
    const files = workbench().page.locator('.multiDiffEntry');
    await files.filter({ hasText: 'self, greedy' }).first().waitFor();
    await files
      .locator('.view-line', { hasText: /^Alice/ })
      .first()
      .waitFor();
    await workbench().screenshot(`cards-negotiations-${theme}`);
  });

  it('are there again when the window is reloaded, without being computed again', { timeout: 240_000 }, async () => {
    await workbench().useTheme('dark');
    await workbench().reload();
    await tab(/^Policy cards/).click();
    await toTop();
    await line('modified', 'trained by aa').waitFor();
    await line('original', 'the base model').waitFor();
    await tab(/^Probe negotiations/).click();
    await workbench()
      .page.locator('.multiDiffEntry .view-line', { hasText: /^Alice/ })
      .first()
      .waitFor();
  });

  it('are chosen in the tree, by Select for Compare and Compare with Selected', { timeout: 120_000 }, async () => {
    await row(/aa, seed 0/).waitFor({ timeout: 30_000 });
    const choose = async (name: RegExp, item: string): Promise<void> => {
      await row(name).click({ button: 'right' });
      const entry = workbench().page.getByRole('menuitem', { name: item }).first();
      // A menu that has just opened takes no click: it may be the end of the one that opened it.
      await entry.hover();
      await workbench().press('Enter');
      await entry.waitFor({ state: 'hidden' });
    };
    if ((await row(/^iteration 4\b/).count()) === 0) await row(/aa, seed 0/).click();
    await row(/^iteration 4\b/).waitFor();
    await row(/^iteration 3\b/).click({ button: 'right' });
    await workbench().page.getByRole('menuitem', { name: 'Open Transcript' }).first().waitFor();
    // Nothing was kept of this iteration.
    expect(await workbench().page.getByRole('menuitem', { name: 'Select for Compare' }).count()).toBe(0);
    await workbench().press('Escape');
    await choose(/^iteration 4\b/, 'Select for Compare');
    await choose(/^iteration 8\b/, 'Compare with Selected');
    await tab(/^Policy cards: ipd aa, seed 0, @4 ↔ @8/).waitFor({ timeout: 60_000 });
    await line('original', /iteration\s+4$/).waitFor({ timeout: 30_000 });
    await workbench().screenshot('cards-tree');
    expect(workbench().ownErrors()).toEqual([]);
  });
});

describe('Two checkpoints in a workspace that is not trusted', () => {
  const workbench = useWorkbench({ askForTrust: true, prepare: prepare(1) });

  it('are not computed, which is said, and trust is offered', async () => {
    const files = (): string[] => fs.readdirSync(path.join(workbench().workspace, '.parley'), { recursive: true, encoding: 'utf8' }).sort();
    const before = files();
    await workbench().viewContainer('Parley').click();
    await workbench()
      .sidebar()
      .getByRole('treeitem', { name: /aa, seed 0/ })
      .first()
      .waitFor({ timeout: 30_000 });
    await workbench().command('Parley: Diff Checkpoints…', 'Diff Checkpoints (1/2)');
    for (const part of ['(1/2)', '(2/2)']) {
      await workbench().question(`Diff Checkpoints ${part}`);
      await workbench().press('Enter');
    }
    const notice = workbench().notification(/was not computed before, and computing it needs a trusted workspace/);
    await notice.waitFor({ timeout: 30_000 });
    await notice.getByText('Manage Workspace Trust').waitFor();
    await workbench().screenshot('cards-untrusted');
    expect(files()).toEqual(before);
    expect(workbench().logs()).not.toContain('inference:');
  });
});
