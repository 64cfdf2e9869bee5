import { describe, expect, it } from 'vitest';
import { seriousViolations } from './axe';
import type { PageSettings, ThemeName } from './browser';
import { NEGOTIATION, TALK, usePages } from './usePages';

const withPage = usePages();

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
        expect(await seriousViolations(page)).toEqual([]);
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
