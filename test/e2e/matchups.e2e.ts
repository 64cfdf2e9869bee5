import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { FrameLocator, Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runFile } from '../../src/protocol/runFiles';
import { repository } from '../host/server';
import { type Theme, themes, useWorkbench } from './workbench';

/** Trains a run of one iteration by the command line, and makes a copy of it that says of itself that it is another. */
async function trainTwo(runs: string): Promise<void> {
  const rl = path.join(runs, 'one-rl');
  const settings = ['--set', 'negotiations=8', '--set', 'groupSize=4', '--set', 'gameSettings.rounds=4'];
  const args = ['train', '--game', 'ipd', '--algorithm', 'rl', '--iterations', '1', '--out', rl, ...settings];
  await promisify(execFile)(process.execPath, [path.join(repository, 'dist/cli.js'), ...args]);
  fs.cpSync(rl, path.join(runs, 'one-aa'), { recursive: true });
  const file = path.join(runs, 'one-aa/run.json');
  const run = runFile.parse(JSON.parse(fs.readFileSync(file, 'utf8')));
  const aa = { ...run, id: 'one-aa', name: 'ipd aa, seed 0', config: { ...run.config, algorithm: 'aa' } };
  fs.writeFileSync(file, JSON.stringify(aa));
}

describe('Who beats whom', () => {
  const trained = fs.mkdtempSync(path.join(os.tmpdir(), 'parley-matchups-'));
  beforeAll(() => trainTwo(trained), 180_000);
  afterAll(() => fs.rmSync(trained, { recursive: true, force: true }));
  const prepare = (workspace: string): void => fs.cpSync(trained, path.join(workspace, '.parley/runs'), { recursive: true });
  const workbench = useWorkbench({ viewport: { width: 1440, height: 900 }, prepare });
  const inspector = (): FrameLocator => workbench().editor();
  const row = (name: RegExp): Locator => workbench().sidebar().getByRole('treeitem', { name }).first();
  const cell = (at: string): Locator => inspector().locator(`[data-cell="${at}"]`);
  const played = (kind: string): string[] => {
    const folder = path.join(workbench().workspace, '.parley', kind);
    return fs.existsSync(folder) ? fs.readdirSync(folder) : [];
  };

  it('plays runs and scripted players against each other from the palette, and shows the matrix', async () => {
    await workbench().viewContainer('Parley').click();
    await row(/ipd aa, seed 0/).waitFor({ timeout: 30_000 });
    await workbench().command('Parley: Evaluate Match-ups…', 'Game');
    await workbench().press('Enter');
    await workbench().question('Players');
    await workbench().screenshot('matchups-players');
    await workbench().press('Enter');
    await workbench().question('Negotiations');
    await workbench().pick('16');
    await cell('3/3').waitFor({ timeout: 60_000 });
    await expect.poll(() => cell('3/3').getAttribute('aria-disabled'), { timeout: 60_000 }).toBe('false');
    // The newest checkpoints of both runs are ticked, and the two scripted players that tell most.
    const labels = await Promise.all([0, 1, 2, 3].map((at) => cell(`${at}/${at}`).getAttribute('aria-label')));
    expect(labels.join('\n')).toMatch(/one-\w+@1/);
    expect(labels.join('\n')).toContain('scripted:tit-for-tat');
    expect(played('matchups')).toHaveLength(1);
  });

  it.each(Object.keys(themes) as Theme[])('can be read in the %s theme', async (theme) => {
    await workbench().useTheme(theme);
    await cell('0/0').focus();
    await workbench().screenshot(`matchups-${theme}`);
  });

  it('opens a cell’s negotiations, and leads back to the matrix', async () => {
    await workbench().useTheme('dark');
    await cell('2/3').click();
    await inspector().locator('.turn').first().waitFor({ timeout: 30_000 });
    await inspector().locator('.place-bar', { hasText: 'scripted:' }).waitFor();
    await row(/match-ups: ipd, 4 players/).waitFor();
    await row(/^negotiation 0.*Alice: scripted:/).waitFor();
    await workbench().screenshot('matchups-cell');
    await inspector().getByRole('button', { name: 'Show the Matrix' }).click();
    await cell('0/0').waitFor();
  });

  it('shows the matrix again after a reload, and from the list', async () => {
    await expect.poll(() => workbench().keeps(`"matchups":"${played('matchups')[0]}"`), { timeout: 60_000 }).toBe(true);
    await workbench().reload();
    await cell('0/0').waitFor({ timeout: 60_000 });
    await inspector().getByRole('button', { name: 'Back to the negotiation' }).click();
    await workbench().command('Parley: Open Match-ups…', 'Open Match-ups');
    await workbench().pick('one-aa@1');
    await cell('0/0').waitFor({ timeout: 30_000 });
  });

  it('gives a person a seat, who pauses, comes back after a reload, and plays to the end', { timeout: 120_000 }, async () => {
    const line = (text: string): Locator => workbench().page.locator('.editor-instance .view-line', { hasText: text }).last();
    const choose = async (choice: string, round: number): Promise<void> => {
      await workbench().question(`Round ${round} against`);
      await workbench().pick(choice);
    };
    await workbench().command('Parley: Play Against Policy…', 'Game');
    await workbench().press('Enter');
    await workbench().question('Opponent');
    await workbench().pick('ipd aa, seed 0');
    await choose('A', 1);
    await choose('B', 2);
    await workbench().question('Round 3 against');
    await line('Your turn: A or B').waitFor();
    await workbench().screenshot('play-turn');
    await workbench().press('Escape');
    await expect.poll(() => workbench().keeps('"scheme":"parley-play"'), { timeout: 60_000 }).toBe(true);
    await workbench().reload();
    await line('Paused').waitFor({ timeout: 60_000 });
    const title = workbench().page.locator('.quick-input-title:visible', { hasText: 'Round 3 against' });
    await workbench().click(workbench().page.locator('.codelens-decoration', { hasText: 'Take Your Turn' }).first(), title);
    await choose('A', 3);
    await choose('A', 4);
    await line('You got').waitFor({ timeout: 30_000 });
    await workbench()
      .notification(/You got \d+ points/)
      .waitFor();
    await workbench().screenshot('play-end');
    await row(/play: ipd against one-aa@1/).waitFor();
    const read = workbench().page.locator('.codelens-decoration', { hasText: 'Read It Turn by Turn' }).first();
    await workbench().click(read, inspector().locator('.turn').first());
    await workbench().screenshot('play-read');
    expect(played('play')).toHaveLength(1);
    expect(workbench().ownErrors()).toEqual([]);
  });
});
