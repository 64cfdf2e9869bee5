import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { asked, NEGOTIATION, TALK, usePages } from './usePages';

const withPage = usePages();

describe('what has no number', () => {
  it('is said in the legend, with whose turns they are', async () => {
    await withPage({ view: 'inspector', scenario: { runs: 'opponent', select: NEGOTIATION } }, async (page) => {
      await page.locator('.legend-lacks', { hasText: 'Bob not trained: no push' }).waitFor();
      expect(await page.locator('.legend-scale').count()).toBe(1);
      await page.keyboard.press('c');
      await page.locator('.legend-lacks').waitFor({ state: 'detached' });
    });
  });

  it('is left out of the charts, or named there where it was asked for', async () => {
    const select = { run: 'ipd-aa' };
    await withPage({ view: 'inspector', scenario: { runs: 'imported', select } }, async (page) => {
      await page.locator('.chart svg').nth(3).waitFor();
      expect(await page.getByText('not recorded').count()).toBe(0);
    });
    const state = { measures: ['entropy'], advantageChart: 'credits' };
    await withPage({ view: 'inspector', scenario: { runs: 'imported', select, state } }, async (page) => {
      await page.getByText('Entropy: not recorded in this run.').waitFor();
      await page.getByText('Credits: not recorded in this run.').waitFor();
    });
  });
});

describe('charts', () => {
  const IN_SET = { run: 'aa-1', iteration: 62, group: 2, negotiation: 19 } as const;

  it('draw the mean of seeds with its band, say both, and leave a group out on request', async () => {
    await withPage({ view: 'inspector', width: 1480, scenario: { runs: 'seeds', select: IN_SET } }, async (page) => {
      const chart = page.locator('.chart').first();
      const bands = () => chart.locator('path[fill-opacity]').count();
      await chart.locator('svg').waitFor();
      expect(await bands()).toBe(2);
      await chart.getByRole('slider').focus();
      for (const key of ['Home', 'PageUp', 'PageUp']) await page.keyboard.press(key);
      expect(await chart.locator('.chart-readout').textContent()).toMatch(
        /^iteration 21 · AA \d\.\d\d \(\d\.\d\d to \d\.\d\d\) · s1 \d\.\d\d · RL \d\.\d\d \(/,
      );
      await page.getByRole('button', { name: 'RL · 5 seeds' }).click();
      expect(await bands()).toBe(1);
      expect(await page.getByRole('button', { name: 'RL · 5 seeds' }).getAttribute('aria-pressed')).toBe('false');
      const download = page.waitForEvent('download');
      await chart.hover();
      await chart.getByRole('button', { name: /as CSV/ }).click();
      const table = fs.readFileSync(await (await download).path(), 'utf8');
      expect(table.split('\r\n')[0]).toBe('iteration,AA · 5 seeds mean,AA · 5 seeds low,AA · 5 seeds high,aa-0,aa-1,aa-2,aa-3,aa-4');
      expect(table.trimEnd().split('\r\n')).toHaveLength(201);
    });
  });

  it('profile the policies of a split game by value and last proposal, against known strategies', async () => {
    await withPage({ view: 'inspector', width: 1480, scenario: { runs: 'split', select: TALK } }, async (page) => {
      const profile = page.getByRole('slider', {
        name: /^Kept of 10 \| value, last proposal\. AA: where one values less, in the first round \d/,
      });
      await profile.waitFor();
      expect(await profile.getAttribute('aria-label')).toContain('where one values more, after the other asked 9–10 of 10 unknown');
      expect(await profile.locator('rect:not(pattern rect)').count()).toBe(18);
      await profile.focus();
      for (const key of ['Home', 'ArrowRight', 'ArrowRight', 'ArrowRight']) await page.keyboard.press(key);
      expect(await page.locator('.chart', { has: profile }).locator('.chart-readout').textContent()).toMatch(
        /^RL \d\.\d where one values less, after the other asked 0–2 of 10$/,
      );
      const download = page.waitForEvent('download');
      await page.locator('.chart', { has: profile }).hover();
      await page
        .locator('.chart', { has: profile })
        .getByRole('button', { name: /as CSV/ })
        .click();
      const rows = fs
        .readFileSync(await (await download).path(), 'utf8')
        .trimEnd()
        .split('\r\n');
      expect(rows.map((row) => row.split(',')[0])).toEqual(['policy', 'trust-aa', 'trust-rl', 'by value', 'asks all']);
      await profile.focus();
      await page.keyboard.press('End');
      await page.keyboard.press('Enter');
      expect((await asked(page, 'select')).at(-1)).toMatchObject({ place: { run: 'trust-rl', iteration: 214, negotiation: 27 } });
    });
  });

  it('show another measure, and keep that', async () => {
    await withPage({ view: 'inspector', scenario: { runs: 'pair', select: NEGOTIATION } }, async (page) => {
      await page.getByRole('combobox', { name: 'Measure of chart 2' }).selectOption('KL to the base model');
      await page.getByRole('slider', { name: 'KL to the base model, by iteration' }).waitFor();
      expect(await page.evaluate(() => window.acquireVsCodeApi().getState())).toMatchObject({ measures: [null, 'kl'] });
    });
  });

  it('open a negotiation of a bar of the advantages, and the next one when asked again', async () => {
    const state = { advantageChart: 'advantages' };
    await withPage({ view: 'inspector', scenario: { runs: 'pair', select: NEGOTIATION, state } }, async (page) => {
      const chart = page.getByRole('slider', { name: 'Advantages in the iteration, by size' });
      await chart.focus();
      expect(await asked(page, 'iteration')).toEqual([{ run: 'ipd-aa', iteration: 120 }]);
      // The last row is the credit; its middle bar begins at zero.
      await page.keyboard.press('ArrowRight');
      const said = await page.locator('.chart').last().locator('.chart-readout').textContent();
      expect(said).toMatch(/^credit 0\.00 to \+0\.\d+: \d+ of 1280 rounds, in \d+ negotiations · Enter opens one$/);
      const openNext = async () => {
        const before = (await asked(page, 'select')).length;
        await page.keyboard.press('Enter');
        await expect.poll(async () => (await asked(page, 'select')).length).toBe(before + 1);
        return (await asked(page, 'select')).at(-1) as { place: { iteration: number; negotiation: number; round: number } };
      };
      const first = await openNext();
      expect(first).toMatchObject({ place: { run: 'ipd-aa', iteration: 120 } });
      await chart.focus();
      expect(await openNext()).not.toEqual(first);
    });
  });

  it('sum an iteration up where it is chosen as a whole', async () => {
    await withPage(
      { view: 'inspector', width: 1400, scenario: { runs: 'pair', select: { run: 'ipd-aa', iteration: 120 } } },
      async (page) => {
        await page.getByText('64 negotiations in 8 seed groups · 16 against snapshot:40 · 3 turns did not parse · checkpoint').waitFor();
        const numbers = page.getByRole('table', { name: 'Measures' });
        expect(await numbers.getByRole('row', { name: /^Cooperation rate 0\.\d\d [+−]?\d\.\d\d$/ }).count()).toBe(1);
        expect(await page.getByRole('table', { name: 'Training' }).getByRole('row').count()).toBe(9);
        expect(await page.locator('.chart').count()).toBe(6);
        await page.getByText('Read its first negotiation').click();
        await page.locator('.transcript .turn').first().waitFor();
        expect((await asked(page, 'select')).at(-1)).toMatchObject({ place: { iteration: 120, negotiation: 0 } });
      },
    );
  });
});
