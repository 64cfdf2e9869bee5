import path from 'node:path';
import type { Locator } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { writeSampleRun } from '../runs/sampleRun';
import { type Theme, themes, useWorkbench } from './workbench';

describe('The walkthrough', () => {
  const workbench = useWorkbench({
    viewport: { width: 1440, height: 900 },
    prepare: (folder) => {
      const runs = path.join(folder, '.parley/runs');
      writeSampleRun(path.join(runs, 'rl'), 2, { algorithm: 'rl' }, { id: 'sample-rl', pairedWith: 'sample-aa' });
      writeSampleRun(path.join(runs, 'aa'), 2, { algorithm: 'aa' }, { id: 'sample-aa', pairedWith: 'sample-rl' });
    },
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
    // Every step was read by now, and reading is not comparing.
    expect(await isDone('Compare RL with AA')).toBe(false);
    await step('Annotate what was said').click();
    await step('Annotate what was said').getByRole('button', { name: 'Open Transcript' }).click();
    await workbench().page.locator('.editor-instance .view-line', { hasText: 'Round 1' }).first().waitFor();
    await workbench().command('Parley: Reveal in Inspector');
    const inspector = workbench().editor();
    await inspector.locator('.turn').first().waitFor();
    await inspector.getByRole('checkbox', { name: 'Compare' }).click();
    await inspector.locator('.compare').waitFor();
    await workbench()
      .page.getByRole('tab', { name: /^Welcome/ })
      .first()
      .click();
    await expect.poll(() => isDone('Compare RL with AA')).toBe(true);
    expect(workbench().ownErrors()).toEqual([]);
  });
});
