import fs from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

/** Starts the system's Chromium without a window. `CHROMIUM` names another executable. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath =
    process.env.CHROMIUM ??
    [
      '/usr/bin/chromium',
      '/usr/bin/chromium-browser',
      '/usr/bin/google-chrome',
      '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    ].find((place) => fs.existsSync(place));
  if (executablePath === undefined) throw new Error('No Chromium found. Install it, or set CHROMIUM to its executable.');
  return chromium.launch({
    executablePath,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
