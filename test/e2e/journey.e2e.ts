import fs from 'node:fs';
import path from 'node:path';
import type { FrameLocator, Locator } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { runFile } from '../../src/protocol/runFiles';
import { readJournal } from '../../src/runs/journal';
import { type Theme, themes, useWorkbench } from './workbench';

describe('From the palette to a token', () => {
  const workbench = useWorkbench({ viewport: { width: 1440, height: 900 } });
  const tree = (): FrameLocator => workbench().sidebar();
  const inspector = (): FrameLocator => workbench().editor();
  const row = (name: RegExp): Locator => tree().getByRole('treeitem', { name }).first();
  const runs = (): string[] => {
    const folder = path.join(workbench().workspace, '.parley/runs');
    return fs.existsSync(folder) ? fs.readdirSync(folder).map((name) => path.join(folder, name)) : [];
  };

  it('starts a paired run with one Enter a question, and the tree fills', async () => {
    await workbench().command('Parley: Start Paired Run', 'Game');
    for (const title of ['Game', 'Policy', 'Preset']) {
      await workbench().question(title);
      await workbench().press('Enter');
    }
    await row(/^negotiation 0/).waitFor({ timeout: 60_000 });
    await row(/^iteration 3\b/).waitFor({ timeout: 120_000 });
    expect(runs()).toHaveLength(2);
    await workbench().screenshot('journey-live');
  });

  it('says in the status bar where training stands', async () => {
    const item = workbench().page.locator('.statusbar-item', { hasText: /(?=.*aa \d+\/200)(?=.*rl \d+\/200).*tokens\/s/ });
    await item.waitFor({ timeout: 60_000 });
  });

  it('shows a chosen negotiation, and the numbers of the token under the pointer', async () => {
    // Up to the first iteration, which the start opened: the tree stops following a reader who scrolls.
    await tree().getByRole('tree').hover();
    await workbench().page.mouse.wheel(0, -100_000);
    await row(/^negotiation 2\b/).click();
    const token = inspector().locator('.turn[data-turn="4"] .token').first();
    await token.waitFor({ timeout: 30_000 });
    await token.hover();
    const card = inspector().getByRole('tooltip');
    await card.waitFor();
    const text = (await card.innerText()).replaceAll(/\s+/g, ' ');
    for (const name of ['log π sampling', 'own advantage', 'alignment term', 'credit', 'push']) {
      expect(text, name).toMatch(new RegExp(`${name} [+−]?\\d`));
    }
    const number = (name: string): number => Number(new RegExp(`${name} ([+−]?[\\d.]+)`).exec(text)?.[1]?.replace('−', '-'));
    expect(number('own advantage') + number('alignment term')).toBeCloseTo(number('credit'), 2);
    await workbench().screenshot('journey-token');
  });

  it('steps by keyboard alone', async () => {
    await inspector().locator('.turn[data-turn="4"] .token').first().click();
    const current = inspector().locator('.turn.current');
    await workbench().press('j');
    await expect.poll(() => current.getAttribute('data-turn')).toBe('5');
    await workbench().press('n');
    await expect.poll(() => current.getAttribute('data-turn')).toBe('6');
    await workbench().press('ArrowRight');
    await expect.poll(() => inspector().locator('.turn.current .token[aria-selected="true"]').getAttribute('data-token')).toBe('1');
    await workbench().press('?');
    await inspector().getByRole('dialog').waitFor();
    await workbench().screenshot('journey-keys');
    await workbench().press('Escape');
    await inspector().getByRole('dialog').waitFor({ state: 'hidden' });
  });

  it('stops, and leaves run folders that are whole', async () => {
    await workbench().command('Parley: Stop Run', 'Stop Run');
    await workbench().pick('Both runs');
    await expect
      .poll(() => runs().map((folder) => fs.existsSync(path.join(folder, 'lock.json'))), { timeout: 60_000 })
      .toEqual([false, false]);
    for (const folder of runs()) {
      const run = runFile.parse(JSON.parse(fs.readFileSync(path.join(folder, 'run.json'), 'utf8')));
      expect(run.config.game).toBe('ipd');
      const { lines, torn, problems } = await readJournal(folder);
      expect({ torn, problems }).toEqual({ torn: 0, problems: [] });
      expect(lines.length).toBeGreaterThan(3);
      for (const line of lines) {
        const rollouts = line.type === 'iteration' ? line.rollouts : undefined;
        if (rollouts) expect(fs.statSync(path.join(folder, rollouts.file)).size).toBe(rollouts.bytes);
      }
    }
  });

  it('writes a prompt out as it was sent', async () => {
    await inspector().locator('.turn[data-turn="6"] .token').first().click();
    await workbench().press('r');
    await inspector().getByRole('button', { name: 'as it was sent' }).click();
    const sent = inspector().locator('pre.sent');
    await sent.waitFor({ timeout: 60_000 });
    // Before Alice's fourth turn stand her first three replies, each with the token that ended it.
    expect((await sent.textContent())?.match(/<end>/g)).toHaveLength(3);
    await workbench().screenshot('journey-prompt');
    await workbench().press('r');
    await sent.waitFor({ state: 'detached' });
  });

  it.each(Object.keys(themes) as Theme[])('is at home in the %s theme', async (theme) => {
    await workbench().useTheme(theme);
    await inspector().locator('.turn .token').first().waitFor();
    await workbench().screenshot(`journey-${theme}`);
  });

  it('shows the runs again when the window is opened again', async () => {
    await workbench().reload();
    await row(/aa, seed 0/).waitFor({ timeout: 30_000 });
    await row(/rl, seed 0/).waitFor({ timeout: 30_000 });
    await workbench().screenshot('journey-reopened');
  });

  it('reported no error of its own', () => {
    expect(workbench().ownErrors()).toEqual([]);
  });
});
