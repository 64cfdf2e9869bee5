import fs from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../host/browser';
import { type Bundles, buildPages, openPage, type PageSettings, type ThemeName } from './browser';

const axeSource = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const NEGOTIATION = { run: 'ipd-aa', iteration: 120, group: 2, negotiation: 19 } as const;
const TALK = { run: 'trust-aa', iteration: 92, group: 3, negotiation: 27, round: 5, turn: 21, token: 4 } as const;

let browser: Browser;
let bundles: Bundles;
beforeAll(async () => {
  [browser, bundles] = await Promise.all([launchBrowser(), buildPages()]);
});
afterAll(() => browser?.close());

/** Opens a page, waits until it has drawn what the host said, and checks at the end that nothing went wrong in it. */
async function withPage(
  settings: Partial<PageSettings> & Pick<PageSettings, 'view' | 'scenario'>,
  use: (page: Page) => Promise<void>,
): Promise<void> {
  const { page, problems } = await openPage(browser, bundles, { theme: 'dark', width: 1200, height: 900, ...settings });
  try {
    const drawn =
      settings.view === 'tree' ? '.row:not(.placeholder), .empty-tree' : '.transcript .turn, .overview, .welcome p, .matchup-cell';
    await page.locator(drawn).first().waitFor();
    await use(page);
    expect(problems).toEqual([]);
  } finally {
    await page.close();
  }
}

/** What the page asked the host for, by name. */
const asked = (page: Page, name: string): Promise<unknown[]> =>
  page.evaluate((wanted) => window.host.asked.filter((one) => one.name === wanted).map(({ params }) => params), name);

describe('accessibility', () => {
  const views: readonly (readonly [name: string, settings: Pick<PageSettings, 'view' | 'scenario'> & Partial<PageSettings>])[] = [
    ['tree', { view: 'tree', width: 300, scenario: { runs: 'pair', select: { ...NEGOTIATION, round: 3, turn: 7 } } }],
    ['tree with problems', { view: 'tree', width: 300, scenario: { runs: 'broken', expand: ['old-run'] } }],
    ['empty tree', { view: 'tree', width: 300, scenario: { runs: 'none' } }],
    ['inspector of a dilemma', { view: 'inspector', scenario: { runs: 'pair', select: NEGOTIATION } }],
    ['inspector with talk', { view: 'inspector', scenario: { runs: 'split', select: TALK } }],
    ['inspector, narrow', { view: 'inspector', width: 500, scenario: { runs: 'split', select: TALK } }],
    ['comparison', { view: 'inspector', width: 1480, scenario: { runs: 'split', select: TALK, state: { comparing: true } } }],
    [
      'comparison of three',
      {
        view: 'inspector',
        width: 1480,
        scenario: {
          runs: 'pair',
          select: NEGOTIATION,
          state: { comparing: true, columns: [{ run: 'ipd-rl' }, { run: 'ipd-aa', iteration: 3 }] },
        },
      },
    ],
    [
      'means of seeds, and an iteration as a whole',
      { view: 'inspector', scenario: { runs: 'seeds', select: { run: 'aa-1', iteration: 62 } } },
    ],
    ['match-ups', { view: 'inspector', scenario: { runs: 'pair', matchups: 5 } }],
    ['inspector in 300 pixels', { view: 'inspector', width: 300, scenario: { runs: 'split', select: TALK } }],
    ['inspector without a negotiation', { view: 'inspector', scenario: { runs: 'pair', select: { run: 'ipd-aa' } } }],
  ];
  for (const theme of ['dark', 'light', 'hc-dark', 'hc-light'] satisfies ThemeName[]) {
    it.each(views)(`%s: axe finds nothing serious (${theme})`, async (_name, settings) => {
      await withPage({ ...settings, theme }, async (page) => {
        await page.waitForTimeout(150);
        // Through the debugger's own channel: the page's policy would refuse a script element.
        await page.evaluate(axeSource);
        const found = await page.evaluate(async () => {
          const { axe } = window as unknown as {
            axe: {
              run(
                options: unknown,
              ): Promise<{ violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[] }>;
            };
          };
          const { violations } = await axe.run({
            runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] },
          });
          return violations
            .filter(({ impact }) => impact === 'serious' || impact === 'critical')
            .map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary}`).join('\n')}`);
        });
        expect(found).toEqual([]);
      });
    });
  }
});

describe('at home in the reader’s window', () => {
  const views: readonly (readonly [name: string, settings: Pick<PageSettings, 'view' | 'scenario'> & Partial<PageSettings>])[] = [
    ['tree, sorted', { view: 'tree', width: 600, scenario: { runs: 'two', state: { sort: { by: 'reward', descending: true } } } }],
    ['inspector', { view: 'inspector', width: 1400, scenario: { runs: 'split', select: TALK } }],
    [
      'comparison of three',
      {
        view: 'inspector',
        width: 1400,
        scenario: {
          runs: 'pair',
          select: NEGOTIATION,
          state: { comparing: true, columns: [{ run: 'ipd-rl' }, { run: 'ipd-aa', iteration: 3 }] },
        },
      },
    ],
    ['iteration', { view: 'inspector', width: 1400, scenario: { runs: 'seeds', select: { run: 'aa-1', iteration: 62 } } }],
    ['match-ups', { view: 'inspector', width: 1400, scenario: { runs: 'pair', matchups: 0 } }],
  ];
  it.each(views)('%s: at 200 % nothing is beyond the page’s edge', async (_name, settings) => {
    await withPage({ ...settings, zoom: 2 }, async (page) => {
      await page.waitForTimeout(150);
      const beyond = await page.evaluate(() => {
        const scrolls = (element: Element | null): boolean => {
          for (let at = element; at !== null && at !== document.body; at = at.parentElement) {
            const { overflowX } = getComputedStyle(at);
            if (overflowX === 'auto' || overflowX === 'scroll' || getComputedStyle(at).textOverflow === 'ellipsis') return true;
          }
          return false;
        };
        return [...document.querySelectorAll('button, vscode-button, vscode-dropdown, select, input, h1, h2, .chart, .chip')]
          .filter((element) => element.getBoundingClientRect().right > innerWidth + 1 && !scrolls(element.parentElement))
          .map((element) => element.outerHTML.slice(0, 120));
      });
      expect(beyond).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
    });
  });

  it.each([
    ['inspector', { runs: 'split', select: TALK }],
    ['iteration', { runs: 'seeds', select: { run: 'aa-1', iteration: 62 } }],
    ['match-ups', { runs: 'pair', matchups: 0 }],
  ] as const)('%s: in 300 pixels the page is no wider, and what was said has room', async (_name, scenario) => {
    await withPage({ view: 'inspector', width: 300, scenario }, async (page) => {
      expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
      const transcript = await page.locator('.transcript').evaluateAll((all) => all.map((one) => one.clientHeight));
      expect(transcript.every((height) => height > 300)).toBe(true);
    });
  });

  it('nothing moves or fades by itself, whatever the reader’s motion setting', async () => {
    await withPage(
      { view: 'inspector', width: 1400, reducedMotion: true, scenario: { runs: 'pair', select: NEGOTIATION } },
      async (page) => {
        const moving = await page.evaluate(() =>
          [...document.querySelectorAll('*')]
            .filter((element) => {
              const { animationName, transitionDuration } = getComputedStyle(element);
              return animationName !== 'none' || transitionDuration.split(',').some((time) => Number.parseFloat(time) > 0);
            })
            .map((element) => element.outerHTML.slice(0, 120)),
        );
        expect(moving).toEqual([]);
      },
    );
  });
});

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

describe('inspector', () => {
  const here = (page: Page) => page.locator('.token[tabindex="0"]');
  const at = (page: Page) => page.evaluate(() => document.querySelector<HTMLElement>('.turn.current')?.dataset.turn);

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
      await page.keyboard.press('a');
      await page.locator('.compare').waitFor();
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
