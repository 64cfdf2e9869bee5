import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { asked, NEGOTIATION, usePages } from './usePages';

const withPage = usePages();

describe('tree', () => {
  const active = (page: Page) =>
    page.evaluate(
      () => document.getElementById(document.querySelector('.tree')?.getAttribute('aria-activedescendant') ?? '')?.textContent ?? '',
    );

  it('is walked by keyboard', async () => {
    await withPage({ view: 'tree', width: 300, height: 500, scenario: { runs: 'pair' } }, async (page) => {
      await page.locator('.tree').focus();
      expect(await active(page)).toContain('ipd-aa');
      await page.keyboard.press('ArrowRight');
      await page.locator('.row[aria-level="2"]').first().waitFor();
      await page.keyboard.press('ArrowRight');
      expect(await active(page)).toContain('iteration 143');
      for (let level = 3; level <= 6; level++) {
        await page.keyboard.press('ArrowRight');
        await page.locator(`.row[aria-level="${level}"]`).first().waitFor();
        await page.keyboard.press('ArrowRight');
      }
      expect(await active(page)).toContain('Alice');
      await page.keyboard.press('Enter');
      expect(await asked(page, 'select')).toEqual([
        { place: { run: 'ipd-aa', iteration: 143, group: 0, negotiation: 0, round: 0, turn: 0 }, open: true },
      ]);
      await page.keyboard.press('ArrowLeft');
      expect(await active(page)).toContain('round 1');
      await page.keyboard.press('ArrowLeft');
      await page.waitForFunction(() => document.querySelectorAll('.row[aria-level="6"]').length === 0);
      await page.keyboard.press('End');
      await page.waitForFunction(() => document.querySelector('.row.active')?.textContent?.includes('ipd-rl'));
      await page.keyboard.press('Home');
      await page.waitForFunction(() => document.querySelector('.row.active')?.textContent?.includes('ipd-aa'));
    });
  });

  it('says where every row is', async () => {
    await withPage({ view: 'tree', width: 300, scenario: { runs: 'pair', select: { ...NEGOTIATION, round: 3 } } }, async (page) => {
      const row = page.getByRole('treeitem', { name: /^negotiation 19/ });
      expect(await row.getAttribute('aria-level')).toBe('4');
      expect(await row.getAttribute('aria-posinset')).toBe('4');
      expect(await row.getAttribute('aria-setsize')).toBe('8');
      expect(await row.getAttribute('aria-expanded')).toBe('true');
      expect(await page.locator('.row[aria-selected="true"]').textContent()).toContain('round 4');
    });
  });

  it('holds fewer than 100 rows of 200 000', async () => {
    await withPage({ view: 'tree', width: 300, height: 900, scenario: { runs: 'huge', expand: ['ipd-aa'] } }, async (page) => {
      await page.waitForFunction(() => document.querySelectorAll('.row').length > 30);
      for (const share of [0, 0.31, 0.77, 1]) {
        await page.locator('.tree').evaluate((tree, at) => {
          tree.scrollTop = at * tree.scrollHeight;
        }, share);
        // Rows in hand from the top to the bottom of what is on the screen.
        await page.waitForFunction(() =>
          [200, 500, 890].every((y) => document.elementFromPoint(150, y)?.closest('.row:not(.placeholder)')),
        );
        expect(await page.locator('.row').count()).toBeLessThan(100);
      }
      expect(await page.getByRole('treeitem', { name: /^iteration 1 / }).count()).toBe(1);
    });
  });

  it('scrolls a list that is taller than an element can be: by wheel, by thumb, by key, to both ends', async () => {
    const vast = 3_000_000;
    await withPage({ view: 'tree', width: 300, height: 600, scenario: { runs: 'pair', vast } }, async (page) => {
      const shown = () =>
        page.evaluate(() =>
          [...document.querySelectorAll('.row:not(.placeholder)')]
            .filter((row) => row.getBoundingClientRect().top > 120 && row.getBoundingClientRect().bottom <= 600)
            .map((row) => Number(/\d+/.exec(row.textContent ?? '')?.[0])),
        );
      const settled = async (from: number, to: number): Promise<void> => {
        await expect
          .poll(async () => {
            const rows = await shown();
            return rows.length > 15 && rows.some((row) => row >= from && row <= to);
          })
          .toBe(true);
        expect(await page.locator('.row').count()).toBeLessThan(100);
      };
      await settled(0, 10);
      await page.locator('.tree').hover();
      await page.mouse.wheel(0, 220);
      await settled(20, 24);
      await page.locator('.tree').evaluate((tree) => {
        tree.scrollTop = tree.scrollHeight / 2;
      });
      await settled(vast / 2 - 100, vast / 2 + 100);
      const [middle = 0] = (await shown()).sort((a, b) => a - b);
      await page.mouse.wheel(0, 220);
      await expect.poll(async () => (await shown()).sort((a, b) => a - b)[0]).toBe(middle + 10);
      await page.locator('.tree').focus();
      await page.keyboard.press('End');
      await settled(vast - 1, vast - 1);
      await page.keyboard.press('Home');
      await settled(2, 3);
    });
  });

  it.each([true, false])('keeps what the reader sees where it is while rows stream in (newest first: %s)', async (newestFirst) => {
    await withPage(
      { view: 'tree', width: 300, height: 600, scenario: { runs: 'long', expand: ['ipd-aa'], newestFirst, delay: 3 } },
      async (page) => {
        await page.waitForFunction(() => document.querySelectorAll('.row').length > 20);
        await page.locator('.tree').evaluate((tree) => {
          tree.scrollTop = 22 * 5000 + 7;
        });
        await page.waitForFunction(
          () =>
            document.querySelectorAll('.row.placeholder').length === 0 &&
            [...document.querySelectorAll<HTMLElement>('.row')].some((row) => row.dataset.index === '5010'),
        );
        const seen = () =>
          page.evaluate(() =>
            [...document.querySelectorAll('.row')]
              .map((row) => [row.textContent, Math.round(row.getBoundingClientRect().top)] as const)
              .filter(([, top]) => top >= 0 && top < 600)
              .sort((a, b) => a[1] - b[1]),
          );
        const before = await seen();
        expect(before.length).toBeGreaterThan(20);
        // Every frame is looked at, not only the last one: a jump that is put right later is a jump.
        await page.evaluate(() => {
          const state = window as unknown as { jumps: number[]; watching: boolean };
          const middle = [...document.querySelectorAll('.row')].find((row) => row.getBoundingClientRect().top > 300)!;
          const text = middle.textContent;
          const top = middle.getBoundingClientRect().top;
          state.jumps = [];
          state.watching = true;
          const look = (): void => {
            const row = [...document.querySelectorAll('.row')].find((one) => one.textContent === text);
            state.jumps.push(row === undefined ? Number.POSITIVE_INFINITY : Math.abs(row.getBoundingClientRect().top - top));
            if (state.watching) requestAnimationFrame(look);
          };
          requestAnimationFrame(look);
        });
        for (let i = 0; i < 12; i++) {
          await page.evaluate(() => window.host.commit());
          await page.waitForTimeout(20);
        }
        await page.waitForTimeout(200);
        const jumps = await page.evaluate(() => {
          const state = window as unknown as { jumps: number[]; watching: boolean };
          state.watching = false;
          return state.jumps;
        });
        expect(jumps.length).toBeGreaterThan(5);
        expect(Math.max(...jumps)).toBeLessThan(1);
        expect(await seen()).toEqual(before);
      },
    );
  });

  it('follows the newest iteration on request, and stops when the reader chooses', async () => {
    await withPage({ view: 'tree', width: 300, scenario: { runs: 'pair' } }, async (page) => {
      await page.getByText('Follow live').click();
      expect(await asked(page, 'follow')).toEqual([{ on: true }]);
      await page.evaluate(() => window.host.commit());
      await page.waitForFunction(() => document.querySelector('.row.selected') !== null);
      await page.locator('.row').first().click();
      await page.waitForFunction(() => document.querySelector('vscode-checkbox')?.getAttribute('aria-checked') === 'false');
    });
  });

  it('filters by an expression, completes it, and says what is wrong with it', async () => {
    await withPage({ view: 'tree', width: 300, scenario: { runs: 'few', expand: ['ipd-aa', 'ipd-aa/12'] } }, async (page) => {
      await page.locator('vscode-text-field').click();
      await page.keyboard.type('iteration == 12 and neg');
      await page.getByRole('option', { name: /^negotiation/ }).waitFor();
      expect(await page.getByRole('textbox', { name: 'Filter negotiations' }).count()).toBe(1);
      expect(await page.locator('.filter .visually-hidden').textContent()).toMatch(/^negotiation, .*, 1 of \d+$/);
      await page.keyboard.press('Enter');
      await page.keyboard.type('< 4');
      await page.getByText('4 of 1\u2009536 negotiations').waitFor();
      await page.waitForFunction(() => document.querySelectorAll('.kind-group').length === 1);
      expect((await asked(page, 'filter')).at(-1)).toEqual({ expression: 'iteration == 12 and negotiation < 4' });
      await page.keyboard.type(' and');
      await page.locator('.filter-status.problem').waitFor();
      expect(await page.locator('.filter-status').textContent()).toContain('ends too early');
      await page.keyboard.press('Escape');
      await page.waitForFunction(() => document.querySelectorAll('.kind-group').length === 8);
      expect(await page.evaluate(() => window.acquireVsCodeApi().getState())).toMatchObject({ filter: '' });
    });
  });

  it('sorts what passes by a measure, by mouse and by keyboard, and keeps that', async () => {
    await withPage({ view: 'tree', width: 300, scenario: { runs: 'few', expand: ['ipd-aa'] } }, async (page) => {
      const badges = () => page.locator('.row .badge').allTextContents();
      await page.locator('.tree').focus();
      await page.keyboard.press('s');
      expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Sort negotiations by');
      await page.locator('.sort vscode-dropdown').click();
      await page.getByRole('option', { name: 'reward.joint' }).click();
      await page
        .getByRole('treeitem', { name: /^iteration \d+ ?group \d · #\d+/ })
        .first()
        .waitFor();
      const falling = (await badges()).map(Number);
      expect(falling.length).toBeGreaterThan(20);
      expect(falling).toEqual([...falling].sort((a, b) => b - a));
      await page.locator('.tree').focus();
      await page.keyboard.press('v');
      await page.waitForFunction((most) => Number(document.querySelector('.row .badge')?.textContent) < most, falling[0]!);
      const rising = (await badges()).map(Number);
      expect(rising).toEqual([...rising].sort((a, b) => a - b));
      expect(await page.evaluate(() => window.acquireVsCodeApi().getState())).toMatchObject({
        sort: { by: 'reward.joint', descending: false },
      });
      await page.keyboard.press('/');
      await page.keyboard.type('iteration == 3 and negotiation < 2');
      await page.waitForFunction(() => document.querySelectorAll('.row').length === 2);
      await page.locator('.row').first().click();
      await expect
        .poll(async () => (await asked(page, 'select')).at(-1))
        .toMatchObject({
          place: { run: 'ipd-aa', iteration: 3, group: 0 },
          open: true,
        });
    });
  });

  it('offers to begin where there is no run', async () => {
    await withPage({ view: 'tree', width: 300, scenario: { runs: 'none' } }, async (page) => {
      for (const name of ['Start Paired Run', 'Start AA Run', 'Open Run…']) await page.getByText(name).click();
      expect(await asked(page, 'command')).toEqual([{ name: 'startPairedRun' }, { name: 'startAaRun' }, { name: 'openRun' }]);
    });
  });

  it('offers to trust a workspace that is not, and to start nothing in it', async () => {
    await withPage({ view: 'tree', width: 300, scenario: { runs: 'none' }, trusted: false }, async (page) => {
      for (const name of ['Manage Workspace Trust', 'Open Run…']) await page.getByText(name, { exact: true }).click();
      expect(await asked(page, 'command')).toEqual([{ name: 'manageTrust' }, { name: 'openRun' }]);
      expect(await page.getByText(/^Start/).count()).toBe(0);
    });
  });
});
