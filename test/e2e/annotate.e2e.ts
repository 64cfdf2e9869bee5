import fs from 'node:fs';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { type Annotation, parseAnnotations } from '../../src/annotations';
import type { TurnRow } from '../../src/protocol/rollouts';
import { writeSampleRun } from '../runs/sampleRun';
import { useWorkbench } from './workbench';

/** Talk of an agent, token by token. */
const TALK = ['I', ' hold', ' rock', ',', ' trust', ' me', ' 👍', '\n', 'You', ' keep', ' 3', '<end>'];

/** The sample's rows with something to read: pushes of both signs, a long message. */
function talkative(rows: TurnRow[]): TurnRow[] {
  const each = <T>(make: (i: number) => T): T[] => TALK.map((_, i) => make(i));
  return rows.map((row) => {
    if (row.turn % 2 === 1) return { ...row, credit: row.credit.map(() => -1.25), own_advantage: row.own_advantage.map(() => -1.5) };
    return {
      ...{ ...row, text: TALK.slice(0, -1).join(''), token_texts: TALK, token_ids: each((i) => 20 + i) },
      ...{ log_probs: each((i) => -0.05 - i / 3), train_log_probs: each((i) => -0.05 - i / 3), ratios: each(() => 1) },
      ...{ reference_log_probs: each(() => -1), entropies: each(() => 0.5), valid_mass: each(() => 1), forced: each(() => false) },
      ...{ own_advantage: each(() => 1), alignment_term: each(() => 0.5), credit: each(() => 1.5) },
    };
  });
}

describe('A transcript in the editor', () => {
  const workbench = useWorkbench({
    viewport: { width: 1440, height: 1000 },
    settings: { 'parley.author': 'ada' },
    prepare: (folder) => void writeSampleRun(path.join(folder, '.parley/runs/sample'), 2, {}, {}, talkative),
  });
  const lines = (): Locator => workbench().page.locator('.editor-instance .view-line');
  const line = (text: string): Locator => lines().filter({ hasText: text }).first();
  const thread = (): Locator => workbench().page.locator('.review-widget').first();
  const kept = (): readonly Annotation[] => {
    const file = path.join(workbench().workspace, '.parley/annotations/sample.jsonl');
    return fs.existsSync(file) ? parseAnnotations(fs.readFileSync(file, 'utf8')).annotations : [];
  };

  it('opens from the palette, coloured, with what can be done above each turn', async () => {
    await workbench().viewContainer('Parley').click();
    await workbench()
      .sidebar()
      .getByRole('treeitem', { name: /sample aa/ })
      .first()
      .waitFor({ timeout: 30_000 });
    await workbench().command('Parley: Open Transcript');
    await line('Round 1').waitFor({ timeout: 30_000 });
    await workbench().page.locator('.codelens-decoration', { hasText: 'Explain Credit (+1.50)' }).first().waitFor();
    const token = line('trust').locator('span[class*="ced-"]', { hasText: 'trust' }).first();
    await token.waitFor();
    const style = await token.evaluate((element) => {
      const { textDecorationLine, backgroundColor } = getComputedStyle(element);
      return { textDecorationLine, backgroundColor };
    });
    expect(style.textDecorationLine).toBe('underline');
    expect(style.backgroundColor).not.toBe('rgba(0, 0, 0, 0)');
    await workbench().screenshot('transcript-dark');
  });

  it('says a token’s numbers on hover', async () => {
    await line('trust').locator('span[class*="ced-"]', { hasText: 'trust' }).first().hover();
    const hover = workbench().page.locator('.monaco-hover', { hasText: 'log π sampling' }).first();
    await hover.waitFor();
    expect(await hover.innerText()).toMatch(/push\s+\+1\.\d{3}/);
    await workbench().screenshot('transcript-hover');
  });

  it('is annotated where the cursor is, tags completed', async () => {
    await line('rock').click();
    await workbench().command('Parley: Annotate Selection');
    await thread().waitFor();
    await workbench().page.keyboard.type('says rock, holds paper #dec', { delay: 15 });
    await workbench().page.locator('.suggest-widget .monaco-list-row', { hasText: '#deceptive' }).first().waitFor();
    await workbench().press('Enter');
    await workbench().screenshot('annotate-writing');
    await thread().locator('.monaco-button', { hasText: 'Annotate' }).click();
    await expect
      .poll(() => kept().map(({ body, tags, author }) => ({ body, tags, author })))
      .toEqual([{ body: 'says rock, holds paper #deceptive', tags: ['deceptive'], author: 'ada' }]);
    expect(kept()[0]?.quote).toBe(TALK.join('').replace('\n', '↵\n'));
    await thread().locator('.comment-body', { hasText: 'says rock, holds paper' }).waitFor();
  });

  it('is answered', async () => {
    await thread().locator('.review-thread-reply-button').click();
    await workbench().page.keyboard.type('agreed');
    await thread().locator('.monaco-button', { hasText: 'Reply' }).click();
    await expect.poll(() => kept()[0]?.replies.map(({ body }) => body)).toEqual(['agreed']);
    await thread().locator('.comment-body', { hasText: 'agreed' }).waitFor();
    await workbench().screenshot('annotate-thread');
  });

  it('rewrites one’s own words in place', async () => {
    const comment = thread().locator('.review-comment').nth(1);
    await comment.hover();
    await comment.locator('[aria-label="Parley: Edit"], [aria-label="Edit"]').first().click();
    await comment.locator('.monaco-editor').first().waitFor();
    await workbench().press('Control+a');
    await workbench().page.keyboard.type('agreed twice');
    await comment.locator('.monaco-button', { hasText: 'Save' }).click();
    await expect.poll(() => kept()[0]?.replies.map(({ body }) => body)).toEqual(['agreed twice']);
  });

  it('is resolved', async () => {
    await thread().locator('.head [aria-label^="Parley: Resolve Annotation"], .head [aria-label^="Resolve Annotation"]').first().click();
    await expect.poll(() => kept()[0]?.resolved).toBe(true);
  });

  it('is shown again after a reload, in a light theme too, and in the tree of annotations', async () => {
    await workbench().useTheme('light');
    await workbench().reload();
    await line('Round 1').waitFor({ timeout: 60_000 });
    const header = workbench().page.locator('.pane-header', { hasText: 'Annotations' });
    if ((await header.getAttribute('aria-expanded')) !== 'true') await header.click();
    const row = workbench().page.locator('.part.sidebar .monaco-list-row', { hasText: 'says rock' }).first();
    await row.waitFor({ timeout: 30_000 });
    await row.click();
    await thread().locator('.comment-body', { hasText: 'says rock' }).waitFor();
    await workbench().screenshot('annotate-light');
    // The inspector says which turn has any.
    await workbench().command('Parley: Reveal in Inspector');
    const badge = workbench().editor().getByRole('button', { name: '1 annotation' });
    await badge.waitFor({ timeout: 30_000 });
    await workbench().screenshot('annotate-inspector');
    await badge.click();
    await thread().waitFor();
  });

  it('reported no error of its own', () => {
    expect(workbench().ownErrors()).toEqual([]);
  });
});
