import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { writeSampleRun } from '../runs/sampleRun';
import { execute, runsFolder, workspaceFolder } from './workspace';

describe('Export', function () {
  this.timeout(60_000);
  const out = (name: string): string => path.join(workspaceFolder(), name);
  const open = async (id: string): Promise<void> => {
    writeSampleRun(path.join(runsFolder(), id), 2, {}, { id, name: id });
    await execute('openRun', { folder: path.join(runsFolder(), id) });
  };

  it('writes runs from the command, in the inference process', async () => {
    await open('export-a');
    await open('export-b');
    const tables = out('tables');
    const exported = await execute('exportRun', { run: 'export-a', with: ['export-b'], format: 'csv', out: tables });
    assert.deepEqual((exported as { files: string[] }).files, [path.join(tables, 'measures.csv'), path.join(tables, 'turns.csv')]);
    const lines = readFileSync(path.join(tables, 'measures.csv'), 'utf8').trim().split('\r\n');
    assert.deepEqual(
      lines.slice(1).map((line) => line.split(',')[0]),
      ['export-a', 'export-a', 'export-b', 'export-b'],
    );
    const log = out('b.eval');
    await execute('exportRun', { run: 'export-b', format: 'inspect', iterations: [2], out: log });
    assert.equal(readFileSync(log).subarray(0, 2).toString(), 'PK');
    const report = out('report.html');
    await execute('exportRun', { run: 'export-a', with: ['export-b'], format: 'html', out: report });
    const html = readFileSync(report, 'utf8');
    assert.match(html, /<title>export-a, export-b<\/title>/);
    assert.match(html, /export-b, iteration 2, negotiation 0/);
    rmSync(report);
    rmSync(tables, { recursive: true });
    rmSync(log);
  });

  it('of a run set takes all of its runs that have begun', async () => {
    const ids = ['export-set-0', 'export-set-1'];
    for (const id of ids) {
      writeSampleRun(path.join(runsFolder(), id), 2, {}, { id, name: id, set: { id: 'export-set', name: 'export set' } });
      await execute('openRun', { folder: path.join(runsFolder(), id) });
    }
    const tables = out('set-tables');
    await execute('exportRun', { set: 'export-set', format: 'csv', out: tables });
    const lines = readFileSync(path.join(tables, 'measures.csv'), 'utf8').trim().split('\r\n').slice(1);
    assert.deepEqual([...new Set(lines.map((line) => line.split(',')[0]))], ids);
    rmSync(tables, { recursive: true });
  });

  it('refuses in one line, and leaves nothing behind', async () => {
    await open('export-a');
    const refusal = async (args: Record<string, unknown>): Promise<string> =>
      ((await execute('exportRun', { run: 'export-a', ...args })) as { error: string }).error;
    const model = out('model');
    assert.match(await refusal({ format: 'safetensors', out: model }), /^export-a cannot be exported so: it has no checkpoint here$/);
    assert.match(await refusal({ format: 'docx', out: model }), /^Export: format: /);
    assert.match(await refusal({ format: 'csv', out: model, with: ['nobody'] }), /no open run nobody can go with export-a/);
    assert.match(await refusal({ format: 'csv', out: model, iterations: [9] }), /^Export: export-a has no iteration 9: it has 0 to 2$/);
    await execute('exportRun', { run: 'export-a', format: 'csv', out: model });
    assert.match(await refusal({ format: 'csv', out: model }), /measures\.csv is there already: give another place$/);
    assert.ok(existsSync(path.join(model, 'turns.csv')));
    assert.deepEqual(
      readdirSync(workspaceFolder()).filter((name) => name.endsWith('.parley-draft')),
      [],
    );
    rmSync(model, { recursive: true });
  });
});
