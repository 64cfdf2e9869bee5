import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect } from 'vitest';
import { launchBrowser } from '../host/browser';
import { type Bundles, buildPages, openPage, type PageSettings } from './browser';

/** A negotiation of the dilemma, and a token of a talking game, in the made-up world. */
export const NEGOTIATION = { run: 'ipd-aa', iteration: 120, group: 2, negotiation: 19 } as const;
/** See `NEGOTIATION`. */
export const TALK = { run: 'trust-aa', iteration: 92, group: 3, negotiation: 27, round: 5, turn: 21, token: 4 } as const;

/** Opens a page, waits until it has drawn what the host said, and checks at the end that nothing went wrong in it. */
export type WithPage = (
  settings: Partial<PageSettings> & Pick<PageSettings, 'view' | 'scenario'>,
  use: (page: Page) => Promise<void>,
) => Promise<void>;

/** One browser for all tests of a file. */
export function usePages(): WithPage {
  let browser: Browser;
  let bundles: Bundles;
  beforeAll(async () => {
    [browser, bundles] = await Promise.all([launchBrowser(), buildPages()]);
  });
  afterAll(() => browser?.close());
  return async (settings, use) => {
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
  };
}

/** What the page asked the host for, by name. */
export function asked(page: Page, name: string): Promise<unknown[]> {
  return page.evaluate((wanted) => window.host.asked.filter((one) => one.name === wanted).map(({ params }) => params), name);
}
