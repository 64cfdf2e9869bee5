import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import * as esbuild from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import type { ViewKind } from '../../src/protocol/webview';
import type { Scenario } from './page';

/** The themes that the pages are shown in, as VS Code gives them to a webview. */
export const THEMES = ['dark', 'light', 'hc-dark', 'hc-light'] as const;
export type ThemeName = (typeof THEMES)[number];

interface Theme {
  readonly bodyClass: string;
  readonly themeKind: string;
  readonly variables: Readonly<Record<string, string>>;
}

const folder = path.dirname(fileURLToPath(import.meta.url));
const root = path.join(folder, '../..');
const ORIGIN = 'http://webview.test';
/** What Parley's own pages are served with, in spirit: nothing inline, nothing from the network. */
const POLICY = `default-src 'none'; script-src 'nonce-test'; style-src ${ORIGIN} 'nonce-test'; font-src ${ORIGIN}; img-src data: blob:`;

/** The real bundle of the webview and the scripted host, built from the sources. */
export interface Bundles {
  readonly script: string;
  readonly styles: string;
  readonly host: string;
}

/** Builds both sides in memory. */
export async function buildPages(minify = true): Promise<Bundles> {
  const options = {
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    absWorkingDir: root,
    minify,
    logLevel: 'error',
  } as const;
  const [page, host] = await Promise.all([
    esbuild.build({
      ...options,
      entryPoints: { webview: 'webview/main.tsx' },
      outdir: 'out',
      jsx: 'automatic',
      jsxImportSource: 'preact',
      define: { 'process.env.NODE_ENV': '"production"' },
    }),
    esbuild.build({ ...options, entryPoints: ['test/webview/page.ts'], minify: false }),
  ]);
  const text = (files: readonly esbuild.OutputFile[], ending: string): string =>
    files.find((file) => file.path.endsWith(ending))?.text ?? '';
  return { script: text(page.outputFiles, '.js'), styles: text(page.outputFiles, '.css'), host: host.outputFiles[0]!.text };
}

/** How a page is opened. */
export interface PageSettings {
  readonly view: ViewKind;
  readonly theme: ThemeName;
  readonly width: number;
  readonly height: number;
  readonly scenario: Scenario;
  /** CSS zoom of the page, as the window's zoom level does it. */
  readonly zoom?: number;
  readonly reducedMotion?: boolean;
  /** Whether the workspace is trusted; it is unless said. */
  readonly trusted?: boolean;
}

/** Opens a view in a page of its own; errors and CSP violations end up in `problems`. */
export async function openPage(browser: Browser, bundles: Bundles, settings: PageSettings): Promise<{ page: Page; problems: string[] }> {
  const zoom = settings.zoom ?? 1;
  const page = await browser.newPage({
    viewport: { width: Math.round(settings.width / zoom), height: Math.round(settings.height / zoom) },
    deviceScaleFactor: zoom,
    reducedMotion: settings.reducedMotion ? 'reduce' : 'no-preference',
  });
  const problems: string[] = [];
  page.on('pageerror', (error) => problems.push(error.stack ?? error.message));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') problems.push(message.text());
  });
  await page.route(`${ORIGIN}/**`, (route) => {
    const { pathname } = new URL(route.request().url());
    const answer = {
      '/': { contentType: 'text/html', body: html(settings), headers: { 'content-security-policy': POLICY } },
      '/host.js': { contentType: 'text/javascript', body: bundles.host },
      '/webview.js': { contentType: 'text/javascript', body: bundles.script },
      '/webview.css': { contentType: 'text/css', body: bundles.styles },
      '/theme.css': { contentType: 'text/css', body: themeCss(settings.theme) },
      '/scenario.js': { contentType: 'text/javascript', body: `window.scenario = ${JSON.stringify(settings.scenario)};` },
    }[pathname];
    return answer === undefined ? route.fulfill({ status: 204, body: '' }) : route.fulfill(answer);
  });
  await page.goto(`${ORIGIN}/`);
  return { page, problems };
}

function readTheme(name: ThemeName): Theme {
  return JSON.parse(fs.readFileSync(path.join(folder, 'themes', `${name}.json`), 'utf8')) as Theme;
}

/** Parley's own colours in a theme, as package.json contributes them. */
function ownColours(name: ThemeName): Record<string, string> {
  const kind = ({ dark: 'dark', light: 'light', 'hc-dark': 'highContrast', 'hc-light': 'highContrastLight' } as const)[name];
  const manifest = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    contributes?: { colors?: { id: string; defaults: Record<typeof kind, string> }[] };
  };
  return Object.fromEntries(
    (manifest.contributes?.colors ?? []).map(({ id, defaults }) => [`--vscode-${id.replaceAll('.', '-')}`, defaults[kind]]),
  );
}

function themeCss(name: ThemeName): string {
  const variables = { ...readTheme(name).variables, ...ownColours(name) };
  return `html { ${Object.entries(variables)
    .map(([key, value]) => `${key}: ${value};`)
    .join(' ')} }
@layer vscode-default { body { background: var(--vscode-editor-background); color: var(--vscode-editor-foreground); font-family: var(--vscode-font-family); font-size: var(--vscode-font-size); margin: 0; padding: 0 20px; } }`;
}

function html({ view, theme, trusted = true }: PageSettings): string {
  const { bodyClass, themeKind } = readTheme(theme);
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta property="csp-nonce" content="test" />
    <title>Parley</title>
    <link rel="stylesheet" href="/theme.css" />
    <link rel="stylesheet" href="/webview.css" />
  </head>
  <body class="${bodyClass}" data-vscode-theme-kind="${themeKind}" data-view="${view}" data-trusted="${trusted}">
    <script nonce="test" src="/scenario.js"></script>
    <script nonce="test" src="/host.js"></script>
    <script nonce="test" src="/webview.js"></script>
  </body>
</html>`;
}
