import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { says, startMisbehavingServer } from '../../src/engine/chat-api/misbehavingServer';
import { matchupsFile } from '../../src/protocol/matchups';
import { writeSampleRun } from '../runs/sampleRun';
import { execute, runsFolder, until, workspaceFolder } from './workspace';

const root = (): string => path.join(workspaceFolder(), '.parley/matchups');
const kept = (): string[] => (existsSync(root()) ? readdirSync(root()) : []);

/** Plays match-ups and gives their folder. */
async function evaluate(args: Record<string, unknown>): Promise<string> {
  const folder = await execute('evaluateMatchups', { negotiations: 4, rules: { rounds: 3 }, ...args });
  assert.equal(typeof folder, 'string', `evaluateMatchups gave ${JSON.stringify(folder)}`);
  return String(folder);
}

const read = (folder: string) => matchupsFile.parse(JSON.parse(readFileSync(path.join(folder, 'matchups.json'), 'utf8')));

describe('Match-ups', function () {
  this.timeout(60_000);

  it('are played from the command, kept in the workspace, and shown', async () => {
    const folder = await evaluate({ game: 'ipd', players: ['scripted:tit-for-tat', 'scripted:always-defect', 'seed'] });
    assert.equal(path.dirname(folder), root());
    const file = read(folder);
    assert.deepEqual(file.players, ['scripted:tit-for-tat', 'scripted:always-defect', 'seed']);
    assert.deepEqual([file.meanReward[0]?.[0], file.meanReward[1]?.[1]], [3, 1]);
    assert.equal(file.rollouts.length, 6);
    assert.ok(existsSync(path.join(folder, 'matchups.svg')));
    await until('the inspector', () =>
      vscode.window.tabGroups.all.some(({ tabs }) => tabs.some(({ label }) => label === 'Inspector')) ? true : undefined,
    );
  });

  it('open again, and their negotiations like those of a run', async () => {
    const folder = await evaluate({ game: 'ipd', players: ['scripted:tit-for-tat', 'scripted:always-defect'] });
    const id = path.basename(folder);
    await execute('closeRun', { run: id });
    assert.equal(await execute('openMatchups', { id }), id);
    const uri = await execute('openTranscript', { run: id, iteration: 2, negotiation: 1 });
    const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(String(uri)));
    assert.match(document.getText(), /^Negotiation 1 of pair 2\nipd · Alice: scripted:always-defect · Bob: scripted:tit-for-tat · /);
    assert.match(document.getText(), /\nRound 1: B · A, 5 \/ 0 points\n/);
    // Nothing was trained, so there is no credit to explain.
    const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>('vscode.executeCodeLensProvider', document.uri, 100);
    assert.ok(lenses.some(({ command }) => command?.command === 'parley.annotate'));
    assert.ok(!lenses.some(({ command }) => command?.command === 'parley.explainCredit'));
    // What was only played is not renamed, resumed or trained on.
    for (const command of ['renameRun', 'resumeRun', 'stopRun']) {
      assert.match(((await execute(command, { run: id })) as { error: string }).error, /match-ups: ipd, 2 players/);
    }
    assert.match(((await execute('openMatchups', { id: 'none' })) as { error: string }).error, /There are no match-ups none here/);
  });

  it('that were cut off go on where the very same is asked for, and only then', async () => {
    const players = ['scripted:tit-for-tat', 'scripted:always-defect'];
    const folder = await evaluate({ game: 'ipd', players, seed: 77 });
    const whole = readFileSync(path.join(folder, 'matchups.json'), 'utf8');
    // As a kill after the second pair leaves it.
    const file = read(folder);
    const [first, second] = file.meanReward;
    const cut = { ...file, meanReward: [first, [second?.[0], null]], rollouts: file.rollouts.slice(0, 2) };
    writeFileSync(path.join(folder, 'matchups.json'), JSON.stringify(cut));
    rmSync(path.join(folder, 'matchups.svg'));
    assert.notEqual(await evaluate({ game: 'ipd', players, seed: 78 }), folder);
    assert.equal(await evaluate({ game: 'ipd', players, seed: 77 }), folder);
    assert.equal(readFileSync(path.join(folder, 'matchups.json'), 'utf8'), whole);
    assert.ok(existsSync(path.join(folder, 'matchups.svg')));
    assert.notEqual(await evaluate({ game: 'ipd', players, seed: 77 }), folder);
  });

  it('take checkpoints of runs, several runs as one player, and a folder with a comma in its name', async () => {
    const folder = path.join(runsFolder(), 'a,b');
    writeSampleRun(folder, 1, {}, { id: 'a,b' });
    const before = kept();
    const refused = (await execute('evaluateMatchups', { game: 'ipd', players: [`${folder}@1`] })) as { error: string };
    assert.match(refused.error, /a,b has no checkpoint yet/);
    assert.deepEqual(kept(), before);
    const two = { name: 'both', members: ['scripted:tit-for-tat', 'scripted:always-cooperate'] };
    assert.deepEqual(read(await evaluate({ game: 'ipd', players: [two, 'scripted:always-defect'] })).players, [
      'both',
      'scripted:always-defect',
    ]);
  });

  it('are refused in one line, and nothing is left of them', async () => {
    const before = kept();
    const spelt = (await execute('evaluateMatchups', { game: 'ipd', players: ['scripted:tit-for-tatt'] })) as { error: string };
    assert.match(spelt.error, /did you mean "tit-for-tat"/);
    const odd = (await execute('evaluateMatchups', { players: ['seed'], negotiations: 3 })) as { error: string };
    assert.match(odd.error, /^Evaluate Match-ups: negotiations: /);
    const gpt = (await execute('evaluateMatchups', { players: ['api:gpt'] })) as { error: string };
    assert.equal(gpt.error, 'api:gpt is not set up: describe it in the setting parley.apis');
    assert.deepEqual(kept(), before);
  });
});

describe('Chat endpoints', function () {
  this.timeout(60_000);
  const configure = (apis: unknown): Thenable<void> =>
    vscode.workspace.getConfiguration('parley').update('apis', apis, vscode.ConfigurationTarget.Global);

  it('are asked with the key of their origin, which is kept, shown nowhere, and forgotten', async () => {
    const server = await startMisbehavingServer();
    server.otherwise(says('B'));
    const origin = new URL(server.url).origin;
    try {
      await configure({
        lab: { baseUrl: server.url, model: 'm', keyVariable: 'PARLEY_TEST_NO_SUCH_KEY', prices: { input: 10, output: 100 } },
      });
      const players = ['api:lab', 'scripted:tit-for-tat'];
      const without = { error: 'api:lab has no key: choose Set API Key…, or put it into the environment variable PARLEY_TEST_NO_SUCH_KEY' };
      assert.deepEqual(await execute('evaluateMatchups', { game: 'ipd', players }), without);
      assert.equal(server.seen.length, 0);

      assert.equal(await execute('setApiKey', { api: 'lab', key: 'sk-secret' }), origin);
      const folder = await evaluate({ game: 'ipd', players });
      assert.ok(server.seen.length > 0);
      assert.ok(server.seen.every(({ headers }) => headers.authorization === 'Bearer sk-secret'));
      const { usage } = read(folder);
      assert.equal(usage['api:lab']?.replies, server.seen.length);
      assert.ok((usage['api:lab']?.cost ?? 0) > 0);
      for (const file of readdirSync(folder, { recursive: true, withFileTypes: true })) {
        if (file.isFile()) assert.ok(!readFileSync(path.join(file.parentPath, file.name)).includes('sk-secret'), file.name);
      }
      assert.match(
        ((await execute('forgetApiKey', { origin: 'https://other.example' })) as { error: string }).error,
        /No key is stored for/,
      );
      assert.equal(await execute('forgetApiKey', { origin }), origin);
      assert.deepEqual(await execute('evaluateMatchups', { game: 'ipd', players }), without);
    } finally {
      await configure(undefined);
      await server.close();
    }
  });

  it('that are described wrongly are one line that names the field', async () => {
    try {
      await configure({ lab: { baseUrl: 'lab.example', model: 'm' } });
      const refused = (await execute('evaluateMatchups', { players: ['api:lab'] })) as { error: string };
      assert.equal(refused.error, 'parley.apis.lab.baseUrl: give an http or https URL, such as https://api.openai.com/v1');
      assert.deepEqual(await execute('setApiKey', { api: 'lab', key: 'k' }), refused);
    } finally {
      await configure(undefined);
    }
  });
});
