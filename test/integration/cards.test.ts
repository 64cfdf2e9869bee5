import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { readJournal } from '../../src/runs/journal';
import { cardAddress, cardUri } from '../../src/views/cards/cardUri';
import { execute, runsFolder, until } from './workspace';

/** Facts of a card by name, sections aside. */
function facts(text: string): Map<string, string> {
  return new Map(text.split('\n').flatMap((line) => (line.startsWith('  ') ? [line.trim().split(/ {2,}/) as [string, string]] : [])));
}

describe('Policy cards', function () {
  this.timeout(180_000);
  let run = '';
  let folder = '';
  const text = async (uri: string): Promise<string> => (await vscode.workspace.openTextDocument(vscode.Uri.parse(uri))).getText();
  const tabs = (): readonly vscode.Tab[] => vscode.window.tabGroups.all.flatMap((group) => group.tabs);

  before(async () => {
    const settings = { negotiations: 8, groupSize: 4, checkpointEvery: 1, gameSettings: { rounds: 3 } };
    [run = ''] = (await execute('startAaRun', { game: 'ipd', preset: 'embedded', iterations: 2, settings })) as string[];
    folder = path.join(runsFolder(), run);
    await until('the run to finish', async () => {
      const { lines } = await readJournal(folder).catch(() => ({ lines: [] }));
      return lines.some(({ type }) => type === 'finished') ? true : undefined;
    });
    await vscode.commands.executeCommand('parley.runs.focus');
  });

  after(() => vscode.commands.executeCommand('workbench.action.closeAllEditors'));

  it('of the base model and a checkpoint are the two sides of a diff editor', async () => {
    const uris = (await execute('diffCheckpoints', { original: { run, iteration: 'base' }, modified: { run } })) as string[];
    const [left = '', right = ''] = uris;
    const active = await until('the diff editor', () => {
      const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
      return input instanceof vscode.TabInputTextDiff ? input : undefined;
    });
    assert.deepEqual([String(active.original), String(active.modified)], uris);
    assert.match(vscode.window.tabGroups.activeTabGroup.activeTab?.label ?? '', /^Policy cards: ipd aa, seed 0, base model ↔ @2$/);
    const [base, trained] = [facts(await text(left)), facts(await text(right))];
    assert.equal(base.get('iteration'), 'none');
    assert.equal(trained.get('iteration'), '2');
    assert.equal(trained.get('rounds'), '3');
    assert.equal(trained.get('algorithm'), 'aa');
    for (const card of [base, trained]) assert.match(card.get('CD') ?? '', /^“[AB]”$|^[01]\.\d{4}$/);
    assert.equal(trained.get('cosine'), 'none: the base model has no update');
    assert.match(trained.get('layers.0.self_attn.q_proj') ?? '', /^0\.\d{6}$/);
    const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(right));
    assert.equal(document.languageId, 'parley-card');
    assert.equal(vscode.workspace.fs.isWritableFileSystem('parley-card'), false);
    await assert.rejects(async () => vscode.workspace.fs.writeFile(document.uri, new Uint8Array()));
  });

  it('come with a diff of many files, one for each probe negotiation', async () => {
    const tab = await until('the multi-file diff', () =>
      tabs().find(({ label }) => label.startsWith('Probe negotiations: ipd aa, seed 0, base model ↔ @2')),
    );
    assert.ok(tab);
    const probe = cardUri({ checkpoint: { folder, iteration: 2 }, negotiation: 'against always-defect', against: null });
    assert.deepEqual(cardAddress(probe), { checkpoint: { folder, iteration: 2 }, negotiation: 'against always-defect', against: null });
    assert.equal(cardAddress(probe.with({ query: '' })), undefined);
    const said = await text(String(probe));
    assert.match(
      said,
      /^against always-defect\nIterated Prisoner's Dilemma · Alice: policy · Bob: always-defect\n\nRound 1\nAlice │ [AB]\nBob {3}│ B\npoints {2}/,
    );
    assert.equal(said.match(/^Round /gm)?.length, 3);
  });

  it('are compared by Select for Compare, then Compare with Selected', async () => {
    assert.match(String(await execute('selectForCompare', { run, iteration: 1, webviewSection: 'iteration' })), /seed 0 @1$/);
    const uris = (await execute('compareWithSelected', { run, webviewSection: 'run' })) as string[];
    const addresses = uris.map((uri) => cardAddress(vscode.Uri.parse(uri)));
    assert.deepEqual(
      addresses.map((address) => [address?.checkpoint.iteration, address?.against?.iteration]),
      [
        [1, 2],
        [2, 1],
      ],
    );
    const cosine = (all: string): string => all.slice(all.indexOf('Cosine between'));
    const [left = '', right = ''] = await Promise.all(uris.map(text));
    assert.equal(cosine(left), cosine(right));
    // Two steps of one run go nearly the same way.
    const all = Number(facts(cosine(left)).get('all'));
    assert.ok(all > 0.5 && all <= 1, `cosine ${all}`);
    assert.match(cosine(left), /^ {2}layers\.1\.self_attn\.v_proj +-?[01]\.\d{4}$/m);
  });

  it('of two runs, and of a run whose name would be a link, say it as text', async () => {
    const other = path.join(runsFolder(), 'other-run');
    cpSync(folder, other, { recursive: true });
    const file = path.join(other, 'run.json');
    const name = '[run](command:workbench.action.quit) \u202eback';
    writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, 'utf8')) as object), id: 'other-run', name }));
    await execute('openRun', { folder: other });
    const uris = (await execute('diffCheckpoints', {
      original: { run, iteration: 1 },
      modified: { run: 'other-run', iteration: 2 },
    })) as string[];
    const shown = await until('the diff editor', () => {
      const { activeTab } = vscode.window.tabGroups.activeTabGroup;
      return activeTab?.input instanceof vscode.TabInputTextDiff && activeTab.label.includes('[run]') ? activeTab : undefined;
    });
    assert.match(shown.label, /^Policy cards: ipd aa, seed 0 @1 ↔ \[run\]\(command:workbench\.action\.quit\) \\u\{202e\}back @2$/);
    for (const text of await Promise.all(uris.map((uri) => vscode.workspace.openTextDocument(vscode.Uri.parse(uri))))) {
      assert.doesNotMatch(text.getText().replaceAll('\n', ''), /[\p{Cc}\p{Cf}]/u);
      const links = await vscode.commands.executeCommand<vscode.DocumentLink[]>('vscode.executeLinkProvider', text.uri);
      assert.deepEqual(links.filter(({ target }) => target?.scheme === 'command'), []); // biome-ignore format: one line
    }
    await execute('closeRun', { run: 'other-run' });
  });

  it('are the same text when asked for again, and are shown though their checkpoint is gone', async () => {
    const address = { checkpoint: { folder, iteration: 2 }, negotiation: null, against: null };
    const read = async (): Promise<string> => Buffer.from(await vscode.workspace.fs.readFile(cardUri(address))).toString();
    const before = await read();
    rmSync(path.join(folder, 'checkpoints/000002'), { recursive: true });
    assert.equal(await read(), before);
  });

  it('tell in one line what cannot be compared', async () => {
    const error = async (command: string, args: unknown): Promise<string> => ((await execute(command, args)) as { error: string }).error;
    const one = { run, iteration: 1 };
    assert.match(
      await error('diffCheckpoints', { original: one, modified: one }),
      /@1 is compared with itself: choose another checkpoint$/,
    );
    assert.match(
      await error('diffCheckpoints', { original: one, modified: { run, iteration: 7 } }),
      /has no checkpoint of iteration 7: there are 0, 1, 2$/,
    );
    assert.match(await error('selectForCompare', { run: 'nobody' }), /The run nobody is not open here/);
    rmSync(path.join(folder, 'checkpoints/000000/adapter_model.safetensors'));
    assert.match(
      await error('diffCheckpoints', { original: { run, iteration: 0 }, modified: one }),
      /checkpoints\/000000\/adapter_model\.safetensors is missing: restore it from a copy/,
    );
    const away = cardUri({ checkpoint: { folder: '/nowhere', iteration: 1 }, negotiation: null, against: null });
    await assert.rejects(async () => vscode.workspace.openTextDocument(away), /is not open: open it with Parley: Open Run/);
  });
});
