import fs from 'node:fs';
import path from 'node:path';
import type { Browser, Frame, Page } from 'playwright-core';
import { launchBrowser } from '../../test/host/browser';
import { repository, type Server, startServer, workbenchUrl } from '../../test/host/server';
import { type PageTasks, tracedTasks } from './pageTrace';

/** Frames of a page while something was done in it, and in `trace` what Chromium's trace says of its main thread. */
export interface FrameTimes {
  readonly trace: PageTasks;
  readonly frames: number;
  /** Milliseconds between two of them, at most. */
  readonly longest: number;
  /** How many were more than 50 ms apart. */
  readonly over50: number;
}

interface Recorder {
  stop(): Omit<FrameTimes, 'trace'>;
}

/** A workbench with the packaged extension, to be measured. Parley's extension is started by opening its view, not before. */
export class BenchWorkbench {
  private constructor(
    readonly page: Page,
    readonly server: Server,
    private readonly browser: Browser,
  ) {}

  /** Opens a folder. `trainer` takes the place of the packaged trainer. */
  static async open(
    folder: string,
    options: { readonly trainer?: string; readonly env?: Readonly<Record<string, string>> } = {},
  ): Promise<BenchWorkbench> {
    const { version } = JSON.parse(fs.readFileSync(path.join(repository, 'package.json'), 'utf8')) as { version: string };
    const vsix = process.env.PARLEY_VSIX ?? path.join(repository, `parley-${process.platform}-${process.arch}-${version}.vsix`);
    const server = await startServer({ vsix, ...(options.env === undefined ? {} : { env: options.env }) });
    if (options.trainer !== undefined) {
      const extensions = path.join(server.folder, 'extensions');
      const installed = fs.readdirSync(extensions).find((name) => name.startsWith('parley.parley-'));
      if (installed === undefined) throw new Error(`Parley is not installed in ${extensions}`);
      fs.copyFileSync(options.trainer, path.join(extensions, installed, 'dist/trainer.js'));
    }
    const browser = await launchBrowser();
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.goto(workbenchUrl(server, { folder }));
    await page.locator('.monaco-workbench .statusbar-item').first().waitFor({ timeout: 120_000 });
    await page.locator('.activitybar .action-item [aria-label^="Parley"]').first().waitFor({ timeout: 60_000 });
    return new BenchWorkbench(page, server, browser);
  }

  /** Opens Parley's side bar. */
  async openSideBar(): Promise<void> {
    await this.page.locator('.activitybar .action-item [aria-label^="Parley"]').first().click();
  }

  /** The document of the tree, once there is one. */
  tree(): Promise<Frame> {
    return this.#frame('[src*="purpose=webviewView"]');
  }

  /** The document of the inspector, once there is one. */
  inspector(): Promise<Frame> {
    return this.#frame(':not([src*="purpose="])');
  }

  async #frame(which: string): Promise<Frame> {
    const outer = this.page.locator(`iframe.webview.ready[src*="extensionId=parley.parley"]${which}:visible`).first();
    await outer.waitFor({ timeout: 60_000 });
    const inner = await outer.contentFrame().locator('iframe#active-frame').elementHandle({ timeout: 60_000 });
    const frame = await inner?.contentFrame();
    if (frame === null || frame === undefined) throw new Error('the webview has no document');
    return frame;
  }

  /** Resident memory of the extension host, in bytes. */
  hostMemory(): number {
    const wanted = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    for (const pid of wanted) {
      try {
        const command = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8');
        const environment = fs.readFileSync(`/proc/${pid}/environ`, 'utf8');
        if (!command.includes('--type=extensionHost') || !environment.includes(this.server.folder)) continue;
        const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
        return Number(kilobytes) * 1024;
      } catch {
        // It ended while we looked.
      }
    }
    throw new Error('there is no extension host');
  }

  /** Live JavaScript heap of the pages, in bytes, after a collection. */
  async pageHeap(frame: Frame): Promise<number> {
    const session = await this.page.context().newCDPSession(this.page);
    await session.send('HeapProfiler.collectGarbage');
    await session.detach();
    return frame.evaluate(() => (performance as unknown as { memory: { usedJSHeapSize: number } }).memory.usedJSHeapSize);
  }

  /** Watches a document's frames while something is done. */
  async frames(frame: Frame, act: () => Promise<void>): Promise<FrameTimes> {
    await frame.evaluate(() => {
      let last = performance.now();
      let going = true;
      const times = { frames: 0, longest: 0, over50: 0 };
      const look = (now: number): void => {
        const gap = now - last;
        last = now;
        times.frames++;
        if (gap > times.longest) times.longest = gap;
        if (gap > 50) times.over50++;
        if (going) requestAnimationFrame(look);
      };
      requestAnimationFrame((now) => {
        last = now;
        requestAnimationFrame(look);
      });
      (window as unknown as { recorder: Recorder }).recorder = {
        stop: () => {
          going = false;
          return times;
        },
      };
    });
    const trace = await tracedTasks(this.browser, this.page, 'extensionId=parley.parley', act);
    return { ...(await frame.evaluate(() => (window as unknown as { recorder: Recorder }).recorder.stop())), trace };
  }

  /** Ends browser and server. */
  async close(): Promise<void> {
    await this.browser.close();
    await this.server.stop();
  }
}
