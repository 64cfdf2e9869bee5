import fs from 'node:fs';
import path from 'node:path';
import type { Locator } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { type Annotation, newAnnotation, parseAnnotations } from '../../src/annotations';
import type { TurnRow } from '../../src/protocol/rollouts';
import { writeSampleRun } from '../runs/sampleRun';
import { type Theme, themes, useWorkbench } from './workbench';

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
  const standing = (): readonly Annotation[] => kept().filter(({ deleted }) => deleted === undefined);
  const coloured = (): Locator => workbench().page.locator('.editor-instance .view-line span[class*="ced-"]', { hasText: 'trust' });
  const lenses = (text: string): Locator => workbench().page.locator('.codelens-decoration a', { hasText: text });
  const row = (text: string): Locator => workbench().page.locator('.part.sidebar .monaco-list-row', { hasText: text }).first();

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

  it('is a document like others: breadcrumbs, folding, find, split editors', async () => {
    const { page } = workbench();
    await line('rock').click();
    const crumbs = page.locator('.breadcrumbs-control .monaco-breadcrumb-item');
    for (const text of ['iteration 2', 'negotiation 0.transcript', 'Round 1', 'Alice: I hold rock']) {
      await crumbs.filter({ hasText: text }).first().waitFor();
    }
    await workbench().press('Control+f');
    await page.keyboard.type('keep 3');
    await page.locator('.find-widget .matchesCount', { hasText: 'of 2' }).waitFor();
    await workbench().press('Escape');
    await line('Round 1').click();
    expect(await lines().filter({ hasText: 'trust' }).count()).toBe(2);
    await workbench().press('Control+Shift+BracketLeft');
    await expect.poll(() => lines().filter({ hasText: 'trust' }).count()).toBe(1);
    await workbench().screenshot('transcript-folded');
    await workbench().press('Control+Shift+BracketRight');
    await expect.poll(() => lines().filter({ hasText: 'trust' }).count()).toBe(2);
    await workbench().command('View: Split Editor');
    await expect.poll(() => page.locator('.editor-instance:visible').count()).toBe(2);
    await expect.poll(() => coloured().count()).toBe(4);
    await workbench().command('View: Close Editor');
    await expect.poll(() => page.locator('.editor-instance:visible').count()).toBe(1);
  });

  it('loses its colours and its lenses on request', async () => {
    await line('rock').click();
    await workbench().command('Parley: Toggle Token Colours');
    await expect.poll(() => coloured().count()).toBe(0);
    await workbench().command('Parley: Toggle Token Colours');
    await expect.poll(() => coloured().count()).toBe(2);
    workbench().changeSettings({ 'parley.codeLens': false });
    await expect.poll(() => lenses('Explain Credit').count()).toBe(0);
    workbench().changeSettings({ 'parley.codeLens': true });
    await lenses('Explain Credit').first().waitFor();
  });

  it('is compared from a turn with another of its seed group', async () => {
    const diff = workbench().page.locator('.monaco-diff-editor');
    const modified = diff.locator('.editor.modified .view-line', { hasText: 'Negotiation 1 of iteration 2' });
    await workbench().click(lenses('Compare').first(), modified);
    await diff.locator('.editor.original .view-line', { hasText: 'Negotiation 0 of iteration 2' }).waitFor();
    await workbench().screenshot('transcript-compare');
    await workbench().command('View: Close Editor');
    await line('rock').waitFor();
  });

  it('is not annotated by what is discarded', async () => {
    await line('rock').click();
    await workbench().command('Parley: Annotate Selection');
    await thread().waitFor();
    await workbench().page.keyboard.type('never mind');
    await thread().locator('.monaco-button', { hasText: 'Discard' }).click();
    await thread().waitFor({ state: 'detached' });
    expect(kept()).toEqual([]);
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

  it('is reacted to, and the reaction taken back', async () => {
    const comment = thread().locator('.review-comment').first();
    await comment.hover();
    await comment.locator('.codicon-reactions').first().click();
    await workbench().page.locator('.monaco-menu .action-label, .context-view .action-label', { hasText: '🎉' }).first().click();
    const given = (): readonly unknown[] =>
      (kept()[0]?.reactions ?? []).filter(({ removed }) => removed !== true).map(({ emoji, author }) => [emoji, author]);
    await expect.poll(given).toEqual([['🎉', 'ada']]);
    const reaction = comment.locator('.comment-reactions .action-item', { hasText: '1' });
    await reaction.waitFor();
    await workbench().screenshot('annotate-reaction');
    await reaction.click();
    await expect.poll(given).toEqual([]);
  });

  it('has an answer deleted, after a question', async () => {
    const comment = thread().locator('.review-comment').nth(1);
    await comment.hover();
    await comment.locator('[aria-label="Parley: Delete"], [aria-label="Delete"]').first().click();
    await workbench().page.locator('.monaco-dialog-box').getByRole('button', { name: 'Delete' }).click();
    await expect.poll(() => kept()[0]?.replies.map(({ deleted }) => deleted !== undefined)).toEqual([true]);
    await expect.poll(() => thread().locator('.review-comment').count()).toBe(1);
  });

  it('is resolved', async () => {
    await thread().locator('.head [aria-label^="Parley: Resolve Annotation"], .head [aria-label^="Resolve Annotation"]').first().click();
    await expect.poll(() => kept()[0]?.resolved).toBe(true);
  });

  it('is shown again after a reload, in a light theme too, and in the tree of annotations', { timeout: 150_000 }, async () => {
    await workbench().useTheme('light');
    await workbench().reload();
    await line('Round 1').waitFor({ timeout: 60_000 });
    const header = workbench().page.locator('.pane-header', { hasText: 'Annotations' });
    if ((await header.getAttribute('aria-expanded')) !== 'true') await header.click();
    await row('says rock').waitFor({ timeout: 30_000 });
    await row('says rock').click();
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

  it('is annotated by the plus beside its lines, with the tags in use', async () => {
    const { page } = workbench();
    // The line of the second round's message: its plus appears where the pointer is.
    const text = await lines().filter({ hasText: 'trust' }).last().boundingBox();
    const margin = await page.locator('.editor-instance .comment-range-glyph').first().boundingBox();
    await page.mouse.move((text?.x ?? 0) + 60, (text?.y ?? 0) + 5);
    await page.mouse.move((margin?.x ?? 0) + 4, (text?.y ?? 0) + 5);
    await page.locator('.editor-instance .comment-range-glyph.line-hover').first().waitFor();
    await page.mouse.click((margin?.x ?? 0) + 4, (text?.y ?? 0) + 5);
    const fresh = page.locator('.review-widget').last();
    await fresh.locator('.monaco-editor').first().waitFor();
    await page.keyboard.type('the same again #dece', { delay: 15 });
    await page.locator('.suggest-widget .monaco-list-row', { hasText: '#deceptive' }).first().waitFor();
    await page.locator('.suggest-widget .monaco-list-row', { hasText: 'used 1 time' }).first().waitFor();
    await workbench().press('Enter');
    await workbench().screenshot('annotate-plus');
    await fresh.locator('.monaco-button', { hasText: 'Annotate' }).click();
    await expect
      .poll(() => standing().map(({ body, turn }) => [body, turn]))
      .toEqual([
        ['says rock, holds paper #deceptive', 0],
        ['the same again #deceptive', 2],
      ]);
  });

  it('is walked by key, from one annotation to the next', async () => {
    const at = async (): Promise<string | null> =>
      workbench()
        .page.locator('.statusbar-item', { hasText: /^Ln \d+/ })
        .first()
        .textContent();
    await lines().filter({ hasText: 'You keep 3' }).last().click();
    await workbench().press('Control+Home', 'Control+F8');
    await expect.poll(at).toMatch(/^Ln 6,/);
    await workbench().press('Control+F8');
    await expect.poll(at).toMatch(/^Ln 1\d,/);
    await workbench().press('Control+Shift+F8');
    await expect.poll(at).toMatch(/^Ln 6,/);
  });

  it('keeps an annotation whose words are gone, and calls it orphaned', async () => {
    const file = path.join(workbench().workspace, '.parley/annotations/sample.jsonl');
    const anchor = { run: 'sample', iteration: 2, negotiation: 0, turn: 1, tokens: { start: 0, end: 2 }, quote: 'what was said once' };
    const orphan = newAnnotation('0', anchor, 'about words that are gone', [], { author: 'eve', time: '2026-01-31T12:00:00.000Z' });
    fs.writeFileSync(file, `${JSON.stringify(orphan)}\n${fs.readFileSync(file, 'utf8')}`);
    await row('about words that are gone').waitFor({ timeout: 30_000 });
    expect(await row('about words that are gone').innerText()).toContain('orphaned');
    await row('about words that are gone').click();
    await workbench().page.locator('.review-widget .head', { hasText: 'Orphaned: its turn no longer says what it quotes' }).waitFor();
    await workbench().screenshot('annotate-orphan');
    expect(standing()).toHaveLength(3);
  });

  it('opens by itself again once its run is there, and the inspector stays one', { timeout: 150_000 }, async () => {
    const { page, workspace } = workbench();
    const tabs = (name: RegExp): Locator => page.getByRole('tab', { name });
    await tabs(/negotiation 0\.transcript/)
      .last()
      .click();
    const folder = path.join(workspace, '.parley/runs/sample');
    // A transcript in front of the inspector, when the window opens before the disk with the run is there.
    await workbench().command('View: Single Column Editor Layout');
    await tabs(/negotiation 0\.transcript/)
      .last()
      .click();
    fs.renameSync(folder, `${workspace}/away`);
    await workbench().reload();
    // In front of it already, unless VS Code had no time to keep that.
    await tabs(/negotiation 0\.transcript/)
      .last()
      .click();
    await page.locator('.monaco-editor-pane-placeholder:visible').waitFor({ timeout: 60_000 });
    fs.renameSync(`${workspace}/away`, folder);
    await line('Round 1').waitFor({ timeout: 60_000 });
    await tabs(/^Inspector/)
      .first()
      .waitFor();
    await workbench().command('Parley: Reveal in Inspector');
    await workbench().editor().locator('.turn .token').first().waitFor({ timeout: 60_000 });
    await expect.poll(() => tabs(/^Inspector/).count()).toBe(1);
    await tabs(/negotiation 0\.transcript/)
      .last()
      .click();
  });

  it.each(Object.keys(themes) as Theme[])('reads well in the %s theme', async (theme) => {
    await workbench().useTheme(theme);
    await thread().waitFor();
    await workbench().screenshot(`annotate-all-${theme}`);
  });

  it('reported no error of its own', () => {
    expect(workbench().ownErrors()).toEqual([]);
  });
});
