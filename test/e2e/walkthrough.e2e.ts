import path from 'node:path';
import type { Locator } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { writeSampleRun } from '../runs/sampleRun';
import { type Theme, themes, useWorkbench } from './workbench';

describe('The walkthrough', () => {
  const workbench = useWorkbench({
    viewport: { width: 1440, height: 900 },
    prepare: (folder) => void writeSampleRun(path.join(folder, '.parley/runs/sample'), 2),
  });
  const step = (title: string): Locator => workbench().page.locator('.getting-started-step', { hasText: title });
  const isDone = (title: string): Promise<boolean> => step(title).locator('.codicon.complete').first().isVisible();

  it('has four steps, each with what to do and a page beside it', async () => {
    await workbench().command('Welcome: Open Walkthrough...');
    await workbench().pick('Watch agents learn to cooperate, or to stop');
    for (const [title, page] of [
      ['Start a paired run', 'One policy, two ways to train it'],
      ['Inspect a negotiation', 'Why did this token become more likely?'],
      ['Compare RL with AA', 'The same deal, two policies'],
      ['Annotate what was said', 'Words beside the words'],
    ] as const) {
      await step(title).click();
      await step(title).locator('.expanded, .step-description-container:visible').first().waitFor();
      const media = workbench().page.frameLocator('iframe.webview.ready').frameLocator('iframe#active-frame').getByText(page);
      await media.waitFor({ timeout: 30_000 });
    }
    expect(await workbench().page.locator('.getting-started-step').count()).toBe(4);
  });

  it.each(Object.keys(themes) as Theme[])('reads well in the %s theme', async (theme) => {
    await workbench().useTheme(theme);
    await step('Start a paired run').click();
    await workbench().screenshot(`walkthrough-${theme}`);
  });

  it('does what its buttons say, and ticks the step off', { timeout: 120_000 }, async () => {
    await workbench().useTheme('dark');
    await step('Inspect a negotiation').click();
    expect(await isDone('Inspect a negotiation')).toBe(false);
    await step('Inspect a negotiation').getByRole('button', { name: 'Open Inspector' }).click();
    await workbench()
      .page.getByRole('tab', { name: /^Inspector/ })
      .first()
      .waitFor();
    await workbench()
      .page.getByRole('tab', { name: /^Welcome/ })
      .first()
      .click();
    await expect.poll(() => isDone('Inspect a negotiation')).toBe(true);
    await step('Annotate what was said').click();
    await step('Annotate what was said').getByRole('button', { name: 'Open Transcript' }).click();
    await workbench().page.locator('.editor-instance .view-line', { hasText: 'Round 1' }).first().waitFor();
    expect(workbench().ownErrors()).toEqual([]);
  });
});
