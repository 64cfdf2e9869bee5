import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { isCommandName } from '../../src/commands/names';
import { commandTable } from '../../src/commands/table';
import { RolloutReader } from '../../src/runs/rolloutReader';
import { RunFolder } from '../../src/runs/runFolder';
import { writeLock } from '../runs/sampleLock';
import { writeSampleRun } from '../runs/sampleRun';
import { execute, runsFolder, until, workspaceFolder } from './workspace';

/** Starts a small run and gives its folder. */
async function start(name: string, args: Record<string, unknown> = {}): Promise<readonly string[]> {
  const settings = { negotiations: 8, groupSize: 4, checkpointEvery: 2 };
  const started = await execute(name, { game: 'ipd', preset: 'embedded', iterations: 3, settings, ...args });
  assert.ok(Array.isArray(started), `${name} gave ${JSON.stringify(started)}`);
  return started.map((id) => path.join(runsFolder(), String(id)));
}

const ended = (folder: string): Promise<RunFolder> =>
  until(`${folder} to be finished`, async () => {
    const run = await RunFolder.open(folder);
    return run.finished !== null && run.trainedBy === null ? run : undefined;
  });

describe('Commands', () => {
  it('stand in package.json with the titles of the table', () => {
    const manifest = vscode.extensions.getExtension('parley.parley')?.packageJSON as {
      contributes: { commands: { command: string; title: string; category: string }[] };
    };
    const contributed = manifest.contributes.commands.map(({ command, title }) => [command.replace('parley.', ''), title]);
    const table = Object.entries(commandTable).map(([name, { title }]) => [name, title]);
    assert.deepEqual(new Map(contributed as [string, string][]), new Map(table as [string, string][]));
    for (const [name] of contributed) assert.ok(isCommandName(name ?? ''));
  });

  it('refuse in one line what cannot work', async () => {
    assert.deepEqual(await execute('stopRun', { run: 'no-such-run' }), {
      error: 'The run no-such-run is not open here: open its folder with Open Run…',
    });
    assert.deepEqual(await execute('startAaRun', { game: 'ipd', preset: 'embeded' }), {
      error: 'no preset "embeded" for ipd; did you mean embedded?',
    });
    const wrong = (await execute('startAaRun', { game: 'chess' })) as { error: string };
    assert.match(wrong.error, /^Start Run: game: /);
  });
});

describe('A run', function () {
  this.timeout(120_000);

  it('trains from the command to a whole folder', async () => {
    const [folder = ''] = await start('startAaRun');
    const run = await ended(folder);
    assert.deepEqual(run.problems, []);
    assert.deepEqual(
      run.iterations.map(({ iteration }) => iteration),
      [0, 1, 2, 3],
    );
    assert.equal(run.file?.config.algorithm, 'aa');
    const reader = new RolloutReader();
    for (const line of run.iterations) {
      if (line.rollouts === undefined) continue;
      const turns = await reader.negotiation(folder, line.rollouts, 0);
      assert.equal(turns.length, 2 * (run.file?.config.gameSettings.rounds ?? 0));
      assert.ok(turns.every((turn) => turn.token_texts.length === turn.credit.length && turn.text !== ''));
    }
    assert.ok(existsSync(path.join(folder, 'checkpoints/000003/adapter_model.safetensors')));
    assert.ok(!existsSync(path.join(folder, 'lock.json')), 'the lock is left');
  });

  it('trains as a pair that differs in the algorithm alone', async () => {
    const folders = await start('startPairedRun', { iterations: 1, seed: 3 });
    const runs = await Promise.all(folders.map(ended));
    assert.deepEqual(
      runs.map(({ file }) => file?.config.algorithm),
      ['rl', 'aa'],
    );
    const [rl, aa] = runs.map(({ file }) => file);
    assert.deepEqual({ ...rl?.config, algorithm: '' }, { ...aa?.config, algorithm: '' });
    assert.equal(rl?.pairedWith, aa?.id);
    assert.equal(aa?.pairedWith, rl?.id);
  });

  it('trains a best response to a checkpoint of another, on its game, settings and seed', async () => {
    const short = { negotiations: 8, groupSize: 4, checkpointEvery: 2, gameSettings: { rounds: 2 } };
    const [met = ''] = await start('startAaRun', { seed: 4, settings: short });
    const id = path.basename(met);
    await until('its checkpoints, and what is none to be refused', async () => {
      const refused = (await execute('trainBestResponse', { run: id, iteration: 1 })) as { error: string };
      return /has no checkpoint of iteration 1: there are 0, 2, 3$/.test(refused.error) ? true : undefined;
    });
    const started = await execute('trainBestResponse', { run: id, iteration: 2, settings: { iterations: 2 } });
    assert.ok(Array.isArray(started), `trainBestResponse gave ${JSON.stringify(started)}`);
    const best = String(started[0]);
    const run = await ended(path.join(runsFolder(), best));
    assert.deepEqual(run.problems, []);
    assert.equal(run.file?.name, `ipd rl vs ${id}@2, seed 4`);
    const theirs = (await RunFolder.open(met)).file?.config;
    assert.deepEqual(run.file?.config, {
      ...theirs,
      algorithm: 'rl',
      opponent: `${met}@2`,
      iterations: 2,
      buffer: { ...theirs?.buffer, enabled: false },
    });
    assert.deepEqual(new Set(run.iterations[1]?.negotiations?.player.flat()), new Set(['policy', `${id}@2`]));
    assert.ok(run.finished?.againstOpponent !== undefined);
  });

  it('stops when asked, refuses a second trainer, and resumes to its end', async () => {
    const [folder = ''] = await start('startAaRun', { iterations: 12 });
    const run = path.basename(folder);
    await until('the first iteration', async () => ((await RunFolder.open(folder)).last >= 1 ? true : undefined));
    const refused = (await execute('resumeRun', { run })) as { error: string };
    assert.match(refused.error, /nothing to resume/);
    await execute('stopRun', { run });
    const stopped = await RunFolder.open(folder);
    assert.equal(stopped.finished, null);
    assert.equal(stopped.trainedBy, null);
    assert.ok(stopped.last < 12, `stopped after iteration ${stopped.last}`);
    assert.equal(await execute('resumeRun', { run }), run);
    const whole = await ended(folder);
    assert.equal(whole.last, 12);
    assert.deepEqual(whole.problems, []);
  });

  it('that the command line trains is followed and can be stopped', async () => {
    const folder = path.join(runsFolder(), 'by-cli');
    const cli = path.join(vscode.extensions.getExtension('parley.parley')?.extensionPath ?? '', 'dist/cli.js');
    const args = [
      'train',
      '--game',
      'ipd',
      '--algorithm',
      'rl',
      '--iterations',
      '60',
      '--out',
      folder,
      '--set',
      'negotiations=8',
      '--json',
    ];
    const process = fork(cli, args, { execArgv: [], stdio: 'ignore' });
    const exit = new Promise<number | null>((resolve) => process.once('exit', resolve));
    await until('the first iteration', async () => ((await RunFolder.open(folder)).last >= 1 ? true : undefined));
    assert.equal(await execute('openRun', { folder }), 'by-cli');
    assert.equal(await execute('followLive', { run: 'by-cli' }), undefined);
    assert.equal(await execute('stopRun', { run: 'by-cli' }), undefined);
    await exit;
    const stopped = await RunFolder.open(folder);
    assert.deepEqual(stopped.problems, []);
    assert.equal(stopped.trainedBy, null);
    assert.ok(stopped.last >= 1 && stopped.last < 60, `stopped after iteration ${stopped.last}`);
  });

  it('is refused where somebody else trains, with host and pid', async () => {
    const folder = path.join(runsFolder(), 'held');
    writeSampleRun(folder, 1, {}, { id: 'held' });
    assert.equal(await execute('openRun', { folder }), 'held');
    // This very process counts as the one that trains.
    writeLock(folder);
    const refused = (await execute('resumeRun', { run: 'held' })) as { error: string };
    assert.match(refused.error, new RegExp(`pid ${process.pid} on ${hostname()}`));
  });

  it('is found in its folder even if it is broken, and nothing else breaks', async () => {
    const broken = path.join(runsFolder(), 'broken');
    mkdirSync(broken, { recursive: true });
    writeFileSync(path.join(broken, 'run.json'), '{"format": 1, "id": ');
    const before = readdirSync(broken);
    assert.equal(await execute('openRun', { folder: broken }), 'broken');
    const good = path.join(runsFolder(), 'good');
    writeSampleRun(good, 2, {}, { id: 'good' });
    assert.equal(await execute('openRun', { folder: good }), 'good');
    assert.match(
      String(await execute('copyLink', { run: 'good', iteration: 2, negotiation: 1 })),
      /\/\/parley\.parley\/open\?run=good&iteration=2&negotiation=1$/,
    );
    assert.match(await vscode.env.clipboard.readText(), /run=good/);
    assert.deepEqual(readdirSync(broken), before);
    await execute('closeRun', { run: 'broken' });
    assert.deepEqual(await execute('copyLink', {}), String(await vscode.env.clipboard.readText()));
  });

  it('that another process puts into the workspace appears by itself while the tree is visible', async () => {
    await vscode.commands.executeCommand('parley.runs.focus');
    writeSampleRun(path.join(runsFolder(), 'late'), 1, {}, { id: 'late' });
    const link = await until('the run to be found', async () => {
      const answer = await execute('copyLink', { run: 'late' });
      // A link can be made of any place; a run that is open can also be closed.
      return typeof answer === 'string' && (await execute('closeRun', { run: 'late' })) === undefined ? answer : undefined;
    });
    assert.match(link, /run=late/);
  });

  it('is deleted with its folder, and only then gone from the tree', async () => {
    const folder = path.join(runsFolder(), 'doomed');
    writeSampleRun(folder, 1, {}, { id: 'doomed' });
    await execute('openRun', { folder });
    assert.equal(await execute('deleteRun', { run: 'doomed', confirmed: 'for good' }), true);
    assert.ok(!existsSync(folder));
    const gone = (await execute('stopRun', { run: 'doomed' })) as { error: string };
    assert.match(gone.error, /not open here/);
  });
});

describe('Open With… on a rollout file', () => {
  const openWith = (file: string): Thenable<unknown> =>
    vscode.commands.executeCommand('vscode.openWith', vscode.Uri.file(file), 'parley.rollouts');
  const tabOf = (file: string): vscode.Tab | undefined =>
    vscode.window.tabGroups.all.flatMap(({ tabs }) => tabs).find(({ label }) => label === path.basename(file));

  it('opens its run at the iteration, and leaves no tab of its own', async () => {
    const folder = path.join(runsFolder(), 'opened-with');
    writeSampleRun(folder, 3, {}, { id: 'opened-with' });
    const file = path.join(folder, 'rollouts/000002.parquet');
    await openWith(file);
    await until('its place to be selected', async () => {
      const link = await execute('copyLink', {});
      return typeof link === 'string' && /run=opened-with&iteration=2&/.test(link) ? link : undefined;
    });
    await until('its tab to be gone', () => (tabOf(file) === undefined ? true : undefined));
    await execute('closeRun', { run: 'opened-with' });
  });

  it('stays with a line of why where the file belongs to no run', async () => {
    const stray = path.join(workspaceFolder(), 'stray.parquet');
    writeFileSync(stray, 'PAR1');
    const before = await execute('copyLink', {});
    await openWith(stray);
    const tab = await until('its tab', () => tabOf(stray));
    assert.deepEqual(await execute('copyLink', {}), before);
    await vscode.window.tabGroups.close(tab);
  });
});

describe('.gitignore', () => {
  it('gets the line for run folders once', async () => {
    const file = path.join(workspaceFolder(), '.gitignore');
    writeFileSync(file, 'dist');
    assert.deepEqual(await execute('addToGitignore'), [file]);
    assert.equal(readFileSync(file, 'utf8'), 'dist\n.parley/runs/\n');
    assert.deepEqual(await execute('addToGitignore'), []);
  });
});
