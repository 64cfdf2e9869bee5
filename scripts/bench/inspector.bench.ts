import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import * as esbuild from 'esbuild';
import type { Frame } from 'playwright-core';
import { repository } from '../../test/host/server';
import { type Benchmark, type BenchSettings, type Measurement, median } from './benchmark';
import { BenchWorkbench, type FrameTimes } from './benchWorkbench';
import { type BigRunSize, writeBigRun } from './bigRun';

/** How often each kind of step is taken. */
const STEPS = 30;

const benchmark: Benchmark = {
  title: 'The inspector on a big run',
  method:
    'A made-up run of 3000 iterations × 64 negotiations × 10 rounds in four turns each (`scripts/bench/bigRun.ts`), opened in the packaged extension in a real workbench (Chromium without a GPU, driven by Playwright); then a made-up trainer that plays 50 negotiations and 20 000 tokens a second.',
  learned: [
    'A frame is as long as the task of the page’s main thread that makes it; the processor’s part of that is what Parley does, the rest is waiting for a core.',
    'Every journal line carries a summary of its negotiations, so that opening, filtering and sorting read no Parquet; a negotiation is the pages of its own rows.',
    'The extension host holds little; what grows is what decoding leaves behind until V8 collects it. Credits of a seed group follow from four numbers a row instead of three lists of tokens, columns are decoded four at a time, lists that are the same in every iteration are held once, and a journal is read through one page of memory: sixty negotiations more cost a few MiB instead of 176.',
    'The lists of the tree are taller than an element may be; they are scrolled by a scale of their own, and no more rows than fit the screen are there.',
  ],
  ui: true,
  seconds: 7200,
  async run(settings: BenchSettings) {
    const size: BigRunSize = { iterations: settings.iterations ?? 3000, negotiations: 64, rounds: 10, seed: 0 };
    return [...(await bigRun(size)), ...(await liveRun(settings.minutes ?? 10))];
  },
};

export default benchmark;

async function bigRun(size: BigRunSize): Promise<Measurement[]> {
  const root = path.join(os.tmpdir(), 'parley-big-run', `${size.iterations}-${size.negotiations}-${size.rounds}-${size.seed}`);
  const kept = path.join(root, 'kept');
  const workspace = path.join(root, 'workspace');
  const place = path.join(workspace, '.parley/runs/big');
  // Left there by a benchmark that was cut off.
  if (fs.existsSync(place)) fs.renameSync(place, kept);
  let told = Date.now();
  await writeBigRun(kept, size, (iteration) => {
    if (Date.now() - told < 20_000) return;
    told = Date.now();
    process.stdout.write(`  made ${iteration} of ${size.iterations} iterations\n`);
  });
  const bytes = folderSize(kept);
  fs.rmSync(workspace, { recursive: true, force: true });
  fs.mkdirSync(workspace, { recursive: true });
  const workbench = await BenchWorkbench.open(workspace);
  try {
    // The extension has not been started: nothing in the workspace asks for it yet.
    await pause(3000);
    const before = workbench.hostMemory();
    fs.mkdirSync(path.dirname(place), { recursive: true });
    fs.renameSync(kept, place);
    fs.readFileSync(path.join(place, 'journal.jsonl'));
    const rows: Measurement[] = [];
    const all = `${size.iterations} iterations, ${(bytes / 1e9).toFixed(1)} GB`;

    let started = performance.now();
    await workbench.openSideBar();
    const tree = await paintedIn(
      () => workbench.tree(),
      () => /\d+ of \d+/.test(document.querySelector('.row:not(.placeholder) .detail')?.textContent ?? ''),
    );
    rows.push({
      measure: 'opened to first paint',
      value: performance.now() - started,
      unit: 'ms',
      target: '≤ 1000',
      note: `${all}; from the click on Parley’s icon, the extension’s start and the reading of the journal included`,
    });

    const grown = (): number => (workbench.hostMemory() - before) / 2 ** 20;
    const stages = [`${grown().toFixed(0)} at first paint`];
    const treeNode = tree.locator('.tree');
    await tree.locator('.row').first().click();
    await painted(tree, () => document.querySelectorAll('.row').length > 2);
    rows.push(framesRow('scrolling the tree', await workbench.frames(tree, () => scroll(workbench, treeNode))));

    started = performance.now();
    await tree.locator('.sort vscode-dropdown').click();
    await tree.locator('.sort vscode-option', { hasText: 'reward.joint' }).click();
    await painted(tree, () => /#\d+/.test(document.querySelector('.row:not(.placeholder) .detail')?.textContent ?? ''));
    rows.push({
      measure: 'sorted by a measure',
      value: performance.now() - started,
      unit: 'ms',
      note: `${size.iterations * size.negotiations} negotiations; two clicks included`,
    });
    rows.push(framesRow('scrolling the sorted list', await workbench.frames(tree, () => scroll(workbench, treeNode))));

    started = performance.now();
    await tree.locator('.row').nth(3).click();
    const inspector = await inspectorOf(workbench);
    stages.push(`${grown().toFixed(0)} with the inspector`);
    rows.push({
      measure: 'inspector opened',
      value: performance.now() - started,
      unit: 'ms',
      note: 'from the click in the tree: the page is loaded for the first time',
    });

    const at = Number(/iteration (\d+)/.exec((await inspector.locator('.place-bar').textContent()) ?? '')?.[1] ?? 1);
    const towards = at > size.iterations / 2 ? '[' : ']';
    rows.push(
      ...openingRows(towards, 'in the next file', await steps(inspector, towards, Math.min(STEPS, Math.floor(size.iterations / 2) - 1))),
    );
    rows.push(...openingRows('l', 'the next of the list', await steps(inspector, 'l', STEPS)));
    await inspector.locator('.transcript').focus();
    rows.push(
      framesRow(
        'stepping turn by turn, token by token',
        await workbench.frames(inspector, async () => {
          for (const key of ['j', 'ArrowRight', 'n', 'ArrowRight', 'k', 'd']) {
            for (let i = 0; i < STEPS; i++) await workbench.page.keyboard.press(key);
          }
        }),
      ),
    );
    rows.push({
      measure: 'extension host’s growth',
      value: grown(),
      unit: 'MiB',
      target: '≤ 150',
      note: `resident, against before Parley was started: ${stages.join(', ')}, then ${2 * STEPS} negotiations opened`,
    });
    return rows;
  } finally {
    await workbench.close();
    if (fs.existsSync(place)) fs.renameSync(place, kept);
  }
}

/** The inspector once it shows tokens. */
function inspectorOf(workbench: BenchWorkbench): Promise<Frame> {
  return paintedIn(
    () => workbench.inspector(),
    () => document.querySelector('.transcript .token') !== null,
  );
}

/** Time from a key to the next negotiation's tokens on the screen, again and again. */
async function steps(inspector: Frame, key: string, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    times.push(
      await inspector.evaluate(async (pressed) => {
        const place = (): string =>
          [...document.querySelectorAll('.place-bar .number')]
            .slice(0, 3)
            .map((one) => one.textContent)
            .join();
        const from = place();
        const began = performance.now();
        document.dispatchEvent(new KeyboardEvent('keydown', { key: pressed, bubbles: true }));
        for (;;) {
          await new Promise((resolve) => requestAnimationFrame(resolve));
          if (place() !== from && document.querySelector('.transcript .token') !== null) break;
          if (performance.now() - began > 20_000) throw new Error(`“${pressed}” led nowhere from ${from}`);
        }
        // What was rendered before a frame is on the screen with it.
        await new Promise((resolve) => requestAnimationFrame(resolve));
        return performance.now() - began;
      }, key),
    );
  }
  return times;
}

function openingRows(key: string, what: string, times: readonly number[]): Measurement[] {
  const note = `${times.length} times “${key}”`;
  return [
    { measure: `negotiation opened, ${what}: median`, value: median(times), unit: 'ms', target: '≤ 200', note },
    { measure: `negotiation opened, ${what}: slowest`, value: Math.max(...times), unit: 'ms', target: '≤ 200', note },
  ];
}

function framesRow(what: string, { frames, longest, over50, trace }: FrameTimes): Measurement {
  return {
    measure: `longest frame, ${what}`,
    value: trace.longest,
    unit: 'ms',
    target: '≤ 50',
    note: `longest task of the page’s main thread in Chromium’s trace; ${trace.over50} of ${trace.tasks} tasks over 50 ms, ${trace.longestCpu.toFixed(0)} ms of processor time at most; frames at most ${longest.toFixed(0)} ms apart, ${over50} of ${frames} over 50 ms`,
  };
}

/** All of them as one. */
function worstOf(seen: readonly FrameTimes[]): FrameTimes {
  const sum = (read: (one: FrameTimes) => number): number => seen.reduce((total, one) => total + read(one), 0);
  const most = (read: (one: FrameTimes) => number): number => Math.max(...seen.map(read));
  return {
    frames: sum(({ frames }) => frames),
    longest: most(({ longest }) => longest),
    over50: sum(({ over50 }) => over50),
    trace: {
      tasks: sum(({ trace }) => trace.tasks),
      longest: most(({ trace }) => trace.longest),
      longestCpu: most(({ trace }) => trace.longestCpu),
      over50: sum(({ trace }) => trace.over50),
    },
  };
}

async function scroll(workbench: BenchWorkbench, tree: ReturnType<Frame['locator']>): Promise<void> {
  await tree.hover();
  for (const [times, by] of [
    [60, 120],
    [40, 2400],
    [40, -1200],
  ] as const) {
    for (let i = 0; i < times; i++) {
      await workbench.page.mouse.wheel(0, by);
      await pause(16);
    }
  }
}

async function liveRun(minutes: number): Promise<Measurement[]> {
  const workspace = fs.mkdtempSync(path.join(os.tmpdir(), 'parley-live-'));
  const trainer = path.join(repository, 'out/bench/liveTrainer.cjs');
  await esbuild.build({
    entryPoints: [path.join(repository, 'scripts/bench/liveTrainer.ts')],
    outfile: trainer,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'error',
  });
  const seconds = Math.round(minutes * 60);
  const workbench = await BenchWorkbench.open(workspace, { trainer, env: { PARLEY_BENCH_SECONDS: String(seconds) } });
  try {
    await workbench.openSideBar();
    const tree = await workbench.tree();
    await startRun(workbench);
    const inspector = await inspectorOf(workbench);
    const heaps: number[] = [];
    const hosts: number[] = [];
    const seen: FrameTimes[] = [];
    const until = Date.now() + seconds * 1000;
    while (Date.now() < until) {
      seen.push(await workbench.frames(inspector, () => pause(Math.min(10_000, Math.max(1000, until - Date.now())))));
      heaps.push(await workbench.pageHeap(inspector));
      hosts.push(workbench.hostMemory());
    }
    const folder = runFolder(workspace);
    const sent = await waitForSent(folder);
    // What is on the screen has to have caught up with the last message.
    const shown = await shownOf(tree, sent);
    const half = Math.floor(heaps.length / 2);
    const growth = (values: readonly number[]): number =>
      (median(values.slice(half)) - median(values.slice(0, Math.max(1, half)))) / 2 ** 20;
    const rate = `${minutes} min, ${sent.negotiations} negotiations, ${sent.tokens} tokens (${Math.round(sent.tokens / seconds)} a second)`;
    return [
      {
        measure: 'live: iterations that the tree lacks at the end',
        value: sent.iterations - shown.iterations,
        unit: '',
        target: '≤ 0',
        note: rate,
      },
      {
        measure: 'live: negotiations under way that it lacks',
        value: sent.underway - shown.underway,
        unit: '',
        target: '≤ 0',
        note: `of ${sent.underway} that were told and not committed`,
      },
      framesRow('live, following', worstOf(seen)),
      {
        measure: 'live: growth of the page’s heap',
        value: growth(heaps),
        unit: 'MiB',
        target: '≤ 20',
        note: 'second half against first, after collections',
      },
      {
        measure: 'live: growth of the extension host',
        value: growth(hosts),
        unit: 'MiB',
        note: `second half against first; it keeps the summaries of ${sent.iterations} iterations`,
      },
    ];
  } finally {
    await workbench.close();
    fs.rmSync(workspace, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

async function startRun({ page }: BenchWorkbench): Promise<void> {
  await page.keyboard.press('F1');
  const input = page.locator('.quick-input-widget input').first();
  await input.waitFor();
  await input.fill('>Parley: Start AA Run');
  await page.locator('.quick-input-list .monaco-list-row', { hasText: 'Parley: Start AA Run' }).first().click();
  for (const title of ['Game', 'Policy', 'Preset']) {
    await page.locator('.quick-input-title', { hasText: title }).waitFor();
    if (title === 'Game') await input.fill('Trust-and-Split');
    await page.keyboard.press('Enter');
  }
}

function runFolder(workspace: string): string {
  const runs = path.join(workspace, '.parley/runs');
  const [id] = fs.readdirSync(runs);
  if (id === undefined) throw new Error('no run was started');
  return path.join(runs, id);
}

interface Sent {
  readonly iterations: number;
  readonly negotiations: number;
  readonly tokens: number;
  readonly underway: number;
}

async function waitForSent(folder: string): Promise<Sent> {
  const file = path.join(folder, 'sent.json');
  for (let waited = 0; !fs.existsSync(file); waited += 200) {
    if (waited > 60_000) throw new Error('the made-up trainer did not come to its end');
    await pause(200);
  }
  const sent = JSON.parse(fs.readFileSync(file, 'utf8')) as Omit<Sent, 'underway'>;
  return { ...sent, underway: 64 };
}

/** What the tree says of the run and of the iteration under way, once that stands still. */
async function shownOf(tree: Frame, sent: Sent): Promise<{ readonly iterations: number; readonly underway: number }> {
  const read = async (): Promise<{ iterations: number; underway: number }> => {
    const texts = await tree.locator('.row').allTextContents();
    const run = texts.map((text) => /(\d+) of 100000/.exec(text)?.[1]).find((count) => count !== undefined);
    const underway = texts.map((text) => /under way · (\d+) negotiation/.exec(text)?.[1]).find((count) => count !== undefined);
    return { iterations: Number(run ?? 0), underway: Number(underway ?? 0) };
  };
  await tree.locator('.tree').focus();
  let seen = { iterations: 0, underway: 0 };
  for (let attempt = 0; attempt < 50; attempt++) {
    // The run is at the top of the tree, what is under way at its end; rows between them need not be there.
    await tree.locator('.tree').press('Home');
    await pause(150);
    const top = await read();
    await tree.locator('.tree').press('End');
    await pause(150);
    const end = await read();
    seen = { iterations: Math.max(top.iterations, end.iterations), underway: Math.max(top.underway, end.underway) };
    if (seen.iterations >= sent.iterations && seen.underway >= sent.underway) break;
  }
  return seen;
}

/** The document in which a condition holds, once what it means is on the screen. VS Code may load a webview's page anew while we wait. */
async function paintedIn(document: () => Promise<Frame>, condition: () => boolean): Promise<Frame> {
  for (let attempt = 1; ; attempt++) {
    const frame = await document();
    try {
      await painted(frame, condition);
      return frame;
    } catch (error) {
      if (attempt === 5 || !(error instanceof Error && /detached|destroyed/.test(error.message))) throw error;
    }
  }
}

/** Resolves with the frame after a condition holds in a document. */
async function painted(frame: Frame, condition: () => boolean): Promise<void> {
  await frame.waitForFunction(condition, undefined, { polling: 'raf', timeout: 60_000 });
  await frame.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

function folderSize(folder: string): number {
  return fs
    .readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + fs.statSync(path.join(entry.parentPath, entry.name)).size, 0);
}
