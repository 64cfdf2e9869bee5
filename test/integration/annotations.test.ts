import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { type Annotation, newAnnotation, parseAnnotations } from '../../src/annotations';
import { writeSampleRun } from '../runs/sampleRun';
import { execute, runsFolder, until, workspaceFolder } from './workspace';

const file = (run: string): string => path.join(workspaceFolder(), `.parley/annotations/${run}.jsonl`);
const kept = (run: string): readonly Annotation[] =>
  existsSync(file(run)) ? parseAnnotations(readFileSync(file(run), 'utf8')).annotations : [];
const only = (run: string): Annotation => {
  const [annotation, ...more] = kept(run);
  assert.ok(annotation !== undefined && more.length === 0, `${kept(run).length} annotations`);
  return annotation;
};
const activeLine = (): string => {
  const editor = vscode.window.activeTextEditor;
  return editor?.document.lineAt(editor.selection.active.line).text ?? '';
};

describe('An annotation', () => {
  const folder = path.join(runsFolder(), 'annotated');

  before(async () => {
    writeSampleRun(folder, 2, {}, { id: 'annotated' });
    await execute('openRun', { folder });
  });

  it('of a turn quotes all of it, one of a selection its tokens; tags come from its words', async () => {
    await execute('openTranscript', { run: 'annotated', iteration: 1, negotiation: 3, turn: 1 });
    const whole = await execute('annotate', { body: 'defects #deceptive at once' });
    assert.equal(typeof whole, 'string', JSON.stringify(whole));
    const { body, tags, quote, tokens, turn, iteration, negotiation, run } = only('annotated');
    assert.deepEqual(
      { body, tags, quote, tokens, turn, iteration, negotiation, run },
      {
        ...{ body: 'defects #deceptive at once', tags: ['deceptive'], quote: 'B<end>', tokens: { start: 0, end: 2 } },
        ...{ turn: 1, iteration: 1, negotiation: 3, run: 'annotated' },
      },
    );
    const editor = vscode.window.activeTextEditor;
    assert.ok(editor);
    const { line } = editor.selection.active;
    editor.selection = new vscode.Selection(line, 9, line, 11);
    await execute('annotate', { body: 'the end token' });
    const second = kept('annotated').find((annotation) => annotation.body === 'the end token');
    assert.deepEqual([second?.quote, second?.tokens], ['<end>', { start: 1, end: 2 }]);
    assert.equal(readFileSync(path.join(workspaceFolder(), '.parley/annotations/.gitattributes'), 'utf8').includes('merge=union'), true);
  });

  it('is refused where nobody said anything, or without words', async () => {
    const editor = vscode.window.activeTextEditor;
    assert.ok(editor);
    assert.match(((await execute('annotate', { body: ' ' })) as { error: string }).error, /needs words/);
    editor.selection = new vscode.Selection(0, 0, 0, 0);
    assert.match(((await execute('annotate', { body: 'x' })) as { error: string }).error, /put it on a turn/);
    assert.equal(kept('annotated').length, 2);
  });

  it('opens a thread to write in when it comes without words, and is none until something is written', async () => {
    assert.equal(await execute('annotate', { run: 'annotated', iteration: 1, negotiation: 2, turn: 0 }), undefined);
    assert.match(activeLine(), /^Alice/);
    assert.equal(kept('annotated').length, 2);
  });

  it('is walked to, next and previous, around the end', async () => {
    const walk = async (name: string): Promise<string> => {
      const id = await execute(name);
      return kept('annotated').find((annotation) => annotation.id === id)?.body ?? JSON.stringify(id);
    };
    await execute('filterAnnotations', { expression: 'token' });
    assert.equal(await walk('nextAnnotation'), 'the end token');
    assert.equal(await walk('nextAnnotation'), 'the end token');
    await execute('filterAnnotations', { expression: '' });
    await until('both to be listed', async () => ((await walk('nextAnnotation')) === 'defects #deceptive at once' ? true : undefined));
    assert.equal(await walk('nextAnnotation'), 'the end token');
    assert.match(activeLine(), /^Bob +│ B<end>$/);
    assert.equal(await walk('previousAnnotation'), 'defects #deceptive at once');
    const wrong = (await execute('filterAnnotations', { expression: 'is:odd' })) as { error: string };
    assert.match(wrong.error, /there is no is:odd/);
  });

  it('that another program writes shows, and one whose turn is gone is kept as an orphan', async () => {
    const anchor = { run: 'annotated', iteration: 1, negotiation: 0, turn: 0, tokens: { start: 0, end: 1 }, quote: 'no such words' };
    const deed = { author: '<b>eve</b>', time: '2026-01-31T12:00:00.000Z' };
    const body = '[run](command:workbench.action.quit) ![x](https://example.com/x.png) <img src=x>';
    const strange = newAnnotation('0eve', anchor, body, [], deed);
    const gone = newAnnotation('0gone', { ...anchor, iteration: 77 }, 'about a negotiation that is gone', [], deed);
    writeFileSync(
      file('annotated'),
      `${[strange, gone].map((each) => JSON.stringify(each)).join('\n')}\n${readFileSync(file('annotated'), 'utf8')}`,
    );
    await execute('filterAnnotations', { expression: 'is:orphaned' });
    const found = await until('the orphan', async () => {
      const id = await execute('openAnnotation', { annotation: '0eve' });
      return id === '0eve' ? id : undefined;
    });
    assert.equal(found, '0eve');
    assert.match(vscode.window.activeTextEditor?.document.uri.path ?? '', /iteration 1\/negotiation 0\.transcript$/);
    const refused = (await execute('openAnnotation', { annotation: '0gone' })) as { error: string };
    assert.match(refused.error, /^Orphaned: the negotiation of this annotation is gone\. It was about “no such words”$/);
    assert.equal(kept('annotated').length, 4);
    await execute('clearAnnotationFilter');
  });

  it('is walked to from a heading, and on from an orphan whose words are gone', async () => {
    const place = { run: 'annotated', iteration: 1, negotiation: 1, turn: 0 };
    const anchor = { run: 'annotated', iteration: 1, negotiation: 1, turn: 0, tokens: { start: 1, end: 2 }, quote: 'gone' };
    const deed = { author: 'eve', time: '2026-01-31T12:00:00.000Z' };
    const orphan = newAnnotation('0walk', anchor, 'an orphan further in', [], deed);
    writeFileSync(file('annotated'), `${readFileSync(file('annotated'), 'utf8')}${JSON.stringify(orphan)}\n`);
    await execute('openTranscript', place);
    await execute('annotate', { ...place, turn: 3, body: 'after it' });
    const walk = async (): Promise<string | undefined> => {
      const id = await execute('nextAnnotation');
      return kept('annotated').find((annotation) => annotation.id === id)?.body;
    };
    await execute('openTranscript', place);
    const editor = vscode.window.activeTextEditor;
    assert.ok(editor);
    editor.selection = new vscode.Selection(0, 0, 0, 0);
    await until('the orphan to be listed', async () => {
      editor.selection = new vscode.Selection(0, 0, 0, 0);
      return (await walk()) === 'an orphan further in' ? true : undefined;
    });
    assert.equal(await walk(), 'after it');
  });

  it('goes beside the run’s own, whoever writes next', async () => {
    await execute('openTranscript', { run: 'annotated', iteration: 2, negotiation: 1, turn: 2 });
    await execute('annotate', { body: 'later' });
    const lines = readFileSync(file('annotated'), 'utf8').trimEnd().split('\n');
    assert.deepEqual(
      lines.map((line) => (JSON.parse(line) as Annotation).id),
      lines.map((line) => (JSON.parse(line) as Annotation).id).sort(),
    );
    assert.equal(kept('annotated').length, 7);
  });
});
