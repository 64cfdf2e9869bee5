import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DistributionsView } from '../../src/protocol/webview';
import { launchBrowser } from '../host/browser';
import { seriousViolations } from './axe';
import { type Bundles, buildPages, openPage, type PageSettings } from './browser';

const NEGOTIATION = { run: 'ipd-aa', iteration: 120, group: 2, negotiation: 19 } as const;
const AT_TURN = { ...NEGOTIATION, round: 3, turn: 7 } as const;
const scenario = { runs: 'pair', branches: { turn: 7, count: 3 }, select: AT_TURN } as const;

describe('branches, and what they would say', () => {
  let browser: Browser;
  let bundles: Bundles;
  beforeAll(async () => {
    [browser, bundles] = await Promise.all([launchBrowser(), buildPages()]);
  });
  afterAll(() => browser?.close());

  async function withPage(settings: Partial<PageSettings>, use: (page: Page) => Promise<void>): Promise<void> {
    const whole = { view: 'inspector', theme: 'dark', width: 1400, height: 1000, scenario, ...settings } as const;
    const { page, problems } = await openPage(browser, bundles, whole);
    try {
      await page.locator('.transcript .turn').first().waitFor();
      await use(page);
      expect(problems).toEqual([]);
    } finally {
      await page.close();
    }
  }
  const asked = (page: Page, name: string): Promise<unknown[]> =>
    page.evaluate((wanted) => window.host.asked.filter((one) => one.name === wanted).map(({ params }) => params), name);
  const says = (page: Page) => page.getByRole('region', { name: 'What would they say?' });

  it('marks where branches leave, shows one, and goes back to the original', async () => {
    await withPage({}, async (page) => {
      const mark = page.getByRole('button', { name: '3 branches' });
      expect(await page.locator('.turn[data-turn="7"]').getByRole('button', { name: '3 branches' }).count()).toBe(1);
      await mark.click();
      await page.getByText('branch 1 begins · Bob: ipd-rl@200').waitFor();
      expect(await asked(page, 'negotiation')).toContainEqual({ ...NEGOTIATION, branch: 1 });
      expect(await page.locator('.turn.branched').count()).toBe(13);
      expect(await page.locator('.turn.branched').first().getAttribute('data-turn')).toBe('7');
      await page.getByText('Nothing was trained by this negotiation').waitFor();
      // Steps stay in the branch.
      await page.keyboard.press('n');
      await page.waitForFunction(() => document.querySelector('.turn.current')?.getAttribute('data-turn') === '8');
      expect(await asked(page, 'select')).toContainEqual({
        place: { ...NEGOTIATION, round: 4, turn: 8, token: 0, branch: 1 },
        open: false,
      });
      await page.getByRole('combobox', { name: 'Original or branch' }).click();
      await page.getByRole('option', { name: /^branch 2 · turn 8 · Bob: scripted:always-defect/ }).click();
      await page.getByText('branch 2 begins').waitFor();
      await page.getByRole('button', { name: 'original beside' }).click();
      await page.locator('.compare .step').first().waitFor();
      expect((await asked(page, 'negotiation')).at(-1)).toEqual({ run: 'ipd-aa', iteration: 120, negotiation: 19 });
      await page.getByText(/Parts in round \d+, at Bob’s action/).waitFor();
      await page.getByRole('button', { name: 'delete', exact: true }).click();
      expect((await asked(page, 'command')).at(-1)).toMatchObject({ name: 'deleteBranch', place: { branch: 2 } });
    });
  });

  it('offers to fork at the turn under the cursor, in a branch too', async () => {
    await withPage({}, async (page) => {
      await page.keyboard.press('g');
      await page.getByRole('button', { name: 'fork here' }).click();
      const place = { run: 'ipd-aa', iteration: 120, group: 2, negotiation: 19, round: 3, turn: 7 };
      await expect
        .poll(() => asked(page, 'command'))
        .toEqual([
          { name: 'forkHere', place },
          { name: 'forkHere', place: { ...place, token: 0 } },
        ]);
      const context = await page.locator('.stage').getAttribute('data-vscode-context');
      expect(JSON.parse(context ?? '')).toMatchObject({ forkable: true, askable: true });
      await page.locator('.turn[data-turn="7"] .token').nth(1).hover();
      expect(await page.locator('.turn[data-turn="7"] .token').nth(1).getAttribute('data-vscode-context')).toBe('{"token":1}');
    });
    await withPage({ scenario: { ...scenario, select: { ...AT_TURN, branch: 2 } } }, async (page) => {
      await page.getByText('branch 2 begins').waitFor();
      await page.keyboard.press('g');
      await expect.poll(() => asked(page, 'command')).toMatchObject([{ name: 'forkHere', place: { negotiation: 19, branch: 2 } }]);
    });
    // A run that cannot be played on offers neither.
    await withPage({ scenario: { runs: 'pair', select: AT_TURN } }, async (page) => {
      expect(await page.getByRole('button', { name: 'fork here' }).count()).toBe(0);
      expect(await page.getByRole('button', { name: 'what would they say?' }).count()).toBe(0);
    });
  });

  it('asks by key, follows the cursor, and asks whom the reader chooses', async () => {
    await withPage({}, async (page) => {
      await page.keyboard.press('w');
      await says(page).getByText('✓ said').waitFor();
      const names = await says(page).locator('tbody').first().locator('th[scope="row"]').allInnerTexts();
      expect(names.map((name) => name.trim())).toEqual(['AA@110', 'RL@110']);
      const shares = async (column: number): Promise<number[]> =>
        (await says(page).locator(`tbody tr td:nth-of-type(${column})`).allInnerTexts()).map((text) => Number.parseFloat(text));
      for (const column of [2, 3]) {
        const all = await shares(column);
        const [first, second] = [0, 1].map((policy) => all.filter((_, i) => i % 2 === policy).reduce((sum, one) => sum + one, 0));
        expect(Math.abs(first! - 100)).toBeLessThan(0.5);
        expect(Math.abs(second! - 100)).toBeLessThan(0.5);
      }
      await page.keyboard.press('ArrowRight');
      await says(page).getByText('token 2', { exact: false }).waitFor();
      await expect
        .poll(async () => ((await asked(page, 'distributions')) as { place: DistributionsView['place'] }[]).map(({ place }) => place.token))
        .toEqual([0, 1]);
      await says(page).getByRole('combobox', { name: 'Checkpoint of policy 2' }).click();
      await says(page).getByRole('option', { name: '@50', exact: true }).click();
      await says(page).getByText('RL@50').first().waitFor();
      expect((await asked(page, 'distributions')).at(-1)).toMatchObject({
        policies: [
          { run: 'ipd-aa', iteration: 110 },
          { run: 'ipd-rl', iteration: 50 },
        ],
      });
      await says(page).getByRole('button', { name: 'ask another' }).click();
      await says(page).getByText('AA@140').first().waitFor();
      await says(page).getByRole('button', { name: 'Do not ask policy 1' }).click();
      await expect.poll(async () => ((await asked(page, 'distributions')).at(-1) as { policies: unknown[] }).policies.length).toBe(2);
      await says(page).getByRole('button', { name: 'ask who said it' }).click();
      await says(page).getByText('AA@110').first().waitFor();
      expect(await page.evaluate(() => window.acquireVsCodeApi().getState())).toMatchObject({ says: true });
      await page.keyboard.press('w');
      await says(page).waitFor({ state: 'detached' });
    });
  });

  it.each(['dark', 'light', 'hc-dark'] as const)('axe finds nothing serious (%s)', async (theme) => {
    for (const select of [AT_TURN, { ...AT_TURN, branch: 2 }]) {
      await withPage({ theme, scenario: { ...scenario, select, state: { says: true } } }, async (page) => {
        await says(page).locator('.says-table').waitFor();
        expect(await seriousViolations(page)).toEqual([]);
      });
    }
  });
});
