import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeLock } from '../../test/runs/sampleLock';
import { appendLine, sampleConfig, sampleLine, sampleRunFile, writeIterations, writeSampleRun } from '../../test/runs/sampleRun';
import { RunFolder } from './runFolder';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-run-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const numbers = (run: RunFolder): number[] => run.iterations.map(({ iteration }) => iteration);
const messages = (run: RunFolder): string[] => run.problems.map(({ message }) => message);

describe('RunFolder', () => {
  it('opens a whole run without a problem', async () => {
    const config = writeSampleRun(folder, 3);
    const run = await RunFolder.open(folder);
    expect(run.file?.config).toEqual(config);
    expect(numbers(run)).toEqual([0, 1, 2, 3]);
    expect(run.problems).toEqual([]);
    expect(run.finished).toBeNull();
  });

  it('reads only what the journal gained, and says from which iteration on', async () => {
    const config = writeSampleRun(folder, 1);
    const run = await RunFolder.open(folder);
    expect(await run.refresh()).toEqual({ from: null, changed: false });
    writeIterations(folder, config, 2, 3);
    expect(await run.refresh()).toEqual({ from: 2, changed: true });
    expect(numbers(run)).toEqual([0, 1, 2, 3]);
    const { measures } = sampleLine(config, 3, { rows: 1, bytes: 1 });
    appendLine(folder, { type: 'finished', iteration: 3, time: '', measures: measures! });
    expect(await run.refresh()).toEqual({ from: null, changed: true });
    expect(run.finished?.iteration).toBe(3);
  });

  it('says of a folder that is no run what is missing, and opens it once it is there', async () => {
    const run = await RunFolder.open(folder);
    expect(messages(run)).toEqual(['run.json is missing: this is no run folder, or it was copied in part. Copy it again']);
    writeSampleRun(folder, 1);
    expect((await run.refresh()).changed).toBe(true);
    expect(run.problems).toEqual([]);
    expect(numbers(run)).toEqual([0, 1]);
  });

  it('refuses a newer format by name', async () => {
    writeFileSync(join(folder, 'run.json'), JSON.stringify({ ...sampleRunFile(sampleConfig()), format: 99, hello: 1 }));
    expect(messages(await RunFolder.open(folder))).toEqual([
      'run.json is of format 99, and this Parley reads up to 1: update Parley to open this run',
    ]);
  });

  it.each([
    ['{"format": 1', /^run\.json is not whole JSON \(.*\)\. Restore it from a copy$/],
    ['{"format": 1}', /^run\.json: id: .*\. Restore the file from a copy$/],
  ])('says of run.json %s what is wrong with it', async (json, message) => {
    writeFileSync(join(folder, 'run.json'), json);
    expect(messages(await RunFolder.open(folder))).toEqual([expect.stringMatching(message)]);
  });

  it('leaves a torn last line out, says so, and takes it in once it is whole', async () => {
    const config = writeSampleRun(folder, 1);
    const line = `${JSON.stringify(sampleLine(config, 2, { rows: 16, bytes: 1 }))}\n`;
    appendFileSync(join(folder, 'journal.jsonl'), line.slice(0, 100));
    const run = await RunFolder.open(folder);
    expect(messages(run)).toEqual([expect.stringContaining('journal.jsonl ends in a torn line')]);
    expect(numbers(run)).toEqual([0, 1]);
    appendFileSync(join(folder, 'journal.jsonl'), line.slice(100));
    expect(await run.refresh()).toEqual({ from: 2, changed: true });
    expect(run.problems).toEqual([]);
  });

  it('opens what is good around a damaged line', async () => {
    writeSampleRun(folder, 1);
    appendFileSync(join(folder, 'journal.jsonl'), '{"type":"iteration","iteration":"two"}\n');
    writeIterations(folder, sampleConfig(), 2, 2);
    const run = await RunFolder.open(folder);
    expect(numbers(run)).toEqual([0, 1, 2]);
    expect(messages(run)).toEqual([expect.stringMatching(/^journal\.jsonl: the line at byte \d+ is damaged/)]);
  });

  it('reads a journal anew that became shorter', async () => {
    const config = writeSampleRun(folder, 3);
    const run = await RunFolder.open(folder);
    rmSync(join(folder, 'journal.jsonl'));
    writeIterations(folder, config, 0, 1);
    expect((await run.refresh()).from).toBe(0);
    expect(numbers(run)).toEqual([0, 1]);
  });

  it('knows who trains it: a live process yes, a dead one no', async () => {
    writeSampleRun(folder, 1);
    writeLock(folder);
    const run = await RunFolder.open(folder);
    expect(run.trainedBy).toMatchObject({ pid: process.pid });
    rmSync(join(folder, 'lock.json'));
    expect((await run.refresh()).changed).toBe(true);
    expect(run.trainedBy).toBeNull();
    writeLock(folder, process.pid, 'another start');
    await run.refresh();
    expect(run.trainedBy).toBeNull();
  });

  it('writes nothing into a folder that it reads', async () => {
    mkdirSync(join(folder, 'rollouts'));
    writeSampleRun(folder, 1);
    appendFileSync(join(folder, 'journal.jsonl'), '{"torn');
    const before = readdirSync(folder, { recursive: true }).map(String).sort();
    const journal = readFileSync(join(folder, 'journal.jsonl'), 'utf8');
    await (await RunFolder.open(folder)).refresh();
    expect(readdirSync(folder, { recursive: true }).map(String).sort()).toEqual(before);
    expect(readFileSync(join(folder, 'journal.jsonl'), 'utf8')).toBe(journal);
  });
});
