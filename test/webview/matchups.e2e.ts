import { describe, expect, it } from 'vitest';
import { NEGOTIATION, usePages } from './usePages';

const withPage = usePages();

describe('match-ups', () => {
  it('are read by arrow keys and opened by Enter, and give the negotiation back on Escape', async () => {
    await withPage({ view: 'inspector', scenario: { runs: 'pair', select: NEGOTIATION, matchups: 1 } }, async (page) => {
      const read = () => page.locator('.chart-readout').textContent();
      await page.locator('[data-cell="0/0"]').focus();
      for (const key of ['ArrowDown', 'ArrowRight', 'ArrowRight', 'End', 'ArrowLeft']) await page.keyboard.press(key);
      expect(await read()).toContain('ipd-rl@200 against scripted:tit-for-tat: 1.44 points a round (1.38 to 1.50)');
      await page.keyboard.press('Enter');
      await page.locator('[data-cell="6/6"]').click({ force: true });
      expect(await page.evaluate(() => window.host.opened)).toEqual([{ id: 'night', row: 1, col: 5 }]);
      expect(await page.evaluate(() => window.acquireVsCodeApi().getState())).toMatchObject({ matchups: 'night' });
      await page.keyboard.press('Escape');
      await page.locator('.transcript .turn').first().waitFor();
      expect(await page.evaluate(() => window.acquireVsCodeApi().getState())).toMatchObject({ matchups: null });
    });
  });

  it('show another number, fill up while they are played, and leave as CSV', async () => {
    await withPage({ view: 'inspector', scenario: { runs: 'pair', select: NEGOTIATION, matchups: 20 } }, async (page) => {
      await page.getByText('29 of 49 cells so far').waitFor();
      await page.locator('.matchups vscode-dropdown').click();
      await page.getByRole('option', { name: 'Cooperation' }).click();
      await page.locator('.matchup-grid svg').getByText('97 %', { exact: true }).first().waitFor();
      const download = page.waitForEvent('download');
      await page.getByRole('button', { name: /as CSV/ }).click();
      expect((await download).suggestedFilename()).toBe('match-ups-cooperation.csv');
    });
  });
});
