import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { IMPORT_LINES } from '../protocol/imports';
import { type IterationLine, type LockFile, lockFile, RUN_FORMAT, RUN_PATHS, type RunFile, runFile } from '../protocol/runFiles';
import { importProblems, readImportLines } from './importLines';
import { readJournal } from './journal';
import { inspectLock } from './lock';
import type { FinishedLine, FolderChange, NegotiationFolder } from './negotiationFolder';
import { firstIssue, isMissing, messageOf, type Problem } from './problem';
import { sharingLists } from './sharedLists';

/** Bytes of journal that are read and parsed at once; between two such pages the window gets its turn. */
const PAGE = 2 ** 20;

/** A heartbeat that stands still for this long is looked at more closely, in milliseconds. */
const QUIET = 15_000;

/**
 * A run folder as far as it can be read. What is damaged or missing is a `Problem` with its remedy; the
 * rest is there. Nothing is ever written.
 */
export class RunFolder implements NegotiationFolder {
  readonly played = null;
  /** run.json; null where it cannot be read. */
  file: RunFile | null = null;
  finished: FinishedLine | null = null;
  /** Who trains here, as far as it was last looked at; null if nobody does. */
  trainedBy: LockFile | 'starting' | null = null;
  /** Whether a lock is left of a trainer that is gone: it was cut off. */
  abandoned = false;
  readonly #iterations = new Map<number, IterationLine>();
  #sorted: readonly IterationLine[] = [];
  #fileProblem: Problem | null = null;
  #journalProblems: Problem[] = [];
  #importProblems: readonly Problem[] = [];
  #importSize = -1;
  #torn = 0;
  #offset = 0;
  #lockText = '';
  #lockChanged = 0;
  #reading: Promise<FolderChange> = Promise.resolve({ from: null, changed: false });

  private constructor(readonly path: string) {}

  /** Opens a folder and reads its journal. Never throws: what is wrong stands in `problems`. */
  static async open(path: string): Promise<RunFolder> {
    const folder = new RunFolder(path);
    await folder.refresh();
    return folder;
  }

  /** The folder's own name, for a run whose run.json does not say one. */
  get baseName(): string {
    return basename(this.path);
  }

  /** Committed iterations, ascending; iteration 0 is the start and has no rollouts. */
  get iterations(): readonly IterationLine[] {
    return this.#sorted;
  }

  /** The line of a committed iteration. */
  iteration(number: number): IterationLine | undefined {
    return this.#iterations.get(number);
  }

  /** The newest committed iteration; −1 before the start is. */
  get last(): number {
    return this.#sorted.at(-1)?.iteration ?? -1;
  }

  /** Everything that could not be read; one line each. */
  get problems(): readonly Problem[] {
    const torn =
      this.#torn > 0 && this.trainedBy === null
        ? [
            {
              file: RUN_PATHS.journal,
              message: `${RUN_PATHS.journal} ends in a torn line; what it was about is not committed. Resume Run trains it again`,
            },
          ]
        : [];
    return [...(this.#fileProblem === null ? [] : [this.#fileProblem]), ...this.#journalProblems, ...torn, ...this.#importProblems];
  }

  /** Reads what was added since the last look; looks that overlap follow each other. */
  refresh(): Promise<FolderChange> {
    this.#reading = this.#reading.then(() => this.#refresh());
    return this.#reading;
  }

  /** Makes the next look ask for the trainer's process even if its heartbeat is fresh: it may just have died. */
  lookCloser(): void {
    this.#lockChanged = 0;
    this.#lockText = '';
  }

  /** Reads run.json again, which somebody has just written; the next look tells of it. */
  async rereadRunFile(): Promise<void> {
    const reading = this.#reading.then(async (change) => {
      await this.#readRunFile();
      return { ...change, changed: true };
    });
    this.#reading = reading;
    await reading;
  }

  async #refresh(): Promise<FolderChange> {
    const before = this.#visibleState();
    if (this.file === null) await this.#readRunFile();
    const from = this.file === null ? null : await this.#readJournal();
    await this.#readLock();
    if (this.file?.imported !== undefined) await this.#readImport();
    return { from, changed: from !== null || before !== this.#visibleState() };
  }

  async #readRunFile(): Promise<void> {
    const name = RUN_PATHS.run;
    const wrong = (message: string): void => {
      this.#fileProblem = { file: name, message };
    };
    try {
      const json: unknown = JSON.parse(await readFile(join(this.path, name), 'utf8'));
      const format = typeof json === 'object' && json !== null && 'format' in json ? json.format : undefined;
      if (typeof format === 'number' && format > RUN_FORMAT) {
        wrong(`${name} is of format ${format}, and this Parley reads up to ${RUN_FORMAT}: update Parley to open this run`);
        return;
      }
      const parsed = runFile.safeParse(json);
      if (parsed.success) {
        this.file = parsed.data;
        this.#fileProblem = null;
      } else wrong(`${name}: ${firstIssue(parsed.error)}. Restore the file from a copy`);
    } catch (error) {
      if (isMissing(error)) wrong(`${name} is missing: this is no run folder, or it was copied in part. Copy it again`);
      else if (error instanceof SyntaxError) wrong(`${name} is not whole JSON (${messageOf(error)}). Restore it from a copy`);
      else wrong(`${name} cannot be read (${messageOf(error)})`);
    }
  }

  async #readJournal(): Promise<number | null> {
    let from: number | null = null;
    let room: Buffer | undefined;
    try {
      for (let more = true; more; ) {
        const page = await readJournal(this.path, this.#offset, PAGE, room);
        if (page.more) room ??= Buffer.alloc(PAGE);
        if (page.restarted) {
          this.#forget();
          from = 0;
        }
        this.#offset = page.offset;
        this.#torn = page.torn;
        this.#journalProblems.push(...page.problems);
        for (const line of page.lines) {
          if (line.type === 'finished') this.finished = line;
          else {
            this.#iterations.set(line.iteration, sharingLists(line, this.#iterations.get(line.iteration - 1)?.negotiations));
            from = Math.min(from ?? line.iteration, line.iteration);
          }
        }
        more = page.more;
      }
    } catch (error) {
      const message = `${RUN_PATHS.journal} cannot be read (${messageOf(error)})`;
      if (!this.#journalProblems.some((known) => known.message === message)) {
        this.#journalProblems.push({ file: RUN_PATHS.journal, message });
      }
    }
    if (from !== null) this.#sorted = [...this.#iterations.values()].sort((a, b) => a.iteration - b.iteration);
    return from;
  }

  /** What an import skipped, read again when it says more. */
  async #readImport(): Promise<void> {
    try {
      const { size } = await stat(join(this.path, IMPORT_LINES));
      if (size === this.#importSize) return;
      this.#importProblems = importProblems((await readImportLines(this.path)).values());
      this.#importSize = size;
    } catch (error) {
      if (isMissing(error)) return;
      this.#importProblems = [{ file: IMPORT_LINES, message: messageOf(error) }];
    }
  }

  #forget(): void {
    this.#iterations.clear();
    this.#sorted = [];
    this.#journalProblems = [];
    this.finished = null;
  }

  /** Looking up a process is dear on some systems, so a heartbeat that moves is enough. */
  async #readLock(): Promise<void> {
    let text = '';
    try {
      text = await readFile(join(this.path, RUN_PATHS.lock), 'utf8');
    } catch {
      this.trainedBy = null;
      this.abandoned = false;
      this.#lockText = '';
      return;
    }
    const moved = text !== this.#lockText && this.#lockText !== '' && this.trainedBy !== null;
    if (text === this.#lockText && Date.now() - this.#lockChanged < QUIET) return;
    this.#lockText = text;
    this.#lockChanged = Date.now();
    if (moved) {
      this.trainedBy = parseLock(text) ?? 'starting';
      return;
    }
    try {
      const state = await inspectLock(this.path);
      this.trainedBy = state.state === 'held' ? (state.lock ?? 'starting') : null;
      this.abandoned = state.state === 'dead' || state.state === 'stale';
    } catch {
      this.trainedBy = null;
    }
  }

  #visibleState(): string {
    const who = this.trainedBy === null || this.trainedBy === 'starting' ? this.trainedBy : `${this.trainedBy.host}:${this.trainedBy.pid}`;
    return JSON.stringify([this.file?.name, this.problems, who, this.finished !== null]);
  }
}

function parseLock(text: string): LockFile | null {
  try {
    return lockFile.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
