import fs from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newAnnotation } from '../../src/annotations';
import { writeSampleBranches } from '../runs/sampleBranch';
import { writeSampleRun } from '../runs/sampleRun';
import { useWorkbench } from './workbench';

const hostile = '<img src="https://example.com/x.png"> ![x](https://example.com/y.png) [run](command:workbench.action.quit) \u202eback';

/** What looks like a link that runs a command, and like an icon, wherever VS Code reads either. */
const TRAP = '[run](command:workbench.action.terminal.new) $(trash) \u202eback';

/** The same as it is shown. */
const SHOWN = '[run] (command:workbench.action.terminal.new) $ (trash) \\u{202e}back';

describe('In a workspace that is not trusted', () => {
  const requests: string[] = [];
  let calls = 0;
  const endpoint = createServer((_, answer) => {
    calls++;
    answer.end();
  });
  const workbench = useWorkbench({
    askForTrust: true,
    prepare: async (folder) => {
      const run = path.join(folder, '.parley/runs/sample');
      const config = writeSampleRun(run, 2, {}, { name: `sample aa ${TRAP}` }, (rows) =>
        rows.map((row) => ({ ...row, text: hostile, token_texts: [hostile, '<end>'], prompt: hostile, player: TRAP })),
      );
      await writeSampleBranches(run, config, { iteration: 2, negotiation: 0, turn: 1 });
      const anchor = { run: 'sample', iteration: 2, negotiation: 0, turn: 0, tokens: { start: 0, end: 2 }, quote: 'gone' };
      const deed = { author: hostile, time: '2026-01-31T12:00:00.000Z' };
      const gone = newAnnotation('1', { ...anchor, iteration: 77, quote: TRAP }, `gone ${TRAP}`, [], deed);
      const line = [newAnnotation('0', anchor, hostile, [], deed), gone].map((each) => JSON.stringify(each)).join('\n');
      fs.mkdirSync(path.join(folder, '.parley/annotations'), { recursive: true });
      fs.writeFileSync(path.join(folder, '.parley/annotations/sample.jsonl'), `${line}\n`);
    },
  });
  const files = (): string[] => fs.readdirSync(path.join(workbench().workspace, '.parley'), { recursive: true, encoding: 'utf8' }).sort();
  let before: string[] = [];
  beforeAll(async () => {
    await new Promise<void>((resolve) => void endpoint.listen(0, '127.0.0.1', resolve));
    const address = endpoint.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    workbench().changeSettings({ 'parley.apis': { lab: { baseUrl: `http://127.0.0.1:${port}/v1`, model: 'none' } } });
  });
  afterAll(() => void endpoint.close());

  it('says so, and offers nothing that starts or changes anything', async () => {
    before = files();
    workbench().page.on('request', (request) => requests.push(request.url()));
    await workbench().page.locator('.statusbar-item', { hasText: 'Restricted Mode' }).waitFor();
    await workbench().viewContainer('Parley').click();
    await workbench().page.getByText('Restricted Mode: Parley shows runs and starts nothing').first().waitFor();
    await workbench().page.locator('.pane-header [aria-label*="Manage Workspace Trust"]').first().waitFor({ state: 'attached' });
    await workbench()
      .sidebar()
      .getByRole('treeitem', { name: /sample aa/ })
      .first()
      .waitFor({ timeout: 30_000 });
    const offered = await workbench().commands('Parley: ');
    expect(offered).toContain('Parley: Open Transcript');
    for (const title of [
      'Start AA Run',
      'Start RL Run',
      'Start Paired Run',
      'Resume Run',
      'Delete Run',
      'Rename Run…',
      'Annotate Selection',
      'Evaluate Match-ups…',
      'Play Against Policy…',
      'Set API Key…',
      'Train Best Response…',
    ]) {
      expect(offered).not.toContain(`Parley: ${title}`);
    }
    // Branches that were kept can be read; none can be made, and no policy is asked.
    expect(await workbench().commands('Parley: Open Branch')).toContain('Parley: Open Branch…');
    for (const title of ['Fork Here…', 'Delete Branch', 'What Would They Say?']) {
      expect(await workbench().commands(`Parley: ${title}`)).not.toContain(`Parley: ${title}`);
    }
  });

  it('shows what files say as text, in the transcript, its hover and its annotations', async () => {
    await workbench().command('Parley: Open Transcript');
    const line = workbench().page.locator('.view-line', { hasText: 'Alice │' }).first();
    await line.waitFor({ timeout: 30_000 });
    expect((await line.innerText()).replaceAll('\u00a0', ' ')).toContain(
      '<img src="https://example.com/x.png"> ![x](https://example.com/y.png)',
    );
    const comment = workbench().page.locator('.review-widget .comment-body').first();
    await comment.waitFor();
    await workbench().screenshot('trust');
    expect(await comment.locator('img').count()).toBe(0);
    expect(await comment.innerText()).toContain('<img src=');
    expect(await comment.innerText()).toContain('\\u{202e}back');
    expect(await comment.locator('a[data-href^="command:"]').count()).toBe(0);
    // Nothing to write with, and nothing to press.
    expect(await workbench().page.locator('.review-widget .review-thread-reply-button').count()).toBe(0);
    expect(await workbench().page.locator('.codelens-decoration', { hasText: 'Annotate' }).count()).toBe(0);
    await line.locator('span > span').nth(1).hover();
    const hover = workbench().page.locator('.monaco-hover', { hasText: 'log π sampling' }).first();
    await hover.waitFor();
    expect(await hover.locator('img, a').count()).toBe(0);
  });

  it('shows as text, too, what runs, players and annotations are called: in trees and notifications', async () => {
    const { page } = workbench();
    const tree = workbench().sidebar();
    await tree.getByRole('treeitem').filter({ hasText: 'command:workbench.action.terminal.new' }).first().waitFor();
    expect(await tree.locator('.row a, .row img').count()).toBe(0);
    expect(await tree.getByRole('treeitem').first().innerText()).toContain('\\u{202e}back');
    const header = page.locator('.pane-header', { hasText: 'Annotations' });
    if ((await header.getAttribute('aria-expanded')) !== 'true') await header.click();
    const row = page.locator('.part.sidebar .monaco-list-row', { hasText: `gone ${SHOWN}` }).first();
    await row.waitFor({ timeout: 30_000 });
    expect(await row.locator('.codicon-trash').count()).toBe(0);
    await row.click();
    const notice = workbench().notification('the negotiation of this annotation is gone');
    await notice.waitFor();
    await workbench().screenshot('trust-text');
    expect(await notice.locator('.notification-list-item-message').innerText()).toContain(SHOWN);
    expect(await notice.locator('.notification-list-item-message a').count()).toBe(0);
  });

  it('has started no process, written no file and fetched nothing', () => {
    expect(files()).toEqual(before);
    expect(workbench().logs()).not.toMatch(/Started in|Resumed in|inference:/);
    expect(calls).toBe(0);
    const commands = fs.readdirSync('/proc').flatMap((name) => {
      if (!/^\d+$/.test(name)) return [];
      try {
        return [fs.readFileSync(`/proc/${name}/cmdline`, 'utf8')];
      } catch {
        // It ended meanwhile.
        return [];
      }
    });
    expect(commands.some((command) => command.includes(workbench().server.folder))).toBe(true);
    expect(commands.filter((command) => command.includes(workbench().server.folder) && command.includes('trainer.js'))).toEqual([]);
    expect(requests.filter((url) => url.includes('example.com'))).toEqual([]);
    expect(workbench().ownErrors()).toEqual([]);
  });

  it('is offered to be trusted, and does everything from then on', { timeout: 120_000 }, async () => {
    const { page } = workbench();
    await page.locator('.pane-header', { hasText: 'Runs' }).first().hover();
    await page.locator('.pane-header [aria-label*="Manage Workspace Trust"]').first().click();
    const editor = page.locator('.workspace-trust-editor');
    await editor.waitFor();
    await workbench().screenshot('trust-manage');
    await editor.getByRole('button', { name: 'Trust', exact: true }).click();
    await page.getByText('Restricted Mode: Parley shows runs and starts nothing').first().waitFor({ state: 'detached' });
    await expect.poll(() => workbench().commands('Parley: Start'), { timeout: 30_000 }).toContain('Parley: Start AA Run');
    // It is one in front of all others.
    await workbench().press('Escape');
    await editor.waitFor({ state: 'detached' });
    await page.locator('.review-widget .review-thread-reply-button').first().waitFor();
    await page.locator('.codelens-decoration', { hasText: 'Annotate' }).first().waitFor();
  });
});
