import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { newAnnotation } from '../../src/annotations';
import { writeSampleBranches } from '../runs/sampleBranch';
import { writeSampleRun } from '../runs/sampleRun';
import { useWorkbench } from './workbench';

const hostile = '<img src="https://example.com/x.png"> ![x](https://example.com/y.png) [run](command:workbench.action.quit) \u202eback';

describe('In a workspace that is not trusted', () => {
  const requests: string[] = [];
  const workbench = useWorkbench({
    askForTrust: true,
    prepare: async (folder) => {
      const run = path.join(folder, '.parley/runs/sample');
      const config = writeSampleRun(run, 2, {}, {}, (rows) =>
        rows.map((row) => ({ ...row, text: hostile, token_texts: [hostile, '<end>'], prompt: hostile })),
      );
      await writeSampleBranches(run, config, { iteration: 2, negotiation: 0, turn: 1 });
      const anchor = { run: 'sample', iteration: 2, negotiation: 0, turn: 0, tokens: { start: 0, end: 2 }, quote: 'gone' };
      const line = JSON.stringify(newAnnotation('0', anchor, hostile, [], { author: hostile, time: '2026-01-31T12:00:00.000Z' }));
      fs.mkdirSync(path.join(folder, '.parley/annotations'), { recursive: true });
      fs.writeFileSync(path.join(folder, '.parley/annotations/sample.jsonl'), `${line}\n`);
    },
  });
  const files = (): string[] => fs.readdirSync(path.join(workbench().workspace, '.parley'), { recursive: true, encoding: 'utf8' }).sort();
  let before: string[] = [];

  it('says so, and offers nothing that starts or changes anything', async () => {
    before = files();
    workbench().page.on('request', (request) => requests.push(request.url()));
    await workbench().page.locator('.statusbar-item', { hasText: 'Restricted Mode' }).waitFor();
    await workbench().viewContainer('Parley').click();
    await workbench().page.getByText('Restricted Mode: Parley shows runs and starts nothing').first().waitFor();
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

  it('has started no process, written no file and fetched nothing', () => {
    expect(files()).toEqual(before);
    expect(workbench().logs()).not.toMatch(/Started in|Resumed in/);
    expect(requests.filter((url) => url.includes('example.com'))).toEqual([]);
    expect(workbench().ownErrors()).toEqual([]);
  });
});
