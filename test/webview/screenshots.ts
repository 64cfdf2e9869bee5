// Draws every view in every theme at several widths into test/screenshots/. `--only PATTERN` picks by name, `--quick` leaves axe out.
//   npx vite-node test/webview/screenshots.ts -- --only '^tree.*dark'
import fs from 'node:fs';
import path from 'node:path';
import AxeBuilder from 'axe-core';
import { launchBrowser } from '../host/browser';
import { buildPages, openPage, type PageSettings, THEMES } from './browser';

const only = process.argv.includes('--only') ? new RegExp(process.argv[process.argv.indexOf('--only') + 1] ?? '') : /./;
const quick = process.argv.includes('--quick');
const out = path.resolve('test/screenshots');
fs.mkdirSync(out, { recursive: true });

const tree = { view: 'tree', width: 300, height: 700 } as const;
const ipdPlace = { run: 'ipd-aa', iteration: 120, group: 2, negotiation: 19 };
const treeOpen = { runs: 'pair', select: { ...ipdPlace, round: 3, turn: 7 } } as const;
const splitPlace = { run: 'trust-aa', iteration: 92, group: 3, negotiation: 27, round: 5, turn: 21, token: 4 };

type Shot = Omit<PageSettings, 'theme'> & { readonly name: string; readonly act?: string };
const shots: readonly Shot[] = [
  { name: 'tree', ...tree, scenario: treeOpen },
  { name: 'tree-narrow', ...tree, width: 250, scenario: treeOpen },
  {
    name: 'tree-filter',
    ...tree,
    scenario: {
      runs: 'broken',
      expand: ['old-run', 'old-run/12', 'old-run/12/g1'],
      state: { filter: 'reward.alice > 2.6 and not invalid' },
    },
  },
  { name: 'tree-complete', ...tree, scenario: { runs: 'broken', expand: ['old-run'] }, act: 'type' },
  {
    name: 'tree-sorted',
    ...tree,
    scenario: {
      runs: 'two',
      select: { run: 'ipd-aa', iteration: 11, group: 3, negotiation: 27 },
      state: { filter: 'not invalid', sort: { by: 'credit.size', descending: true } },
    },
  },
  { name: 'tree-filter-problem', ...tree, scenario: { runs: 'broken', expand: ['old-run'], state: { filter: 'reward = 3' } } },
  { name: 'tree-empty', ...tree, scenario: { runs: 'none' } },
  { name: 'tree-broken', ...tree, scenario: { runs: 'broken', expand: ['old-run'] } },
  {
    name: 'inspector-ipd',
    view: 'inspector',
    width: 1400,
    height: 900,
    scenario: { runs: 'pair', select: { ...ipdPlace, round: 3, turn: 6, token: 0 } },
  },
  { name: 'inspector-split', view: 'inspector', width: 1480, height: 900, scenario: { runs: 'split', select: splitPlace }, act: 'token' },
  { name: 'inspector-500', view: 'inspector', width: 500, height: 900, scenario: { runs: 'split', select: splitPlace } },
  { name: 'inspector-800', view: 'inspector', width: 800, height: 900, scenario: { runs: 'pair', select: ipdPlace } },
  { name: 'inspector-zoom', view: 'inspector', width: 1400, height: 900, zoom: 2, scenario: { runs: 'split', select: splitPlace } },
  {
    name: 'iteration-zoom',
    view: 'inspector',
    width: 1400,
    height: 900,
    zoom: 2,
    scenario: { runs: 'seeds', select: { run: 'aa-1', iteration: 62 } },
  },
  {
    name: 'compare-zoom',
    view: 'inspector',
    width: 1400,
    height: 900,
    zoom: 2,
    scenario: {
      runs: 'pair',
      select: ipdPlace,
      state: { comparing: true, columns: [{ run: 'ipd-rl' }, { run: 'ipd-aa', iteration: 12 }] },
    },
  },
  { name: 'matchups-zoom', view: 'inspector', width: 1400, height: 900, zoom: 2, scenario: { runs: 'pair', matchups: 0 } },
  {
    name: 'tree-zoom',
    ...tree,
    width: 600,
    height: 900,
    zoom: 2,
    scenario: { runs: 'two', state: { sort: { by: 'reward', descending: false } } },
  },
  {
    name: 'inspector-opponent',
    view: 'inspector',
    width: 1400,
    height: 900,
    scenario: { runs: 'opponent', select: { ...ipdPlace, round: 3, turn: 7 } },
  },
  {
    name: 'inspector-imported',
    view: 'inspector',
    width: 1200,
    height: 900,
    scenario: { runs: 'imported', select: { run: 'ipd-aa' }, state: { measures: ['entropy'], advantageChart: 'credits' } },
  },
  { name: 'inspector-300', view: 'inspector', width: 300, height: 900, scenario: { runs: 'split', select: splitPlace } },
  {
    name: 'compare-300',
    view: 'inspector',
    width: 300,
    height: 900,
    scenario: { runs: 'pair', select: ipdPlace, state: { comparing: true } },
  },
  { name: 'matchups-300', view: 'inspector', width: 300, height: 700, scenario: { runs: 'pair', matchups: 3 } },
  {
    name: 'iteration-300',
    view: 'inspector',
    width: 300,
    height: 900,
    scenario: { runs: 'seeds', select: { run: 'aa-1', iteration: 62 } },
  },
  ...(['credit', 'own', 'alignment', 'logProb', 'kl', 'entropy', 'validMass'] as const).map(
    (measure): Shot => ({
      name: `tokens-${measure}`,
      view: 'inspector',
      width: 1100,
      height: 620,
      scenario: { runs: 'split', select: splitPlace, state: { colourBy: measure } },
    }),
  ),
  { name: 'inspector-none', view: 'inspector', width: 1200, height: 800, scenario: { runs: 'pair', select: { run: 'ipd-aa' } } },
  { name: 'inspector-starting', view: 'inspector', width: 1200, height: 800, scenario: { runs: 'starting', select: { run: 'ipd-aa' } } },
  { name: 'inspector-nothing', view: 'inspector', width: 1000, height: 600, scenario: { runs: 'none' } },
  {
    name: 'compare',
    view: 'inspector',
    width: 1480,
    height: 900,
    scenario: { runs: 'pair', select: ipdPlace, state: { comparing: true } },
  },
  {
    name: 'compare-four',
    view: 'inspector',
    width: 1600,
    height: 900,
    scenario: {
      runs: 'pair',
      select: { ...ipdPlace, round: 3, turn: 6 },
      state: { comparing: true, columns: [{ run: 'ipd-rl' }, { run: 'ipd-aa', iteration: 12 }, { run: 'ipd-aa', negotiation: 18 }] },
    },
  },
  {
    name: 'compare-three-split',
    view: 'inspector',
    width: 1480,
    height: 900,
    scenario: {
      runs: 'split',
      select: splitPlace,
      state: { comparing: true, columns: [{ run: 'trust-rl' }, { run: 'trust-aa', iteration: 12 }] },
    },
  },
  {
    name: 'compare-split',
    view: 'inspector',
    width: 1480,
    height: 900,
    scenario: { runs: 'split', select: splitPlace, state: { comparing: true } },
  },
  {
    name: 'seeds',
    view: 'inspector',
    width: 1480,
    height: 900,
    scenario: { runs: 'seeds', select: { run: 'aa-1', iteration: 62, group: 2, negotiation: 19 }, state: { advantageChart: 'advantages' } },
  },
  {
    name: 'iteration',
    view: 'inspector',
    width: 1480,
    height: 900,
    scenario: { runs: 'seeds', select: { run: 'aa-1', iteration: 62 } },
  },
  {
    name: 'credits',
    view: 'inspector',
    width: 1000,
    height: 900,
    scenario: {
      runs: 'split',
      select: splitPlace,
      state: { detail: 'charts', advantageChart: 'credits', measures: ['truthful', 'rmsAlignment'] },
    },
  },
  { name: 'matchups', view: 'inspector', width: 1200, height: 800, scenario: { runs: 'pair', matchups: 0 }, act: 'cell' },
  { name: 'matchups-partly', view: 'inspector', width: 700, height: 600, scenario: { runs: 'pair', matchups: 9 } },
  {
    name: 'branches',
    view: 'inspector',
    width: 1400,
    height: 900,
    scenario: { runs: 'pair', branches: { turn: 7, count: 4 }, select: { ...ipdPlace, round: 3, turn: 7 }, state: { says: true } },
  },
  {
    name: 'branch',
    view: 'inspector',
    width: 1400,
    height: 900,
    scenario: { runs: 'pair', branches: { turn: 7, count: 4 }, select: { ...ipdPlace, round: 3, turn: 7, branch: 2 } },
  },
  {
    name: 'branch-beside',
    view: 'inspector',
    width: 1480,
    height: 900,
    scenario: {
      runs: 'pair',
      branches: { turn: 7, count: 4 },
      select: { ...ipdPlace, round: 3, turn: 7, branch: 2 },
      state: { comparing: true },
    },
  },
  {
    name: 'says-narrow',
    view: 'inspector',
    width: 500,
    height: 900,
    scenario: { runs: 'split', branches: { turn: 21, count: 2 }, select: splitPlace, state: { says: true } },
  },
  { name: 'keys', view: 'inspector', width: 1000, height: 800, scenario: { runs: 'pair', select: ipdPlace }, act: '?' },
];

const bundles = await buildPages();
const browser = await launchBrowser();
console.log(`webview.js ${(bundles.script.length / 1024).toFixed(0)} KB, webview.css ${(bundles.styles.length / 1024).toFixed(0)} KB`);
for (const { name, act, ...shot } of shots) {
  for (const theme of THEMES) {
    const file = `${name}.${theme}`;
    if (!only.test(file)) continue;
    const { page, problems } = await openPage(browser, bundles, { ...shot, theme });
    await page.waitForTimeout(400);
    if (act === 'token') await page.locator('.token[tabindex="0"]').focus();
    if (act === 'type') {
      await page.locator('vscode-text-field').click();
      await page.keyboard.type('iteration > 2 and re');
    }
    if (act === 'cell') await page.locator('[data-cell="3/5"]').focus();
    if (act === '?') await page.keyboard.press('?');
    await page.waitForTimeout(150);
    // Playwright and axe inject styles of their own, which the policy refuses; what comes after is not ours.
    const ours = [...problems];
    await page.screenshot({ path: path.join(out, `${file}.png`) });
    if (quick) {
      for (const line of ours) console.log(`${file}: ${line}`);
      await page.close();
      continue;
    }
    await page.evaluate(AxeBuilder.source);
    const violations = await page.evaluate(async () => {
      const result = await (
        window as unknown as {
          axe: {
            run(
              options: unknown,
            ): Promise<{ violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[] }>;
          };
        }
      ).axe.run({ runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] } });
      return result.violations.map(
        (v) =>
          `${v.impact} ${v.id}: ${v.nodes.length} × ${v.nodes[0]?.html.slice(0, 160)} ${v.nodes[0]?.failureSummary.split('\n')[1]?.slice(0, 160)}`,
      );
    });
    for (const line of [...ours, ...violations]) console.log(`${file}: ${line}`);
    await page.close();
  }
}
await browser.close();
