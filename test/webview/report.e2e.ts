import fs from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatAnnotations } from '../../src/annotations';
import { runCommandLine } from '../cli/runCommandLine';
import { launchBrowser } from '../host/browser';
import { writeSampleRun } from '../runs/sampleRun';
import { seriousViolations } from './axe';

const shots = path.resolve('test/screenshots');

const SCHEMES = [
  ['light', { colorScheme: 'light' }],
  ['dark', { colorScheme: 'dark' }],
  ['high-contrast', { colorScheme: 'dark', contrast: 'more' }],
] as const satisfies readonly (readonly [string, BrowserContextOptions])[];

const EVIL = '<img src=x onerror="document.title=1"><script>document.title=2</script>';

describe('the HTML report', () => {
  let browser: Browser;
  let folder: string;
  let report: string;
  beforeAll(async () => {
    folder = fs.mkdtempSync(path.join(tmpdir(), 'parley-report-'));
    const run = (id: string): string => path.join(folder, '.parley/runs', id);
    writeSampleRun(run('aa'), 30, { iterations: 30 }, { id: 'aa', name: 'aa run' }, (rows) => {
      rows[1] = { ...rows[1]!, text: EVIL, token_texts: [EVIL, '<end>'] };
      return rows;
    });
    writeSampleRun(run('rl'), 30, { algorithm: 'rl', iterations: 30 }, { id: 'rl', name: 'rl run' });
    const time = '2026-11-24T12:00:00.000Z';
    const made = { author: 'ada', created: time, edited: time, reactions: [], resolved: false };
    const place = { run: 'aa', iteration: 30, negotiation: 0, turn: 2, tokens: { start: 0, end: 1 }, quote: 'A' };
    const note = { ...made, ...place, id: 'a1', body: `Trusts again. ${EVIL}`, tags: ['trust'], replies: [] };
    fs.mkdirSync(path.join(folder, '.parley/annotations'));
    fs.writeFileSync(path.join(folder, '.parley/annotations/aa.jsonl'), formatAnnotations({ annotations: [note], broken: [] }));
    report = path.join(folder, 'report.html');
    const words = ['export', 'html', run('aa'), run('rl'), '--negotiation', '30/0', '--out', report];
    expect(await runCommandLine(words)).toMatchObject({ code: 0, err: '' });
    fs.mkdirSync(shots, { recursive: true });
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    fs.rmSync(folder, { recursive: true });
  });

  /** Opens the file without a network, and hands over what the page asked for or complained of. */
  async function opened(options: BrowserContextOptions, use: (page: Page, said: readonly string[]) => Promise<void>): Promise<void> {
    const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, offline: true, ...options });
    const said: string[] = [];
    try {
      const page = await context.newPage();
      page.on('request', (request) => said.push(request.url()));
      page.on('console', (message) => said.push(message.text()));
      page.on('pageerror', (error) => said.push(String(error)));
      await page.goto(pathToFileURL(report).href);
      await use(page, said);
    } finally {
      await context.close();
    }
  }

  it.each(SCHEMES)('opens offline from the disk, whole and by itself (%s)', async (scheme, options) => {
    await opened(options, async (page, said) => {
      expect(await page.title()).toBe('aa run, rl run');
      expect(said).toEqual([pathToFileURL(report).href]);
      expect(await page.locator('script, img, link, iframe').count()).toBe(0);
      // The style sheet is let in by its hash: the page is in the scheme's own colours.
      const background = await page.locator('body').evaluate((body) => getComputedStyle(body).backgroundColor);
      expect(background).toBe({ light: 'rgb(255, 255, 255)', dark: 'rgb(31, 31, 31)', 'high-contrast': 'rgb(0, 0, 0)' }[scheme]);
      for (const heading of ['Runs', 'Findings', 'Over training', 'Negotiations']) {
        await page.getByRole('heading', { name: heading, exact: true }).waitFor();
      }
      const chart = page.locator('figure svg').first();
      expect((await chart.boundingBox())?.width).toBeGreaterThan(300);
      // No wider than the window: tables scroll by themselves.
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(1200);
      await page.screenshot({ path: path.join(shots, `report-${scheme}.png`) });
      await page.getByRole('heading', { name: 'Negotiations', exact: true }).evaluate((heading) => heading.scrollIntoView());
      await page.screenshot({ path: path.join(shots, `report-negotiations-${scheme}.png`) });
    });
  });

  it('says what was said as text, colours its tokens, and leads from a token to its note', async () => {
    await opened({}, async (page) => {
      await page.getByText(EVIL, { exact: true }).first().waitFor();
      expect(await page.title()).toBe('aa run, rl run');
      const token = page.locator('.negotiation .token.positive').first();
      expect(await token.getAttribute('title')).toMatch(/^push \+0\.\d+ · probability 0\.607$/);
      expect(await token.evaluate((element) => getComputedStyle(element).backgroundColor)).not.toBe('rgba(0, 0, 0, 0)');
      await page.getByRole('link', { name: 'note 1' }).click();
      const note = page.locator('li:target');
      expect(await note.innerText()).toContain('ada on A #trust');
      expect(await note.innerText()).toContain(`Trusts again. ${EVIL}`);
      // The same deal, one run beside the other.
      const [aa, rl] = await page.locator('.negotiation').all();
      expect((await aa!.boundingBox())!.y).toBe((await rl!.boundingBox())!.y);
    });
  });

  it.each(SCHEMES)('axe finds nothing serious (%s)', async (_, options) => {
    // Only for axe, whose script the page's policy would not let in.
    await opened({ ...options, bypassCSP: true }, async (page) => {
      await page.locator('summary').first().click();
      expect(await seriousViolations(page)).toEqual([]);
    });
  });
});
