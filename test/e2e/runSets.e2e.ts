import fs from 'node:fs';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import type { JournalLine } from '../../src/protocol/runFiles';
import { folderOf, planAmong, writeRunSet } from '../../src/runs/runSet';
import { appendLine, sampleConfig, sampleLine, writeSampleRun } from '../runs/sampleRun';
import { type Theme, themes, useWorkbench } from './workbench';

/** A set that somebody else began: three runs of six, two of them finished. */
async function prepare(workspace: string): Promise<void> {
  const configs = [0, 1, 2].flatMap((seed) => (['rl', 'aa'] as const).map((algorithm) => sampleConfig({ algorithm, seed, iterations: 8 })));
  const set = planAmong(path.join(workspace, '.parley/runs'), configs, 1, new Date(2026, 10, 20));
  await writeRunSet(set);
  for (const [i, run] of set.file.runs.slice(0, 3).entries()) {
    const folder = folderOf(set, run);
    writeSampleRun(folder, 0, run.config, { id: run.folder, name: run.name, set: { id: set.file.id, name: set.file.name } });
    for (let iteration = 1; iteration <= 8 - 2 * Math.floor(i / 2); iteration++)
      appendLine(folder, line(run.config.algorithm, i, iteration));
    if (i < 2) appendLine(folder, { type: 'finished', iteration: 8, time: '', measures: measures(run.config.algorithm, i, 8) });
  }
}

function measures(algorithm: string, i: number, iteration: number): Extract<JournalLine, { type: 'finished' }>['measures'] {
  const reward = 2.5 + ((algorithm === 'aa' ? 0.4 : -1.2) * iteration) / 8 + i / 20;
  return {
    meanReward: [reward, reward],
    jointReward: 2 * reward,
    efficiency: reward / 3,
    cooperationRate: reward / 3,
    validMass: 1,
    entropy: 0.5,
    kl: 0,
  };
}

function line(algorithm: string, i: number, iteration: number): JournalLine {
  return {
    ...sampleLine(sampleConfig({ algorithm: 'aa' }), iteration, { rows: 16, bytes: 1 }),
    measures: measures(algorithm, i, iteration),
  };
}

describe('A run set', () => {
  const workbench = useWorkbench({ viewport: { width: 1280, height: 800 }, settings: { 'parley.runsAtOnce': 1 }, prepare });
  const row = (name: RegExp): Locator => workbench().sidebar().getByRole('treeitem', { name }).first();
  const OLD = /ipd rl \+ aa, seeds 0–2/;
  const NEW = /ipd aa, seeds 0–2/;

  it('is one row in the tree, with how far it has come and its means', async () => {
    await workbench().viewContainer('Parley').click();
    const text = async (): Promise<string> => (await row(OLD).innerText()).replaceAll(/\s+/g, ' ');
    await expect.poll(text, { timeout: 30_000 }).toMatch(/2\/6 runs.* 1\.\d+ \/ 2\.\d+$/);
    await row(OLD).click();
    await row(/^rl 1\/3 runs/).click();
    await row(/ipd rl, seed 2.*not begun/).waitFor();
    await row(/^rl 1\/3 runs.*± /).waitFor();
  });

  it.each(Object.keys(themes) as Theme[])('can be read in the %s theme', async (theme) => {
    await workbench().useTheme(theme);
    await workbench().screenshot(`run-set-${theme}`);
  });

  it('is started with one Enter a question but for what differs', async () => {
    await workbench().command('Parley: Start Run Set…', 'Game');
    for (const title of ['Game', 'Policy', 'Preset']) {
      await workbench().question(title);
      await workbench().press('Enter');
    }
    await workbench().question('Algorithms');
    await workbench().screenshot('run-set-algorithms');
    await workbench().pick('Advantage Alignment alone');
    await workbench().question('Seeds');
    await workbench().pick('3 seeds');
    await row(/ipd aa, seed 2.*waits for its turn/).waitFor({ timeout: 60_000 });
    await row(/ipd aa, seed 0.*[1-9]\d* of 200/).waitFor({ timeout: 120_000 });
    const item = workbench().page.locator('.statusbar-item', { hasText: /set 0\/3 · aa \d+\/200/ });
    await item.waitFor({ timeout: 60_000 });
    await workbench().screenshot('run-set-live');
  }, 180_000);

  it('is offered to go on after the window was closed, and what waited waits again', async () => {
    await workbench().reload();
    const offer = workbench().notification(/ipd aa, seeds 0–2 was cut off before the end/);
    await offer.waitFor({ timeout: 60_000 });
    await workbench().viewContainer('Parley').waitFor();
    await row(NEW).waitFor({ timeout: 30_000 });
    await row(/ipd aa, seed 2.*not begun/).waitFor();
    await offer.getByRole('button', { name: 'Resume' }).click();
    await row(/ipd aa, seed 2.*waits for its turn/).waitFor({ timeout: 60_000 });
  }, 180_000);

  it('stops as one, and its row offers to go on', async () => {
    await workbench().command('Parley: Stop Run Set');
    await row(/ipd aa, seed 2.*not begun/).waitFor({ timeout: 60_000 });
    const root = path.join(workbench().workspace, '.parley/runs');
    await expect
      .poll(() => fs.readdirSync(root).filter((name) => fs.existsSync(path.join(root, name, 'lock.json'))), { timeout: 60_000 })
      .toEqual([]);
    await expect.poll(() => row(NEW).locator('.status').getAttribute('aria-label'), { timeout: 30_000 }).toBe('stopped');
    await row(NEW).click({ button: 'right' });
    await workbench().page.getByRole('menuitem', { name: 'Resume Run Set' }).waitFor();
    await workbench().screenshot('run-set-menu');
    expect(await workbench().page.getByRole('menuitem', { name: 'Stop Run Set' }).count()).toBe(0);
    await workbench().press('Escape');
  }, 180_000);

  it('reported no error of its own', () => {
    expect(workbench().ownErrors()).toEqual([]);
  });
});
