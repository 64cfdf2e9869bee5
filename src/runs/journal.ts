import { copyFile, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type JournalLine, journalLine, RUN_PATHS } from '../protocol/runFiles';
import { syncFolder, writeError } from './durableFile';
import { firstIssue, isMissing, type Problem } from './problem';

/** What a read of journal.jsonl found. */
export interface JournalPage {
  readonly lines: readonly JournalLine[];
  /** Byte offset after the last whole line: where the next read goes on. */
  readonly offset: number;
  /** Bytes after it: a line that is being written, or that a crash tore. */
  readonly torn: number;
  /** Whole lines that do not parse; the others are still good. */
  readonly problems: readonly Problem[];
  /** The file is shorter than the offset asked for, so it was read from its start. */
  readonly restarted: boolean;
  /** There are whole lines left to read after `offset`. */
  readonly more: boolean;
}

const NEWLINE = 0x0a;

/**
 * Reads the journal from a byte offset on; cheap when nothing was added (one `stat`). A missing journal is an empty one.
 * A last line without its end is reported as torn, never as an error: its write was not committed.
 * `most` bounds the bytes of one page, so that a long journal can be read without holding everything else up; `room` is read into
 * where the page fits, so that the pages of a long journal need the memory of one.
 */
export async function readJournal(folder: string, from = 0, most = Number.POSITIVE_INFINITY, room?: Buffer): Promise<JournalPage> {
  const path = join(folder, RUN_PATHS.journal);
  const size = await sizeOf(path);
  const restarted = size < from;
  const start = restarted ? 0 : from;
  if (size === start) return { lines: [], offset: start, torn: 0, problems: [], restarted, more: false };

  const length = Math.min(size - start, most);
  const bytes = room !== undefined && room.length >= length ? room.subarray(0, length) : Buffer.alloc(length);
  const file = await open(path, 'r');
  let read = 0;
  try {
    // A journal on a network file system may hand out less than it was asked for.
    for (let got = -1; read < bytes.length && got !== 0; read += got) {
      got = (await file.read(bytes, read, bytes.length - read, start + read)).bytesRead;
    }
  } finally {
    await file.close();
  }

  const cut = start + read < size;
  const whole = bytes.subarray(0, read).lastIndexOf(NEWLINE) + 1;
  // A line longer than the page: a page twice as long holds it, or is the rest of the file.
  if (whole === 0 && cut && read === most) return readJournal(folder, from, most * 2);
  const lines: JournalLine[] = [];
  const problems: Problem[] = [];
  let at = 0;
  while (at < whole) {
    const end = bytes.indexOf(NEWLINE, at);
    const parsed = parseLine(bytes.toString('utf8', at, end));
    if (typeof parsed === 'string') {
      problems.push({
        file: RUN_PATHS.journal,
        message: `${RUN_PATHS.journal}: the line at byte ${start + at} is damaged (${parsed}); it is left out. Restore the file from a copy to see it`,
      });
    } else {
      lines.push(parsed);
    }
    at = end + 1;
  }
  return { lines, offset: start + whole, torn: cut ? 0 : read - whole, problems, restarted, more: cut && whole > 0 };
}

/** Appends a line and returns once it is on the disk. @throws WriteError; the journal is then as it was. */
export async function appendJournal(folder: string, line: JournalLine): Promise<void> {
  const path = join(folder, RUN_PATHS.journal);
  try {
    const file = await open(path, 'a');
    try {
      const { size } = await file.stat();
      try {
        await file.writeFile(`${JSON.stringify(line)}\n`);
        await file.sync();
      } catch (error) {
        // Should this fail too, readers take what is left for the torn line that it is.
        await file.truncate(size).catch(() => undefined);
        throw error;
      }
      if (size === 0) await syncFolder(folder);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw writeError(path, error);
  }
}

/**
 * Cuts a torn last line off so that the run can go on, after a copy of the journal was put beside it.
 * @returns the copy's name, or undefined if nothing was torn.
 */
export async function mendJournal(folder: string, page: JournalPage): Promise<string | undefined> {
  if (page.torn === 0) return undefined;
  const path = join(folder, RUN_PATHS.journal);
  const copy = `journal.torn-${page.offset}.jsonl`;
  try {
    await copyFile(path, join(folder, copy));
    const file = await open(path, 'r+');
    try {
      await file.truncate(page.offset);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (error) {
    throw writeError(path, error);
  }
  return copy;
}

function parseLine(text: string): JournalLine | string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return 'not JSON';
  }
  const parsed = journalLine.safeParse(json);
  return parsed.success ? parsed.data : firstIssue(parsed.error);
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
}
