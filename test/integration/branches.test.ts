import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import type { DistributionsView, Place, TreeRow } from '../../src/protocol/webview';
import { RunFolder } from '../../src/runs/runFolder';
import { RunStore } from '../../src/runs/runStore';
import { RunTree } from '../../src/runs/runTree';
import { transcriptUri } from '../../src/views/transcripts/transcriptUri';
import { writeSampleRun } from '../runs/sampleRun';
import { execute, runsFolder, until } from './workspace';

describe('Branches', function () {
  this.timeout(120_000);
  let folders: { readonly rl: string; readonly aa: string };
  const place = { iteration: 3, negotiation: 1, group: 0, round: 1, turn: 2 };
  const idOf = (folder: string): string => path.basename(folder);
  const lenses = async (uri: vscode.Uri): Promise<string[]> => {
    const found = await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', uri);
    return found.map(({ command }) => command?.title ?? '');
  };

  /** The rows under a place, as the tree of a window that opens the folder has them. */
  async function treeRows(folder: string, at: Partial<Place> = {}): Promise<readonly TreeRow[]> {
    const store = new RunStore();
    const run = await store.open(folder);
    const tree = new RunTree(store);
    tree.reveal({ run: run.id, ...place, branch: run.branches.branches[0]?.branch ?? 1, ...at });
    return until('the turns', () => {
      const { rows } = tree.window(0, 200);
      return rows.some(({ kind }) => kind === 'turn') ? rows : undefined;
    });
  }

  before(async () => {
    const settings = { negotiations: 8, groupSize: 4, checkpointEvery: 1, gameSettings: { rounds: 4 } };
    const started = await execute('startPairedRun', { game: 'ipd', preset: 'embedded', iterations: 3, seed: 11, settings });
    assert.ok(Array.isArray(started), JSON.stringify(started));
    const [rl = '', aa = ''] = started.map((id) => path.join(runsFolder(), String(id)));
    folders = { rl, aa };
    for (const folder of [rl, aa]) {
      await until(`${folder} to be finished`, async () => {
        const run = await RunFolder.open(folder);
        return run.finished !== null && run.trainedBy === null ? run : undefined;
      });
    }
  });

  it('are made from a turn and appear under it in the tree, and as transcripts', async () => {
    const args = { run: idOf(folders.aa), ...place, players: [`${folders.rl}@3`, 'scripted:always-defect'], samples: 2, seed: 4 };
    assert.deepEqual(await execute('forkHere', args), [1, 2]);
    assert.ok(existsSync(path.join(folders.aa, 'branches/3-1-2/0001.parquet')));
    const branches = (await treeRows(folders.aa)).filter(({ kind }) => kind === 'branch');
    assert.deepEqual(
      branches.map(({ label, detail }) => [label, detail]),
      [0, 1].map((sample) => [
        `branch ${sample + 1}`,
        `Alice: ${idOf(folders.rl)}@3, Bob: scripted:always-defect · seed 4, sample ${sample + 1}`,
      ]),
    );
    // The same seed and players again are the same branches.
    assert.deepEqual(await execute('forkHere', args), [1, 2]);

    const original = transcriptUri({ folder: folders.aa, iteration: 3, negotiation: 1 });
    await execute('openTranscript', { run: idOf(folders.aa), iteration: 3, negotiation: 1 });
    const titles = await until('the lenses', async () => {
      const found = await lenses(original);
      return found.includes('2 Branches') ? found : undefined;
    });
    assert.equal(titles.filter((title) => title === 'Fork Here').length, 8);
    const uri = await execute('openTranscript', { run: idOf(folders.aa), ...place, branch: 1 });
    assert.equal(String(uri), String(transcriptUri({ folder: folders.aa, iteration: 3, negotiation: 1, branch: 1 })));
    const [branch, whole] = await Promise.all(
      [vscode.Uri.parse(String(uri)), original].map((each) => vscode.workspace.openTextDocument(each)),
    );
    const text = branch?.getText() ?? '';
    assert.match(text, /^Negotiation 1, branch 1 of /);
    assert.match(text, /\nBranch 1 begins · Alice: .*@3, Bob: scripted:always-defect · seed 4, sample 1\n/);
    const turns = (of: string): string[] => of.split('\n').filter((line) => line.includes('│'));
    assert.deepEqual(turns(text).slice(0, 2), turns(whole?.getText() ?? '').slice(0, 2));
    assert.deepEqual(turns(text).filter((_, i) => i >= 2 && i % 2 === 1).map((line) => /│ (\w)/.exec(line)?.[1]), ['B', 'B', 'B']); // biome-ignore format: one line
    const onBranch = await lenses(vscode.Uri.parse(String(uri)));
    assert.deepEqual(
      onBranch.filter((title) => /Original|Delete/.test(title)),
      ['Compare with Original', 'Open Original', 'Delete Branch'],
    );
    assert.equal(onBranch.filter((title) => title === 'Fork Here').length, 8);
  });

  it('are left themselves, with what they said before', async () => {
    const run = idOf(folders.aa);
    const args = { run, ...place, round: 2, turn: 4, branch: 2, players: ['scripted:always-cooperate', null], seed: 0 };
    assert.deepEqual(await execute('forkHere', args), [3]);
    const row = (await treeRows(folders.aa, { round: 2, turn: 4, branch: 3 })).find(({ label }) => label === 'branch 3');
    assert.match(row?.detail ?? '', /^Alice: scripted:always-cooperate.* · from branch 2 · seed 0, sample 1$/);
    const text = async (branch: number): Promise<string[]> => {
      const uri = transcriptUri({ folder: folders.aa, iteration: 3, negotiation: 1, branch });
      return (await vscode.workspace.openTextDocument(uri))
        .getText()
        .split('\n')
        .filter((line) => line.includes('│'));
    };
    const [left, own] = [await text(2), await text(3)];
    assert.deepEqual(own.slice(0, 4), left.slice(0, 4));
    const uri = transcriptUri({ folder: folders.aa, iteration: 3, negotiation: 1, branch: 2 });
    await until('the lens', async () => (await lenses(uri)).includes('1 Branch') || undefined);
    assert.equal(await execute('deleteBranch', { run, ...place, branch: 3, confirmed: true }), true);
  });

  it('are played by a person turn by turn', async () => {
    const args = { run: idOf(folders.rl), ...place, turn: 5, round: 2, players: [null, 'human'], seed: 0 };
    // It left before it had said everything: nothing is kept.
    assert.deepEqual(await execute('forkHere', { ...args, answers: ['A'] }), []);
    assert.ok(!existsSync(path.join(folders.rl, 'branches')));
    // What it said is kept with the workspace, so that the same place goes on with it.
    const { players: _, ...here } = args;
    assert.deepEqual(await execute('forkHere', { ...here, goOn: true, answers: ['b'] }), [1]);
    const again = (await execute('forkHere', { ...here, goOn: true, answers: [] })) as { error: string };
    assert.match(again.error, /Nobody left a branch at this turn/);
    const uri = transcriptUri({ folder: folders.rl, iteration: 3, negotiation: 1, branch: 1 });
    const text = (await vscode.workspace.openTextDocument(uri)).getText();
    assert.match(text, /\nBranch 1 begins · Bob: human · seed 0, sample 1\n/);
    const said = text.split('\n').filter((line) => /^Bob +│/.test(line));
    assert.deepEqual(said.slice(-2).map((line) => line.slice(8, 9)), ['A', 'B']); // biome-ignore format: one line
  });

  it('are compared with their original in a diff', async () => {
    assert.equal(await execute('compareBranch', { run: idOf(folders.aa), ...place, branch: 2 }), 2);
    const { activeTab } = vscode.window.tabGroups.activeTabGroup;
    assert.ok(activeTab?.input instanceof vscode.TabInputTextDiff, activeTab?.label);
    assert.match(activeTab.input.modified.path, /negotiation 1 branch 2\.transcript$/);
    await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
  });

  it('and the paired run are what a negotiation is compared with, from the lens above each turn', async () => {
    const [aa, rl] = [idOf(folders.aa), idOf(folders.rl)];
    const original = transcriptUri({ folder: folders.aa, iteration: 3, negotiation: 1 });
    await execute('openTranscript', { run: aa, iteration: 3, negotiation: 1 });
    const found = await until('the lenses', async () => {
      const titles = (await lenses(original)).filter((title) => title === 'Compare');
      return titles.length === 8 ? titles : undefined;
    });
    assert.equal(found.length, 8);
    const pair = { run: rl, iteration: 3, negotiation: 1 };
    const uris = (await execute('compareNegotiation', { run: aa, ...place, with: pair })) as string[];
    assert.deepEqual(uris, [String(original), String(transcriptUri({ folder: folders.rl, iteration: 3, negotiation: 1 }))]);
    const { activeTab } = vscode.window.tabGroups.activeTabGroup;
    assert.ok(activeTab?.input instanceof vscode.TabInputTextDiff, activeTab?.label);
    const line = await until('the turn', () => {
      const editor = vscode.window.activeTextEditor;
      return editor !== undefined && editor.selection.active.line > 0
        ? editor.document.lineAt(editor.selection.active.line).text
        : undefined;
    });
    assert.match(line, /^Alice │/);
    await vscode.commands.executeCommand('workbench.action.closeActiveEditor');
  });

  it('are deleted, and nothing else is', async () => {
    const run = idOf(folders.aa);
    assert.equal(await execute('deleteBranch', { run, ...place, branch: 1, confirmed: true }), true);
    assert.ok(!existsSync(path.join(folders.aa, 'branches/3-1-2/0001.parquet')));
    assert.deepEqual(
      (await treeRows(folders.aa)).filter(({ kind }) => kind === 'branch').map(({ label }) => label),
      ['branch 2'],
    );
    const again = (await execute('deleteBranch', { run, ...place, branch: 1, confirmed: true })) as { error: string };
    assert.match(again.error, /has no branch 1 \(any more\)/);
    assert.deepEqual((await RunFolder.open(folders.aa)).problems, []);
  });

  it('say in one line why they cannot be made', async () => {
    const folder = path.join(runsFolder(), 'from-elsewhere');
    writeSampleRun(folder, 1, {}, { id: 'from-elsewhere', imported: { format: 'adalign', folder: '/outputs/ipd', seed: 0 } });
    await execute('openRun', { folder });
    const imported = (await execute('forkHere', {
      run: 'from-elsewhere',
      iteration: 1,
      negotiation: 0,
      turn: 0,
      players: [null, null],
    })) as {
      error: string;
    };
    assert.match(imported.error, /was imported/);
    const nobody = { run: idOf(folders.aa), ...place, players: [null, 'scripted:tit-for-tatt'] };
    assert.match(((await execute('forkHere', nobody)) as { error: string }).error, /did you mean "tit-for-tat"/);
    const gone = { run: idOf(folders.aa), ...place, branch: 99, players: [null, null] };
    assert.match(((await execute('forkHere', gone)) as { error: string }).error, /has no such turn/);
    const nowhere = { run: idOf(folders.aa), iteration: 3, negotiation: 1, turn: 90, players: [null, null] };
    assert.match(((await execute('forkHere', nowhere)) as { error: string }).error, /has no such turn/);
  });

  it('What Would They Say? asks whoever said it and the paired run, and answers with distributions', async () => {
    const answer = (await execute('whatWouldTheySay', { run: idOf(folders.aa), ...place, token: 0 })) as DistributionsView;
    assert.equal(answer.problem, null);
    assert.equal(answer.isExact, true);
    assert.deepEqual(answer.policies, [{ run: idOf(folders.aa), iteration: 2 }, { run: idOf(folders.rl), iteration: 2 }]); // biome-ignore format: one line
    const { tokens = [], policies = [] } = answer.said ?? {};
    assert.equal(tokens.filter(({ isSaid }) => isSaid).length, 1);
    for (const { free, masked, rest } of policies) {
      const sum = (probabilities: readonly number[]): number => probabilities.reduce((total, p) => total + p, 0);
      assert.ok(Math.abs(sum(free) + rest[0] - 1) < 1e-5, `${sum(free)} + ${rest[0]}`);
      assert.ok(Math.abs(sum(masked ?? []) + (rest[1] ?? 0) - 1) < 1e-5);
    }
    assert.deepEqual(policies.map(({ name }) => name), [`${idOf(folders.aa)}@2`, `${idOf(folders.rl)}@2`]); // biome-ignore format: one line
  });
});
