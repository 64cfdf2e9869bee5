import assert from 'node:assert/strict';
import path from 'node:path';
import * as vscode from 'vscode';
import type { TurnRow } from '../../src/protocol/rollouts';
import { transcriptUri } from '../../src/views/transcripts/transcriptUri';
import { writeIterations, writeSampleRun } from '../runs/sampleRun';
import { execute, runsFolder, until } from './workspace';

const HOSTILE = [
  '[run](command:workbench.action.terminal.new)',
  '<img src=x onerror=alert(1)>',
  '\u001b[31mred\u001b[0m',
  '\u202egnirts\u202c',
  'two\r\nlines 👍',
];

/** The open transcript of a place. */
async function open(place: Record<string, unknown>): Promise<vscode.TextDocument> {
  const uri = await execute('openTranscript', place);
  assert.equal(typeof uri, 'string', `openTranscript gave ${JSON.stringify(uri)}`);
  return vscode.workspace.openTextDocument(vscode.Uri.parse(String(uri)));
}

const ask = <T>(command: string, ...args: unknown[]): Thenable<T> => vscode.commands.executeCommand<T>(command, ...args);

/** Nothing in it hides, or turns the line around. */
function assertVisible(text: string): void {
  assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
}

describe('A transcript', () => {
  const folder = path.join(runsFolder(), 'read');
  let document: vscode.TextDocument;

  before(async () => {
    writeSampleRun(folder, 2, {}, { id: 'read' });
    assert.equal(await execute('openRun', { folder }), 'read');
    document = await open({ run: 'read', iteration: 2, negotiation: 3, turn: 3 });
  });

  it('is a read-only document of its own language, with the turn under the cursor', async () => {
    assert.equal(document.languageId, 'parley-transcript');
    assert.match(document.getText(), /^Negotiation 3 of iteration 2\nipd · aa · seed group 1\n\nRound 1\n/);
    assert.equal(vscode.workspace.fs.isWritableFileSystem('parley'), false);
    await assert.rejects(async () => vscode.workspace.fs.writeFile(document.uri, new Uint8Array()));
    const editor = vscode.window.activeTextEditor;
    assert.equal(String(editor?.document.uri), String(document.uri));
    assert.match(document.lineAt(editor?.selection.active.line ?? 0).text, /^Bob +│ B<end>$/);
  });

  it('has an outline of rounds and turns, and folds by round', async () => {
    const symbols = await ask<vscode.DocumentSymbol[]>('vscode.executeDocumentSymbolProvider', document.uri);
    assert.deepEqual(
      symbols.map(({ name, detail, children }) => [name, detail, children.map((child) => child.name)]),
      [
        ['Round 1', 'A · B, 0 / 5 points', ['Alice: A<end>', 'Bob: B<end>']],
        ['Round 2', 'A · B, 0 / 5 points', ['Alice: A<end>', 'Bob: B<end>']],
        ['Outcome', '', []],
      ],
    );
    const folds = await ask<vscode.FoldingRange[]>('vscode.executeFoldingRangeProvider', document.uri);
    assert.deepEqual(
      folds.map(({ start, end }) => [start, end]),
      symbols.slice(0, 2).map(({ range }) => [range.start.line, range.end.line]),
    );
  });

  it('says a token’s numbers on hover, as text', async () => {
    const line = document.getText().split('\n').indexOf('Bob   │ B<end>');
    const hovers = await ask<vscode.Hover[]>('vscode.executeHoverProvider', document.uri, new vscode.Position(line, 8));
    const [hover] = hovers;
    const [text] = hover?.contents ?? [];
    assert.ok(text instanceof vscode.MarkdownString);
    assert.notEqual(text.isTrusted, true);
    // 0.5 − 0.75 nats; credit 1.75 = 3/4 + 1, push = min(1, 2) · 1.75 · (1 − e^−0.5).
    for (const part of [
      /^```plaintext\nB {3}token 1 of 2, id 11\n/m,
      /log π sampling +−0\.500/,
      /ratio \+0\.250/,
      /credit +\+1\.750/,
      /push +\+0\.689/,
    ]) {
      assert.match(text.value, part);
    }
    assert.deepEqual(hover?.range, new vscode.Range(line, 8, line, 9));
    assert.equal((await ask<vscode.Hover[]>('vscode.executeHoverProvider', document.uri, new vscode.Position(0, 3))).length, 0);
  });

  it('has lenses that do what they say, and none where they are switched off', async () => {
    const lenses = await ask<vscode.CodeLens[]>('vscode.executeCodeLensProvider', document.uri, 100);
    const titles = lenses.map(({ command }) => command?.title);
    assert.equal(titles.filter((title) => title === 'Reveal in Inspector').length, 4);
    assert.equal(titles.filter((title) => title === 'Annotate').length, 4);
    const explain = lenses.find(({ command }) => command?.title === 'Explain Credit (+1.75)')?.command;
    assert.equal(explain?.command, 'parley.explainCredit');
    assert.match(explain?.tooltip ?? '', /credit \+1\.75 = own advantage \+1\.75 \+ alignment term 0\.00/);
    await ask(explain?.command ?? '', ...(explain?.arguments ?? []));
    await until('the inspector', () =>
      vscode.window.tabGroups.all.some(({ tabs }) => tabs.some(({ label }) => label === 'Inspector')) ? true : undefined,
    );
    const settings = vscode.workspace.getConfiguration('parley');
    await settings.update('codeLens', false, vscode.ConfigurationTarget.Global);
    try {
      assert.equal((await ask<vscode.CodeLens[]>('vscode.executeCodeLensProvider', document.uri)).length, 0);
    } finally {
      await settings.update('codeLens', undefined, vscode.ConfigurationTarget.Global);
    }
  });

  it('leads to the inspector and back to the same place', async () => {
    const editor = await vscode.window.showTextDocument(document);
    const line = document.getText().split('\n').lastIndexOf('Alice │ A<end>');
    editor.selection = new vscode.Selection(line, 10, line, 10);
    const place = { run: 'read', iteration: 2, group: 1, negotiation: 3, round: 1, turn: 2, token: 1 };
    assert.deepEqual(await execute('revealInInspector'), place);
    // The selection is the inspector's now: without arguments the transcript opens there.
    editor.selection = new vscode.Selection(0, 0, 0, 0);
    await execute('openTranscript');
    const selection = vscode.window.activeTextEditor?.selection;
    assert.deepEqual([selection?.start.line, selection?.start.character, selection?.end.character], [line, 9, 14]);
  });

  it('refuses in one line what is not there', async () => {
    const gone = (await execute('openTranscript', { run: 'read', iteration: 9, negotiation: 0 })) as { error: string };
    assert.match(gone.error, /sample aa has no negotiation 0 in iteration 9/);
    const away = transcriptUri({ folder: '/nowhere', iteration: 1, negotiation: 0 });
    await assert.rejects(async () => vscode.workspace.openTextDocument(away));
    await assert.rejects(async () => vscode.workspace.fs.readFile(away), /is not open: open it with Parley: Open Run/);
    await assert.rejects(async () => vscode.workspace.openTextDocument(vscode.Uri.parse('parley:/etc/passwd')));
  });

  it('appears when its iteration is committed, and is told of in place', async () => {
    const config = writeSampleRun(path.join(runsFolder(), 'grows'), 1, {}, { id: 'grows' });
    await execute('openRun', { folder: path.join(runsFolder(), 'grows') });
    await vscode.commands.executeCommand('parley.runs.focus');
    writeIterations(path.join(runsFolder(), 'grows'), config, 2, 2);
    const grown = await until('iteration 2', async () => {
      const uri = await execute('openTranscript', { run: 'grows', iteration: 2, negotiation: 0 });
      return typeof uri === 'string' ? uri : undefined;
    });
    assert.match((await vscode.workspace.openTextDocument(vscode.Uri.parse(grown))).getText(), /^Negotiation 0 of iteration 2\n/);
  });
});

describe('A transcript of a negotiation under way', function () {
  this.timeout(120_000);

  it('grows at its end alone, until how it ended stands there', async () => {
    const settings = { negotiations: 64, groupSize: 8, checkpointEvery: 100 };
    const started = (await execute('startAaRun', { game: 'ipd', preset: 'embedded', iterations: 60, settings })) as string[];
    const [run = ''] = started;
    try {
      const document = await until('a transcript that has not ended', async () => {
        await execute('followLive', { run });
        const uri = await execute('openTranscript');
        const opened = typeof uri === 'string' ? await vscode.workspace.openTextDocument(vscode.Uri.parse(uri)) : undefined;
        return opened !== undefined && uri !== undefined && !opened.getText().includes('\nOutcome\n') ? opened : undefined;
      });
      const before = document.getText();
      const ends: boolean[] = [];
      let length = before.length;
      const listening = vscode.workspace.onDidChangeTextDocument(({ document: changed, contentChanges }) => {
        if (changed !== document) return;
        for (const { rangeOffset, rangeLength, text } of contentChanges) {
          ends.push(rangeLength === 0 && rangeOffset >= length - 1);
          length += text.length - rangeLength;
        }
      });
      await until('its outcome', () => (document.getText().includes('\nOutcome\n') ? true : undefined));
      listening.dispose();
      assert.ok(document.getText().startsWith(before));
      assert.ok(ends.length > 0 && ends.every((end) => end), `${ends.length} changes, some not at the end`);
      // What was committed has credits, and so has its outline.
      const lenses = await ask<vscode.CodeLens[]>('vscode.executeCodeLensProvider', document.uri, 100);
      assert.ok(lenses.some(({ command }) => command?.command === 'parley.explainCredit'));
    } finally {
      await execute('stopRun', { run });
    }
  });
});

describe('Text from a run', () => {
  it('is shown as text: no command link, no HTML, no escape sequence, no turned line', async () => {
    const folder = path.join(runsFolder(), 'bad-words');
    const said = (rows: TurnRow[]): TurnRow[] =>
      rows.map((row) => ({
        ...row,
        text: HOSTILE.join(''),
        prompt: HOSTILE.join('\n'),
        token_texts: HOSTILE.slice(0, 2),
        player: HOSTILE[3] ?? '',
      }));
    writeSampleRun(folder, 1, {}, { id: 'bad-words', name: `${HOSTILE[0]}${HOSTILE[3]}` }, said);
    await execute('openRun', { folder });
    const document = await open({ run: 'bad-words', iteration: 1, negotiation: 0 });
    const text = document.getText();
    assertVisible(text);
    assert.ok(text.includes('\\u{1b}[31mred') && text.includes('\\u{202e}gnirts'));
    const line = text.split('\n').findIndex((each) => each.startsWith('Alice │ '));
    const [hover] = await ask<vscode.Hover[]>('vscode.executeHoverProvider', document.uri, new vscode.Position(line, 10));
    const [contents] = hover?.contents ?? [];
    assert.ok(contents instanceof vscode.MarkdownString);
    assert.equal(contents.isTrusted ?? false, false);
    assert.equal(contents.supportHtml ?? false, false);
    // All of it stands in a code block, where Markdown is not read.
    assert.match(contents.value, /^\n?```plaintext\n[^`]*\n```\n$/);
    const links = await ask<vscode.DocumentLink[]>('vscode.executeLinkProvider', document.uri);
    assert.deepEqual(links.filter(({ target }) => target?.scheme === 'command'), []); // biome-ignore format: one line
    const symbols = await ask<vscode.DocumentSymbol[]>('vscode.executeDocumentSymbolProvider', document.uri);
    for (const { children } of symbols) for (const { name } of children) assertVisible(name);
    assert.ok(symbols.some(({ children }) => children.length > 0));
  });
});

describe('Rename Run', () => {
  it('gives a run another name and leaves the rest of run.json', async () => {
    const folder = path.join(runsFolder(), 'named');
    writeSampleRun(folder, 1, {}, { id: 'named' });
    await execute('openRun', { folder });
    const file = vscode.Uri.file(path.join(folder, 'run.json'));
    const read = async () => JSON.parse(Buffer.from(await vscode.workspace.fs.readFile(file)).toString()) as Record<string, unknown>;
    const before = await read();
    assert.equal(await execute('renameRun', { run: 'named', name: ' The long one ' }), 'The long one');
    assert.deepEqual(await read(), { ...before, name: 'The long one' });
    const refused = (await execute('renameRun', { run: 'named', name: ' ' })) as { error: string };
    assert.match(refused.error, /1 to 200 characters/);
  });
});

describe('Keys', () => {
  it('collide with none of VS Code’s own', async () => {
    interface Binding {
      readonly key: string;
      readonly mac?: string;
      readonly command: string;
      readonly when?: string;
    }
    const manifest = vscode.extensions.getExtension('parley.parley')?.packageJSON as { contributes: { keybindings: Binding[] } };
    const defaults = await vscode.workspace.openTextDocument(vscode.Uri.parse('vscode://defaultsettings/keybindings.json'));
    const theirs = (JSON.parse(defaults.getText().replaceAll(/^\s*\/\/.*$/gm, '')) as Binding[]).filter(
      ({ command }) => !command.startsWith('parley.'),
    );
    assert.ok(theirs.length > 300, `${theirs.length} default bindings`);
    for (const { key, when } of manifest.contributes.keybindings) {
      assert.match(when ?? '', /parley-transcript|parley\.annotations/, `${key} is not scoped`);
      assert.deepEqual(theirs.filter((binding) => binding.key === key).map(({ command }) => command), [], key); // biome-ignore format: one line
    }
  });
});
