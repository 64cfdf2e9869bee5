import path from 'node:path';
import type { FrameLocator, Locator } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { writeSampleRun } from '../runs/sampleRun';
import { useWorkbench } from './workbench';

describe('The inspector on runs of several seeds', () => {
  const workbench = useWorkbench({
    viewport: { width: 1600, height: 900 },
    prepare: (workspace) => {
      for (const algorithm of ['aa', 'rl'] as const) {
        for (const seed of [0, 1, 2]) {
          const id = `${algorithm}-${seed}`;
          writeSampleRun(
            path.join(workspace, '.parley/runs', id),
            4,
            { algorithm, seed, iterations: 4 },
            { id, name: `${algorithm}, seed ${seed}` },
          );
        }
      }
    },
  });
  const tree = (): FrameLocator => workbench().sidebar();
  const inspector = (): FrameLocator => workbench().editor();
  const row = (text: string | RegExp): Locator => tree().locator('.row', { hasText: text }).first();

  it('sorts the negotiations of all runs, and opens one of them', async () => {
    await workbench().viewContainer('Parley').click();
    await row('aa, seed 0').waitFor({ timeout: 60_000 });
    await tree().locator('.sort vscode-dropdown').click();
    await tree().locator('.sort vscode-option', { hasText: 'reward.bob' }).click();
    await row(/iteration \d.*group \d · #\d/).waitFor();
    const badges = async (): Promise<number[]> => (await tree().locator('.row .badge').allTextContents()).map(Number);
    await expect.poll(badges).toContain(5);
    const falling = await badges();
    expect(falling).toEqual([...falling].sort((a, b) => b - a));
    await tree().locator('.row').first().click();
    await inspector().locator('.transcript .token').first().waitFor({ timeout: 60_000 });
    await tree().locator('.sort vscode-dropdown').click();
    await tree().locator('.sort vscode-option', { hasText: 'as played' }).click();
    await row('rl, seed 2').waitFor();
  });

  it('puts another run beside from the tree, and an iteration from the inspector, in lockstep', async () => {
    await inspector()
      .locator('.place-bar')
      .getByText(/^iteration/)
      .waitFor();
    await workbench().contextMenu(row('rl, seed 1'), 'Add to Comparison');
    await inspector().locator('.compare-head').nth(1).waitFor({ timeout: 30_000 });
    expect(await inspector().getByRole('combobox', { name: 'Run of column 2' }).inputValue()).toBe('rl-1');
    await inspector()
      .locator('.transcript')
      .click({ position: { x: 4, y: 4 } });
    await workbench().press('a');
    await inspector().getByRole('combobox', { name: 'Add a column' }).selectOption({ label: 'rl, seed 2' });
    await expect.poll(() => inspector().locator('.compare .board').count()).toBe(3);
    await inspector().locator('.step .token').first().click();
    await workbench().press('j');
    await expect.poll(() => inspector().locator('.step-cell .turn.current').count()).toBe(3);
    await workbench().screenshot('inspector-compare');
  });

  it('draws the seeds as means with bands, and sums an iteration up', async () => {
    await inspector().getByRole('button', { name: 'AA · 3 seeds' }).waitFor();
    await expect.poll(() => inspector().locator('.chart').first().locator('path[fill-opacity]').count()).toBe(2);
    await row('aa, seed 0').locator('.twistie').click();
    await row(/^iteration 3/).click();
    await inspector().getByText('4 negotiations in 2 seed groups').waitFor({ timeout: 30_000 });
    expect(await inspector().getByRole('table', { name: 'Training' }).getByRole('row').count()).toBeGreaterThan(4);
    await inspector().getByRole('slider', { name: 'Advantages in the iteration, by size' }).waitFor();
    await workbench().screenshot('inspector-iteration');
  });
});
