import { appendFile, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JournalLine } from '../protocol/runFiles';
import { appendJournal, mendJournal, readJournal } from './journal';

const line = (iteration: number): JournalLine => ({
  type: 'iteration',
  iteration,
  time: '2026-01-01T00:00:00.000Z',
  seconds: 0.25,
  state: { folder: `state/${iteration}`, files: { 'é.json': 'a'.repeat(64) } },
});

describe('the journal', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'journal-'));
    path = join(folder, 'journal.jsonl');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('is empty where there is none', async () => {
    expect(await readJournal(folder)).toEqual({ lines: [], offset: 0, torn: 0, problems: [], restarted: false, more: false });
  });

  it('is read page by page to the same lines, even where a line is longer than a page', async () => {
    for (let i = 0; i < 5; i++) await appendJournal(folder, line(i));
    await appendFile(path, '{"torn');
    const whole = await readJournal(folder);
    for (const most of [1, 100, 333, 1e6]) {
      const lines: JournalLine[] = [];
      let page = await readJournal(folder, 0, most);
      lines.push(...page.lines);
      while (page.more) {
        page = await readJournal(folder, page.offset, most);
        lines.push(...page.lines);
      }
      expect(lines).toEqual(whole.lines);
      expect(page).toMatchObject({ offset: whole.offset, torn: 6 });
    }
  });

  it('is tailed from where the last read ended', async () => {
    await appendJournal(folder, line(0));
    await appendJournal(folder, line(1));
    const first = await readJournal(folder);
    expect(first.lines).toEqual([line(0), line(1)]);
    expect((await readJournal(folder, first.offset)).lines).toEqual([]);
    await appendJournal(folder, line(2));
    const second = await readJournal(folder, first.offset);
    expect(second.lines).toEqual([line(2)]);
    expect(second.offset).toBe((await readFile(path)).length);
  });

  it('reports a torn last line at every cut, and reads it once it is whole', async () => {
    await appendJournal(folder, line(0));
    const whole = await readFile(path);
    await appendJournal(folder, line(1));
    const both = await readFile(path);
    for (let cut = whole.length + 1; cut < both.length; cut++) {
      await writeFile(path, both.subarray(0, cut));
      const page = await readJournal(folder);
      expect(page.lines).toEqual([line(0)]);
      expect(page).toMatchObject({ offset: whole.length, torn: cut - whole.length, problems: [] });
    }
    await writeFile(path, both);
    expect((await readJournal(folder, whole.length)).lines).toEqual([line(1)]);
  });

  it('mends a torn line by cutting it off, and keeps a copy', async () => {
    await appendJournal(folder, line(0));
    const good = await readFile(path, 'utf8');
    await appendFile(path, '{"type":"iter');
    const copy = await mendJournal(folder, await readJournal(folder));
    expect(await readFile(path, 'utf8')).toBe(good);
    expect(await readFile(join(folder, copy!), 'utf8')).toBe(`${good}{"type":"iter`);
    expect(await mendJournal(folder, await readJournal(folder))).toBeUndefined();
  });

  it('names a damaged line in the middle and reads the others', async () => {
    await appendJournal(folder, line(0));
    const at = (await readFile(path)).length;
    await appendFile(path, '{"type":"iteration","iteration":-1}\nrubbish\n');
    await appendJournal(folder, line(2));
    const page = await readJournal(folder);
    expect(page.lines).toEqual([line(0), line(2)]);
    expect(page.problems.map((problem) => problem.message)).toEqual([
      expect.stringMatching(`^journal.jsonl: the line at byte ${at} is damaged \\(iteration: `),
      expect.stringContaining('is damaged (not JSON)'),
    ]);
  });

  it('starts over when the file shrank', async () => {
    await appendJournal(folder, line(0));
    const { offset } = await readJournal(folder);
    await truncate(path, 0);
    await writeFile(path, '');
    expect(await readJournal(folder, offset)).toMatchObject({ lines: [], offset: 0, restarted: true });
  });

  it.skipIf(process.platform !== 'linux')('says in one line that the disk is full', async () => {
    const { symlink } = await import('node:fs/promises');
    await symlink('/dev/full', path);
    await expect(appendJournal(folder, line(0))).rejects.toThrow(/cannot write .*journal\.jsonl .*the disk is full.*resume the run/);
  });
});
