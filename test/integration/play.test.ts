import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { says, startMisbehavingServer } from '../../src/engine/chat-api/misbehavingServer';
import { type PlayFile, playFile } from '../../src/protocol/play';
import { RolloutReader } from '../../src/runs/rolloutReader';
import { tableUri } from '../../src/views/play/tableUri';
import { execute, workspaceFolder } from './workspace';

const read = (folder: string): PlayFile => playFile.parse(JSON.parse(readFileSync(path.join(folder, 'play.json'), 'utf8')));

/** Plays as far as the answers go, and gives the negotiation's folder. */
async function play(args: Record<string, unknown>): Promise<string> {
  const folder = await execute('playAgainstPolicy', args);
  assert.equal(typeof folder, 'string', `playAgainstPolicy gave ${JSON.stringify(folder)}`);
  return String(folder);
}

const table = (folder: string): Thenable<vscode.TextDocument> => vscode.workspace.openTextDocument(tableUri(folder));

describe('Play Against Policy', function () {
  this.timeout(60_000);

  it('takes turns, pauses, goes on, and ends with what both got', async () => {
    const folder = await play({ game: 'ipd', opponent: 'scripted:tit-for-tat', rules: { rounds: 3 }, answers: ['A', 'b'] });
    assert.equal(path.dirname(folder), path.join(workspaceFolder(), '.parley/play'));
    const document = await table(folder);
    assert.equal(document.languageId, 'parley-table');
    assert.match(document.getText(), /^Iterated Prisoner's Dilemma against scripted:tit-for-tat\nYou are Alice, /);
    assert.match(document.getText(), /\nRound 3\n {6}┊ In the last round you chose B and they chose A[\s\S]*\n\nYour turn: A or B\n$/);
    assert.equal(read(folder).rollouts, null);
    await assert.rejects(async () => vscode.workspace.fs.writeFile(document.uri, new Uint8Array()));
    const [lens] = await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', document.uri, 10);
    assert.deepEqual([lens?.command?.title, lens?.command?.arguments], ['Take Your Turn', [{ folder }]]);

    const refused = (await execute('playAgainstPolicy', { folder, answers: ['C'] })) as { error: string };
    assert.equal(refused.error, 'Play Against Policy: "C" is no answer here: give A or B');
    assert.equal(await play({ folder, answers: ['A'] }), folder);
    assert.match(
      document.getText(),
      /\nOutcome\nAlice: you · Bob: scripted:tit-for-tat\n[\s\S]*Round 3: A · B, 0 \/ 5 points\nYou got 8 points, scripted:tit-for-tat 8\n$/,
    );
    const file = read(folder);
    assert.deepEqual(file.rounds.map(({ rewards }) => rewards), [[3, 3], [5, 0], [0, 5]]); // biome-ignore format: one line

    // It reads like a run's negotiation from then on.
    const uri = await execute('openTranscript', { run: path.basename(folder), iteration: 1, negotiation: 0 });
    const transcript = await vscode.workspace.openTextDocument(vscode.Uri.parse(String(uri)));
    assert.match(transcript.getText(), /^Negotiation 0 of pair 1\nipd · Alice: human · Bob: scripted:tit-for-tat · /);
    assert.equal(await execute('playAgainstPolicy', { folder }), undefined);
  });

  it('goes on with a policy that was left for another, which says what it said before', async () => {
    const game = { game: 'trust-and-split', opponent: 'seed', seed: 5, rules: { rounds: 2 } };
    const first = await play({ ...game, answers: ['hello friend'] });
    const before = read(first).turns;
    const text = (await table(first)).getText();
    // What the policy was dealt, and what it reads, is none of the person's business.
    assert.equal(text.match(/Your hand is/g)?.length, 1);
    assert.ok(!/\bkeep\n|say\n/.test(text.replaceAll('propose to keep', '')), text);
    await play({ ...game, seed: 6, answers: [] });
    await play({ folder: first, answers: [] });
    assert.deepEqual(read(first).turns, before);
    const wrong = (await execute('playAgainstPolicy', { folder: first, answers: ['11'] })) as { error: string };
    assert.match(wrong.error, /"11" is no answer here: give a whole number from 0 to 10/);
    await play({ folder: first, answers: ['5', 'i have rock', '5'] });
    const { rollouts, turns } = read(first);
    assert.ok(rollouts !== null && turns.length === 8);
    const rows = await new RolloutReader().negotiation(first, rollouts, 0);
    assert.deepEqual(rows.map((row) => row.text), turns.map((turn) => turn.text)); // biome-ignore format: one line
    assert.ok(rows.filter(({ player }) => player === 'seed').every(({ token_ids }) => token_ids.length > 0));
  });

  it('shows what an endpoint costs, and asks it again where it failed', async () => {
    const server = await startMisbehavingServer();
    server.otherwise(says('B'));
    const settings = vscode.workspace.getConfiguration('parley');
    try {
      const prices = { input: 10, output: 100 };
      await settings.update('apis', { lab: { baseUrl: server.url, model: 'm', retries: 0, prices } }, vscode.ConfigurationTarget.Global);
      const folder = await play({ game: 'ipd', opponent: 'api:lab', rules: { rounds: 2 }, answers: ['A'] });
      server.script((response) => response.writeHead(503).end('busy'));
      const failed = (await execute('playAgainstPolicy', { folder, answers: ['A'] })) as { error: string };
      assert.match(failed.error, /^Play Against Policy: api:lab: /);
      await play({ folder, answers: ['A'] });
      assert.match((await table(folder)).getText(), /\napi:lab: 2 replies, 200 \+ 20 tokens, \$0\.0040\n$/);
    } finally {
      await settings.update('apis', undefined, vscode.ConfigurationTarget.Global);
      await server.close();
    }
  });

  it('is refused in one line, and nothing is left of it', async () => {
    const root = path.join(workspaceFolder(), '.parley/elsewhere');
    const spelt = (await execute('playAgainstPolicy', { opponent: 'scripted:tit-for-tatt', root })) as { error: string };
    assert.match(spelt.error, /did you mean "tit-for-tat"/);
    assert.ok(!existsSync(root) || !existsSync(path.join(root, 'play.json')));
    const gone = (await execute('playAgainstPolicy', { folder: root })) as { error: string };
    assert.match(gone.error, /holds no negotiation: it has no play\.json/);
  });
});
