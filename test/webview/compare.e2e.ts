import { describe, expect, it } from 'vitest';
import { asked, NEGOTIATION, usePages } from './usePages';

const withPage = usePages();

describe('comparison', () => {
  it('compares the paired run in lockstep and finds the next difference', async () => {
    await withPage(
      { view: 'inspector', width: 1480, scenario: { runs: 'pair', select: NEGOTIATION, state: { comparing: true } } },
      async (page) => {
        await page.locator('.step').first().waitFor();
        await page.getByText(/Parts in round \d+, at (Alice|Bob)’s action: \d+ of 20 actions differ/).waitFor();
        expect(await page.locator('.step').count()).toBe(20);
        expect(await page.locator('.difference.parts').count()).toBe(1);
        await page.keyboard.press('d');
        await page.locator('.step:has(.turn.current) .step-cell.action').waitFor();
        await page.keyboard.press('b');
        await page.locator('.compare').waitFor({ state: 'detached' });
      },
    );
  });

  it('compares up to four columns: added, changed and taken away, stepped together, each with its board', async () => {
    await withPage({ view: 'inspector', width: 1600, scenario: { runs: 'pair', select: NEGOTIATION } }, async (page) => {
      const heads = () => page.locator('.compare-head').count();
      const add = (name: string) => page.getByRole('combobox', { name: 'Add a column' }).selectOption(name);
      // What the walkthrough waits for.
      await page
        .getByText(/^Round 1\b/)
        .first()
        .waitFor();
      expect(await page.evaluate(() => window.host.compared)).toBe(0);
      await page.keyboard.press('a');
      await page.locator('.compare').waitFor();
      await page.waitForFunction(() => window.host.compared === 1);
      expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Add a column');
      expect(await heads()).toBe(2);
      await add('iteration 18 of ipd-aa');
      await add('negotiation 17 of the same seed group');
      await page.getByRole('combobox', { name: 'Iteration of column 3' }).waitFor();
      await page.waitForFunction(() => document.querySelectorAll('.compare .board').length === 4);
      // As many as there is room for.
      expect(await page.locator('.add-column').count()).toBe(0);
      expect(await asked(page, 'negotiation')).toEqual(
        expect.arrayContaining([
          { run: 'ipd-rl', iteration: 120, negotiation: 19 },
          { run: 'ipd-aa', iteration: 18, negotiation: 19 },
          { run: 'ipd-aa', iteration: 120, negotiation: 17 },
        ]),
      );
      await page.keyboard.press('j');
      await page.waitForFunction(() => document.querySelectorAll('.step-cell .turn.current').length === 4);
      await page.locator('.step-cell').nth(2).locator('.token').first().hover();
      expect(await page.locator('#token-card').textContent()).toContain('log π sampling');
      await page.keyboard.press('l');
      await page.getByText('negotiation 20', { exact: true }).first().waitFor();
      expect(await asked(page, 'negotiation')).toEqual(expect.arrayContaining([{ run: 'ipd-rl', iteration: 120, negotiation: 20 }]));
      await page.getByRole('button', { name: 'Remove column 2' }).click();
      await page.waitForFunction(() => document.querySelectorAll('.compare-head').length === 3);
      expect(await page.evaluate(() => window.acquireVsCodeApi().getState())).toMatchObject({
        comparing: true,
        columns: [
          { run: 'ipd-aa', iteration: 18 },
          { run: 'ipd-aa', negotiation: 17 },
        ],
      });
      await page.evaluate(() => window.host.addColumn({ run: 'ipd-rl', iteration: 5 }));
      await page.waitForFunction(() => document.querySelectorAll('.compare-head').length === 4);
    });
  });
});
