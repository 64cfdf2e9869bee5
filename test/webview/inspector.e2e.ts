import fs from 'node:fs';
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { asked, NEGOTIATION, TALK, usePages } from './usePages';

const withPage = usePages();

describe('inspector', () => {
  const here = (page: Page) => page.locator('.token[tabindex="0"]');
  const at = (page: Page) => page.evaluate(() => document.querySelector<HTMLElement>('.turn.current')?.dataset.turn);

  it('has tabs where it is narrow, one stop of the Tab key, between which the arrows go and leave the token alone', async () => {
    const scenario = { runs: 'split', select: { ...TALK, round: 0, turn: 0, token: 0 } } as const;
    await withPage({ view: 'inspector', width: 700, scenario }, async (page) => {
      const tab = (name: string) => page.getByRole('tab', { name });
      await tab('Why this credit').focus();
      await page.keyboard.press('ArrowRight');
      await page.waitForFunction(() => document.activeElement?.id === 'tab-charts');
      expect(await tab('Charts').getAttribute('aria-selected')).toBe('true');
      expect(await page.locator('[role="tab"][tabindex="0"]').count()).toBe(1);
      await page.keyboard.press('ArrowLeft');
      await page.waitForFunction(() => document.activeElement?.id === 'tab-credit');
      expect(await here(page).getAttribute('data-token')).toBe('0');
    });
  });

  it('is stepped by keyboard: tokens, turns, rounds, negotiations, iterations', async () => {
    await withPage({ view: 'inspector', scenario: { runs: 'split', select: { ...TALK, round: 0, turn: 0, token: 0 } } }, async (page) => {
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('ArrowRight');
      await page.waitForFunction(() => (document.activeElement as HTMLElement | null)?.dataset.token === '2');
      expect(await page.locator('#token-card').textContent()).toContain('token 3 of');
      expect(await here(page).getAttribute('aria-describedby')).toBe('token-card');
      for (const [key, turn] of [
        ['j', '1'],
        ['j', '2'],
        ['k', '1'],
        ['n', '4'],
        ['p', '0'],
      ] as const) {
        await page.keyboard.press(key);
        await page.waitForFunction((wanted) => document.querySelector<HTMLElement>('.turn.current')?.dataset.turn === wanted, turn);
      }
      await page.keyboard.press('l');
      await page.getByText('negotiation 28', { exact: true }).first().waitFor();
      await page.keyboard.press('h');
      await page.getByText('negotiation 27', { exact: true }).first().waitFor();
      await page.keyboard.press(']');
      await page.getByText('iteration 93', { exact: true }).first().waitFor();
      await page.keyboard.press('r');
      await page.locator('.prompt pre').waitFor();
      expect(await page.locator('.prompt pre').textContent()).toContain('Your hand is');
    });
  });

  it('shows what was read before a turn, and on request the whole prompt as it was sent', async () => {
    await withPage({ view: 'inspector', scenario: { runs: 'split', select: TALK } }, async (page) => {
      await page.keyboard.press('r');
      await page.getByRole('button', { name: 'as it was sent' }).click();
      const sent = page.locator('pre.sent');
      await sent.waitFor();
      expect(await sent.textContent()).toMatch(/^<\|user\|>.*<\|assistant\|>$/s);
      expect(await sent.locator('.dim').textContent()).toContain('<|end|>');
      await page.getByText(/^\d+ tokens$/).waitFor();
      expect(await asked(page, 'sentPrompt')).toEqual([{ run: 'trust-aa', iteration: 92, negotiation: 27, turn: 21 }]);
      // What is new stands at the end, which is in view.
      expect(await sent.evaluate((box) => box.scrollTop + box.clientHeight >= box.scrollHeight - 1)).toBe(true);
      await page.getByRole('button', { name: 'only what was new' }).click();
      await sent.waitFor({ state: 'detached' });
    });
  });

  it('follows the newest iteration until the reader turns the wheel, marks text, scrolls by a key, or steps', async () => {
    await withPage({ view: 'inspector', scenario: { runs: 'pair', select: NEGOTIATION } }, async (page) => {
      const box = page.getByRole('checkbox', { name: 'Follow live' });
      const transcript = page.locator('.transcript');
      for (const act of [
        () => page.mouse.wheel(0, 40),
        () => page.mouse.down().then(() => page.mouse.up()),
        () => transcript.focus().then(() => page.keyboard.press('PageDown')),
        () => page.keyboard.press('j'),
      ]) {
        await page.keyboard.press('f');
        await expect.poll(() => box.getAttribute('aria-checked')).toBe('true');
        await page.evaluate(() => window.host.commit());
        await transcript.hover({ position: { x: 5, y: 60 } });
        await act();
        await expect.poll(() => box.getAttribute('aria-checked')).toBe('false');
        const where = await page.locator('.place-bar .number').first().textContent();
        await page.evaluate(() => window.host.commit());
        await page.waitForTimeout(100);
        expect(await page.locator('.place-bar .number').first().textContent()).toBe(where);
      }
    });
  });

  it('shows the keys on ? and gives the focus back', async () => {
    await withPage({ view: 'inspector', scenario: { runs: 'pair', select: NEGOTIATION } }, async (page) => {
      await page.keyboard.press('j');
      await page.keyboard.press('?');
      await page.getByRole('dialog', { name: 'Keys' }).waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('dialog', { name: 'Keys' }).waitFor({ state: 'detached' });
      expect(await page.evaluate(() => document.activeElement?.classList.contains('token'))).toBe(true);
    });
  });

  it('is never pulled back by the host’s echo of an earlier step', async () => {
    await withPage(
      { view: 'inspector', scenario: { runs: 'pair', select: { ...NEGOTIATION, round: 0, turn: 0 }, delay: 30 } },
      async (page) => {
        for (let i = 1; i <= 9; i++) {
          await page.keyboard.press('j');
          await page.waitForTimeout(8);
          expect(await at(page)).toBe(String(i));
        }
        await page.waitForTimeout(250);
        expect(await at(page)).toBe('9');
        const last = (await asked(page, 'select')).at(-1);
        expect(last).toMatchObject({ place: { turn: 9 } });
      },
    );
  });

  it('shows a token’s numbers on hover, and the credit’s derivation adds up', async () => {
    await withPage({ view: 'inspector', scenario: { runs: 'split', select: TALK } }, async (page) => {
      await page.locator('.turn.current .token').nth(2).hover();
      const text = (await page.locator('#token-card').textContent()) ?? '';
      for (const name of [
        'log π sampling',
        'log π training',
        'log π reference',
        'ρ',
        'entropy',
        'valid mass',
        'own advantage',
        'alignment term',
        'credit',
        'push',
      ]) {
        expect(text).toContain(name);
      }
      const number = async (kind: string): Promise<number> =>
        Number(((await page.locator(`.formula .${kind} .result`).textContent()) ?? '').replace('−', '-'));
      expect(Math.abs((await number('own')) + (await number('aligned')) - (await number('credit')))).toBeLessThan(0.011);
      await page.mouse.move(2, 2);
      await page.locator('#token-card').waitFor({ state: 'detached' });
    });
  });

  it('colours by another measure and keeps the choice', async () => {
    await withPage({ view: 'inspector', scenario: { runs: 'split', select: TALK } }, async (page) => {
      await page.keyboard.press('c');
      await page.waitForFunction(() => document.querySelector('.legend-meaning')?.textContent?.startsWith('what multiplies'));
      expect(await page.evaluate(() => window.acquireVsCodeApi().getState())).toMatchObject({
        colourBy: 'credit',
        place: { run: 'trust-aa' },
      });
    });
  });

  it('goes to the iteration of a clicked point', async () => {
    await withPage({ view: 'inspector', scenario: { runs: 'pair', select: NEGOTIATION } }, async (page) => {
      const chart = page.getByRole('slider', { name: /Reward per round/ });
      await chart.focus();
      await page.keyboard.press('Home');
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('Enter');
      await page.getByText('iteration 2', { exact: true }).waitFor();
      expect((await asked(page, 'select')).at(-1)).toMatchObject({ place: { run: 'ipd-aa', iteration: 2, negotiation: 19 } });
    });
  });

  it('saves a chart as SVG with the colours of the theme, and as the CSV behind it', async () => {
    await withPage({ view: 'inspector', theme: 'light', scenario: { runs: 'pair', select: NEGOTIATION } }, async (page) => {
      const save = async (kind: 'SVG' | 'CSV'): Promise<string> => {
        const download = page.waitForEvent('download');
        await page.locator('.chart').first().hover();
        await page.locator('.chart').first().getByRole('button', { name: kind }).click();
        const file = await download;
        expect(file.suggestedFilename()).toBe(`reward-per-round.${kind.toLowerCase()}`);
        return fs.readFileSync(await file.path(), 'utf8');
      };
      const svg = await save('SVG');
      expect(svg).toMatch(/^<svg xmlns/);
      expect(svg).not.toContain('var(');
      expect(svg).toContain('#0b68ab');
      const table = await save('CSV');
      expect(table).toMatch(/^iteration,ipd-aa,ipd-rl\r\n1,2\.\d+,2\.\d+\r\n/);
      expect(table.trimEnd().split('\r\n')).toHaveLength(144);
    });
  });

  it('zooms the curves by dragging, all of them together', async () => {
    await withPage({ view: 'inspector', scenario: { runs: 'pair', select: NEGOTIATION } }, async (page) => {
      const ends = () =>
        page.locator('.chart').evaluateAll((charts) =>
          charts.slice(0, 2).map((chart) =>
            [...chart.querySelectorAll('text')]
              .filter((text) => /^\d+$/.test(text.textContent ?? ''))
              .map((text) => Number(text.textContent))
              .at(-1),
          ),
        );
      await page.locator('.chart svg').first().waitFor();
      expect(await ends()).toEqual([143, 143]);
      const box = (await page.locator('.chart-canvas').first().boundingBox())!;
      await page.mouse.move(box.x + 60, box.y + 40);
      await page.mouse.down();
      await page.mouse.move(box.x + 120, box.y + 40, { steps: 4 });
      await page.mouse.up();
      await page.waitForFunction(() => document.querySelector('.chart-readout') !== null);
      const [first, second] = await ends();
      expect(first).toBeLessThan(143);
      expect(second).toBe(first);
      expect(await asked(page, 'select')).toEqual([]);
      await page.getByRole('slider', { name: /Reward per round/ }).focus();
      await page.keyboard.press('0');
      expect(await ends()).toEqual([143, 143]);
    });
  });

  it('appends to the curves while the run goes on, without touching the transcript', async () => {
    await withPage({ view: 'inspector', scenario: { runs: 'pair', select: NEGOTIATION } }, async (page) => {
      await page.locator('.chart svg').first().waitFor();
      await page.evaluate(() => {
        const state = window as unknown as { changes: number };
        state.changes = 0;
        new MutationObserver((records) => {
          state.changes += records.length;
        }).observe(document.querySelector('.transcript')!, { subtree: true, childList: true, attributes: true, characterData: true });
      });
      for (let i = 0; i < 5; i++) await page.evaluate(() => window.host.commit());
      await page.getByText('iteration 148 of 200').waitFor();
      await page.waitForFunction(() => [...document.querySelectorAll('.chart text')].some((text) => text.textContent === '148'));
      expect(await page.evaluate(() => (window as unknown as { changes: number }).changes)).toBe(0);
    });
  });
});
