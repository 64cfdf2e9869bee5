import fs from 'node:fs';
import path from 'node:path';
import type { FrameLocator, Locator } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { repository } from '../host/server';
import { useWorkbench } from './workbench';

const fixture = path.join(repository, 'test/fixtures/adalign/tas/seed_0');

describe('A run of AdAlignLLM', () => {
  const copyIteration = (name: string, workspace: string): void =>
    fs.cpSync(path.join(fixture, name), path.join(workspace, 'outputs/tas/seed_0', name), { recursive: true });
  const workbench = useWorkbench({
    viewport: { width: 1440, height: 900 },
    prepare: (workspace) => copyIteration('iteration_000', workspace),
  });
  const row = (name: RegExp): Locator => workbench().sidebar().getByRole('treeitem', { name }).first();
  const inspector = (): FrameLocator => workbench().editor();
  const titled = (title: string): Locator =>
    workbench().page.locator('.quick-input-widget:visible', { has: workbench().page.locator('.quick-input-title', { hasText: title }) });

  /** Answers VS Code's own dialog for folders. */
  async function openFolder(folder: string): Promise<void> {
    const dialog = titled('Open Run: a folder with a run.json');
    await dialog.waitFor({ timeout: 30_000 });
    const input = dialog.locator('input').first();
    // It proposes a path once it has listed the folder, over whatever was typed before.
    await expect.poll(() => input.inputValue()).toMatch(/^\//);
    await input.fill(folder);
    // While it looks at what was typed, it takes no Enter.
    for (let attempt = 0; attempt < 10 && (await dialog.isVisible()); attempt++) {
      await input.press('Enter', { timeout: 2000 }).catch(() => {});
      await dialog.waitFor({ state: 'hidden', timeout: 5000 }).catch(() => {});
    }
  }

  /** Chooses a row until it is the one chosen: rows that come meanwhile move it away from under a click. */
  async function choose(name: RegExp): Promise<void> {
    await expect
      .poll(async () => {
        await row(name)
          .click({ timeout: 5000 })
          .catch(() => {});
        return row(name).getAttribute('aria-selected');
      })
      .toBe('true');
  }

  /** Opens a row of the tree until what lies under it is there. */
  async function unfold(name: RegExp, inside: RegExp): Promise<void> {
    await expect
      .poll(async () => {
        if ((await row(name).getAttribute('aria-expanded')) !== 'true') {
          await row(name)
            .locator('.twistie')
            .click({ timeout: 5000 })
            .catch(() => {});
        }
        return row(inside)
          .waitFor({ timeout: 5000 })
          .then(
            () => true,
            () => false,
          );
      })
      .toBe(true);
  }

  /** The numbers of a token's card, by name. */
  async function numbersOf(token: Locator): Promise<(name: string) => number> {
    const card = inspector().getByRole('tooltip');
    await expect
      .poll(async () => {
        await workbench().page.mouse.move(0, 0);
        await token.hover();
        return card.waitFor({ timeout: 3000 }).then(
          () => true,
          () => false,
        );
      })
      .toBe(true);
    // A token of a model may be as long as a message.
    expect(await card.evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth)).toBeLessThanOrEqual(0);
    const text = (await card.innerText()).replaceAll(/\s+/g, ' ');
    return (name) => Number(new RegExp(`${name} ([+−]?[\\d.]+)`).exec(text)?.[1]?.replace('−', '-'));
  }

  it('is opened by its folder, once it is said what it was trained with', { timeout: 150_000 }, async () => {
    await workbench().command('Parley: Open Run…', 'Open Run: a folder with a run.json');
    await openFolder(path.join(workbench().workspace, 'outputs/tas'));
    await workbench().question('Open Run: AdAlignLLM');
    await workbench().screenshot('import-settings');
    await workbench().press('Enter');
    await titled('Open Run: AdAlignLLM').waitFor({ state: 'hidden' });
    await row(/^iteration 1\b/).waitFor({ timeout: 30_000 });
    expect(await row(/^iteration 2\b/).count()).toBe(0);
  });

  it('is read down to its tokens, with the credits that were recomputed', { timeout: 120_000 }, async () => {
    await unfold(/^iteration 1\b/, /^group 0\b/);
    await unfold(/^group 0\b/, /^negotiation 1\b/);
    await choose(/^negotiation 1\b/);
    const token = inspector().locator('.turn[data-turn="5"] .token').first();
    await token.waitFor({ timeout: 30_000 });
    const number = await numbersOf(token);
    expect(number('log π sampling')).toBeLessThan(0);
    expect(number('alignment term')).not.toBe(0);
    expect(number('own advantage') + number('alignment term')).toBeCloseTo(number('credit'), 2);
    await workbench().screenshot('import-token');
  });

  it('shows what it gains while it is open', async () => {
    copyIteration('iteration_001', workbench().workspace);
    await row(/^iteration 2\b/).waitFor({ timeout: 30_000 });
    await workbench().screenshot('import-grown');
  });

  it('reported no error of its own', () => {
    expect(workbench().ownErrors()).toEqual([]);
  });
});
