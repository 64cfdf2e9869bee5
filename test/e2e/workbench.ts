import fs from 'node:fs';
import path from 'node:path';
import type { Browser, FrameLocator, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { launchBrowser } from '../host/browser';
import { copySampleWorkspace } from '../host/sampleWorkspace';
import { repository, type Server, startServer, workbenchUrl } from '../host/server';

/** The four kinds of theme that VS Code has, each by a theme that ships with it. */
export const themes = {
  dark: { name: 'Dark Modern', class: 'vs-dark' },
  light: { name: 'Light Modern', class: 'vs' },
  'high-contrast': { name: 'Default High Contrast', class: 'hc-black' },
  'high-contrast-light': { name: 'Default High Contrast Light', class: 'hc-light' },
} as const;

export type Theme = keyof typeof themes;

/** How a workbench is opened. */
export interface WorkbenchOptions {
  readonly theme?: Theme;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** CSS pixels; 1280 × 800 by default. */
  readonly viewport?: { readonly width: number; readonly height: number };
  /** Puts files into the workspace's copy before the workbench opens it. */
  readonly prepare?: (workspace: string) => void | Promise<void>;
  /** For the server and so for the extension host. */
  readonly env?: Readonly<Record<string, string>>;
  /** Workspace trust as a person meets it. */
  readonly askForTrust?: boolean;
}

const viewportByDefault = { width: 1280, height: 800 };

/** A busy machine takes longer to load the workbench than the 30 seconds that Playwright allows. */
const pageSeconds = 100;

const screenshotFolder = path.join(repository, 'test/screenshots');

/** The .vsix under test: `PARLEY_VSIX`, or what `npm run package` makes for this platform. */
export function packagedExtension(): string {
  const { version } = JSON.parse(fs.readFileSync(path.join(repository, 'package.json'), 'utf8')) as { version: string };
  const vsix = process.env.PARLEY_VSIX ?? path.join(repository, `parley-${process.platform}-${process.arch}-${version}.vsix`);
  if (!fs.existsSync(vsix)) throw new Error(`${vsix} does not exist. Run: npm run package`);
  return vsix;
}

/** A real workbench in Chromium, with the packaged extension installed and a copy of the sample workspace open. */
export class Workbench {
  /** Errors that the workbench's pages and webviews reported, each in one line. */
  readonly errors: string[] = [];

  private constructor(
    /** Playwright's page, for everything that the methods here don't cover. */
    readonly page: Page,
    /** The folder that is open. */
    readonly workspace: string,
    readonly server: Server,
    private readonly browser: Browser,
    private readonly removeWorkspace: () => void,
    private readonly viewport: { readonly width: number; readonly height: number },
  ) {
    page.on('pageerror', (error) => this.errors.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') this.errors.push(`${message.text()} (${message.location().url})`);
    });
  }

  /** Opens a workbench and waits until it stands; `close` it. */
  static async open(options: WorkbenchOptions = {}): Promise<Workbench> {
    const { folder, remove } = copySampleWorkspace();
    await options.prepare?.(folder);
    const settings = { 'workbench.colorTheme': themes[options.theme ?? 'dark'].name, ...options.settings };
    const server = await startServer({
      vsix: packagedExtension(),
      settings,
      ...(options.env ? { env: options.env } : {}),
      ...(options.askForTrust ? { askForTrust: true } : {}),
    });
    const browser = await launchBrowser();
    const viewport = options.viewport ?? viewportByDefault;
    const context = await browser.newContext({ viewport, permissions: ['clipboard-read', 'clipboard-write'] });
    const page = await context.newPage();
    await slowDown(page);
    const workbench = new Workbench(page, folder, server, browser, remove, viewport);
    try {
      await workbench.page.goto(workbenchUrl(server, { folder }), { timeout: pageSeconds * 1000 });
      await workbench.waitUntilOpen();
    } catch (error) {
      await workbench.screenshot('failed to open').catch(() => {});
      await workbench.close();
      throw error;
    }
    return workbench;
  }

  private async waitUntilOpen(): Promise<void> {
    await this.page.locator('.monaco-workbench .statusbar-item').first().waitFor({ timeout: 60_000 });
    // Its commands come with its icon; a palette opened before then does not list them later.
    await this.viewContainer('Parley').waitFor({ timeout: 60_000 });
  }

  /** Reloads the window, as "Developer: Reload Window" does. */
  async reload(): Promise<void> {
    await this.page.reload({ timeout: pageSeconds * 1000 });
    await this.waitUntilOpen();
  }

  /**
   * Whether what VS Code keeps in the browser's storage holds some text, as JSON in JSON. It keeps the state of its editors every few
   * seconds, and a page that is reloaded is given no time to: what a test wants to find again has to be there first.
   */
  keeps(text: string): Promise<boolean> {
    return this.page.evaluate(async (wanted) => {
      const found = async (name: string): Promise<boolean> => {
        const opening = indexedDB.open(name);
        const database = await new Promise<IDBDatabase>((resolve, reject) => {
          opening.onsuccess = () => resolve(opening.result);
          opening.onerror = () => reject(opening.error);
        });
        try {
          if (!database.objectStoreNames.contains('ItemTable')) return false;
          const all = database.transaction('ItemTable').objectStore('ItemTable').getAll();
          const values = await new Promise<unknown[]>((resolve) => {
            all.onsuccess = () => resolve(all.result as unknown[]);
            all.onerror = () => resolve([]);
          });
          return values.some((value) => String(value).replaceAll('\\', '').includes(wanted));
        } finally {
          database.close();
        }
      };
      for (const { name } of await indexedDB.databases()) if (name !== undefined && (await found(name))) return true;
      return false;
    }, text);
  }

  /**
   * Chooses the command with this title (`Parley: Start AA Run`) in the command palette. A command that asks something is called again
   * until its `question` is there: where a webview has just been left, VS Code gives it the focus back late, and what has opened in
   * the meantime closes (microsoft/vscode#75209).
   */
  async command(title: string, question?: string): Promise<void> {
    const row = this.page.locator('.quick-input-list .monaco-list-row', { has: this.page.getByText(title, { exact: true }) }).first();
    const deadline = Date.now() + 60_000;
    for (;;) {
      const input = await this.openPalette(`>${title}`);
      // A palette lists what was enabled when it opened. Enablement may still be on its way, so it is opened again.
      const isListed = await row.waitFor({ timeout: 3000 }).then(isDone, isNotDone);
      // Long enough that a click which is late is not taken for one that was not: commands are not to be called twice.
      const isChosen = isListed && (await row.click({ timeout: 10_000 }).then(isDone, isNotDone));
      if (isChosen) {
        // Commands that ask something keep the quick input open.
        await input.waitFor({ state: 'hidden', timeout: 1000 }).catch(() => {});
        if (question === undefined || (await this.question(question, 5000).then(isDone, isNotDone))) return;
      }
      if (Date.now() > deadline) {
        if (isChosen) throw new Error(`"${title}" does not ask "${question}"`);
        throw new Error(`The palette does not list "${title}"; it lists ${(await this.commands(title)).join(', ')}`);
      }
      await this.page.keyboard.press('Escape');
    }
  }

  /** Waits until a quick input asks this, with its choices where it has some: its title comes before them. */
  async question(title: string, timeout = 30_000): Promise<void> {
    await this.page.locator('.quick-input-title:visible', { hasText: title }).waitFor({ timeout });
    const list = this.page.locator('.quick-input-widget .quick-input-list');
    if (await list.isVisible()) await list.locator('.monaco-list-row').first().waitFor({ timeout });
  }

  /** The titles that the command palette lists for `query`, all of them: its list draws only what is in view, so it is paged through. */
  async commands(query: string): Promise<string[]> {
    await this.openPalette(`>${query}`);
    const rows = this.page.locator('.quick-input-list .monaco-list-row');
    await rows.first().waitFor();
    const found = new Map<number, string>();
    // Two pages overlap; a list that has no end would be another bug.
    for (let page = 0; page < 50; page++) {
      const drawn = await rows.evaluateAll((elements) =>
        elements.map((row) => ({
          index: Number(row.getAttribute('data-index')),
          of: Number(row.getAttribute('aria-setsize')),
          title: row.querySelector('.monaco-highlighted-label, .label-name')?.textContent?.trim() ?? '',
        })),
      );
      for (const { index, title } of drawn) found.set(index, title);
      if (drawn.some(({ of }) => found.size >= of)) break;
      await this.page.keyboard.press('PageDown');
    }
    await this.page.keyboard.press('Escape');
    return [...new Set(found.values())];
  }

  private async openPalette(text: string): Promise<Locator> {
    const input = this.page.locator('.quick-input-widget input').first();
    // The first F1 may arrive before the workbench listens, and the palette may close before it is typed into.
    for (let attempt = 0; attempt < 10; attempt++) {
      await this.page.keyboard.press('F1');
      const isFilled = await input.fill(text, { timeout: 2000 }).then(isDone, isNotDone);
      if (isFilled && (await input.isVisible())) return input;
    }
    throw new Error('F1 opens no palette');
  }

  /** Picks the row with this text in a quick pick that is open. */
  async pick(text: string): Promise<void> {
    await this.page.locator('.quick-input-list .monaco-list-row', { hasText: text }).first().click();
  }

  /** Clicks until it had its effect: a lens is drawn anew as its text changes, and a click meanwhile is nobody's. */
  async click(target: Locator, effect: Locator): Promise<void> {
    await target.waitFor({ timeout: 30_000 });
    for (let attempt = 0; attempt < 10 && !(await effect.isVisible()); attempt++) {
      await target.click({ timeout: 10_000 }).catch(() => {});
      await effect.waitFor({ timeout: 5000 }).catch(() => {});
    }
    await effect.waitFor();
  }

  /** Opens the context menu of `target`, which may lie in a webview, and chooses the entry with this text. */
  async contextMenu(target: Locator, text: string): Promise<void> {
    const entry = this.page.locator('.monaco-menu .action-item:not(.disabled) .action-label', { hasText: text }).first();
    // A menu shows what was enabled when it opened: in the first seconds of a window, little is.
    for (let attempt = 0; attempt < 10; attempt++) {
      await target.click({ button: 'right' });
      if (await entry.waitFor({ timeout: 3000 }).then(isDone, isNotDone)) break;
      await this.page.keyboard.press('Escape');
    }
    await entry.waitFor();
    // A menu that has only just opened takes a click for the one that opened it, and stays.
    for (let attempt = 0; attempt < 20 && (await entry.isVisible()); attempt++) {
      await entry.click({ timeout: 2000 }).catch(() => {});
      await entry.waitFor({ state: 'hidden', timeout: 1000 }).catch(() => {});
    }
  }

  /** Saves as `file` in the dialog that is open, or is about to. */
  async saveAs(file: string): Promise<void> {
    const input = this.page.locator('.quick-input-widget input').first();
    // Once it has listed the folder it proposes a file there, over whatever was typed before.
    await this.page.waitForFunction(
      () => /^\/.*[^/]$/.test(document.querySelector<HTMLInputElement>('.quick-input-widget input')?.value ?? ''),
      undefined,
      { timeout: 30_000 },
    );
    await input.fill(file);
    // While it looks at what was typed, it takes no Enter.
    for (let attempt = 0; attempt < 10 && (await input.isVisible()); attempt++) {
      await this.page.keyboard.press('Enter');
      await input.waitFor({ state: 'hidden', timeout: 3000 }).catch(() => {});
    }
  }

  /** The icon of the view container with this title in the activity bar. */
  viewContainer(title: string): Locator {
    return this.page.locator(`.activitybar .action-item [aria-label^="${title}"]`).first();
  }

  /** The content of the webview that is shown in a side bar or panel view. */
  sidebar(index = 0): FrameLocator {
    return this.webviewFrame('[src*="purpose=webviewView"]', index);
  }

  /** The content of a webview that is shown as an editor; `index` counts those that are visible. */
  editor(index = 0): FrameLocator {
    return this.webviewFrame(':not([src*="purpose="])', index);
  }

  // The content is two frames down: VS Code's own page, and in it the frame with the extension's document.
  private webviewFrame(which: string, index: number): FrameLocator {
    const outer = this.page.locator(`iframe.webview.ready[src*="extensionId=parley.parley"]${which}:visible`).nth(index);
    return outer.contentFrame().frameLocator('iframe#active-frame');
  }

  /** A notification toast with this text. */
  notification(text: string | RegExp): Locator {
    return this.page.locator('.notification-toast', { hasText: text }).first();
  }

  /** Writes settings over those there are, and lets VS Code notice. */
  changeSettings(settings: Readonly<Record<string, unknown>>): void {
    this.server.changeSettings(settings);
  }

  /** Switches the colour theme and waits until the workbench wears it. */
  async useTheme(theme: Theme): Promise<void> {
    this.changeSettings({ 'workbench.colorTheme': themes[theme].name });
    await this.page.locator(`.monaco-workbench.${themes[theme].class}`).waitFor({ timeout: 15_000 });
  }

  /** Lays the page out as at this browser zoom (2 for 200 %): so many fewer CSS pixels. */
  async zoom(factor: number): Promise<void> {
    const { width, height } = this.viewport;
    await this.page.setViewportSize({ width: Math.round(width / factor), height: Math.round(height / factor) });
  }

  /** Presses keys, one after the other, in whatever has the focus. */
  async press(...keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  /** Writes `test/screenshots/<name>.png`. */
  async screenshot(name: string): Promise<void> {
    fs.mkdirSync(screenshotFolder, { recursive: true });
    await this.page.screenshot({ path: path.join(screenshotFolder, `${name.replaceAll(/[^\w.-]+/g, '-')}.png`) });
  }

  /** What Parley wrote to its output channels, and the extension host's own log; empty where the server keeps no logs. */
  logs(): string {
    const folder = path.join(this.server.folder, 'data/logs');
    if (!fs.existsSync(folder)) return '';
    const files = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' });
    return files
      .filter((file) => /parley\.parley.*\.log$|remoteexthost\.log$/i.test(file))
      .map((file) => `── ${file}\n${fs.readFileSync(path.join(folder, file), 'utf8')}`)
      .join('\n');
  }

  /** Those of `errors` that come from Parley: its extension, its webviews. */
  ownErrors(): string[] {
    return this.errors.filter((error) => error.includes('parley.parley') && !isLoading(error));
  }

  /** Ends browser and server and removes the workspace's copy. */
  async close(): Promise<void> {
    await this.browser.close();
    await this.server.stop();
    this.removeWorkspace();
  }
}

const isDone = (): boolean => true;
const isNotDone = (): boolean => false;

/** `PARLEY_E2E_SLOWDOWN=4 npm run test:e2e` draws the workbench with a quarter of the processor, which finds tests that count on being fast. */
async function slowDown(page: Page): Promise<void> {
  const rate = Number(process.env.PARLEY_E2E_SLOWDOWN ?? 1);
  if (rate <= 1) return;
  const client = await page.context().newCDPSession(page);
  await client.send('Emulation.setCPUThrottlingRate', { rate });
}

/**
 * What VS Code says where it restores a view before it can reach its own server, in the seconds after a reload. The view is asked
 * for again, and tests wait for what it shows.
 */
function isLoading(error: string): boolean {
  return error.includes('Webview.loadLocalResource') || /^Failed to load resource: .*\.vscode-resource\./.test(error);
}

/**
 * One workbench for all tests of a file (or of a `describe`): opened before them, closed after them. A test that fails leaves
 * `test/screenshots/failed-<test>.png` and prints what Parley logged.
 * @returns the workbench, to be asked for inside tests
 */
export function useWorkbench(options: WorkbenchOptions = {}): () => Workbench {
  let workbench: Workbench | undefined;
  beforeAll(async () => {
    workbench = await Workbench.open(options);
  });
  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail' || workbench === undefined) return;
    await workbench.screenshot(`failed ${task.name}`).catch(() => {});
    const told = [...workbench.errors.slice(-10), workbench.logs().slice(-4000)].filter((text) => text !== '');
    if (told.length > 0) console.error(told.join('\n'));
  });
  afterAll(() => workbench?.close());
  return () => {
    if (workbench === undefined) throw new Error('The workbench is open only while tests run.');
    return workbench;
  };
}
