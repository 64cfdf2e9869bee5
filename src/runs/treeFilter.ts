import { type Filter, FilterError, matches, parseFilter, readsTexts, type SaidText } from '../domain/filter';
import type { IterationLine } from '../protocol/runFiles';
import type { FilterView } from '../protocol/webview';
import { Emitter } from './emitter';
import type { OpenRun } from './openRun';
import { SummarySubject } from './summarySubject';

/** Negotiations of an iteration that pass, and those whose texts have to be read before one can tell. */
interface Verdict {
  readonly passing: ReadonlySet<number>;
  readonly unread: boolean;
}

/** The runs that a filter looks through. */
interface Runs {
  readonly runs: readonly OpenRun[];
  get(id: string): OpenRun | undefined;
}

/**
 * The filter of the tree: over whole runs, not over what happens to be in view. What the journal knows of a
 * negotiation decides at once; `says` reads rollouts in the background, newest first, until the filter changes.
 */
export class TreeFilter {
  #expression = '';
  #filter: Filter | null = null;
  #problem: FilterView['problem'] = null;
  #verdicts = new Map<string, Verdict>();
  #scan: AbortController | undefined;
  readonly #changed = new Emitter<null>();
  /** Other rows pass now, or more has been looked at. */
  readonly onChanged = this.#changed.on;

  constructor(private readonly runs: Runs) {}

  /** Whether anything is filtered. */
  get active(): boolean {
    return this.#filter !== null;
  }

  /** Replaces the filter; one that cannot be read shows everything and says why. */
  set(expression: string): void {
    this.#scan?.abort();
    this.#scan = undefined;
    this.#verdicts = new Map();
    this.#expression = expression;
    this.#filter = null;
    this.#problem = null;
    try {
      this.#filter = parseFilter(expression);
    } catch (error) {
      if (!(error instanceof FilterError)) throw error;
      this.#problem = { message: error.message, at: error.at };
    }
    this.#changed.fire(null);
    this.rescan();
  }

  /** Negotiations of an iteration that pass; null while nothing is filtered. */
  passing(run: string, line: IterationLine): ReadonlySet<number> | null {
    if (this.#filter === null) return null;
    return this.#verdict(run, line).passing;
  }

  /** Forgets what was known of a run from an iteration on: it was written anew. */
  forget(run: string, from: number): void {
    for (const key of this.#verdicts.keys()) {
      const [id, iteration] = splitKey(key);
      if (id === run && iteration >= from) this.#verdicts.delete(key);
    }
    this.rescan();
  }

  /** How far it has come. */
  view(): FilterView {
    let total = 0;
    let looked = 0;
    let passing = 0;
    for (const run of this.runs.runs) {
      for (const line of run.treeRun().iterations) {
        const count = line.negotiations?.group.length ?? 0;
        total += count;
        if (this.#filter === null) continue;
        const verdict = this.#verdict(run.id, line);
        if (!verdict.unread) looked += count;
        passing += verdict.passing.size;
      }
    }
    const all = this.#filter === null;
    return { expression: this.#expression, problem: this.#problem, matches: all ? total : passing, looked: all ? total : looked, total };
  }

  /** Reads the texts that are still unread, in the background. */
  rescan(): void {
    if (this.#filter === null || !readsTexts(this.#filter) || this.#scan !== undefined) return;
    const scan = new AbortController();
    this.#scan = scan;
    void this.#readAll(scan.signal).finally(() => {
      if (this.#scan !== scan) return;
      this.#scan = undefined;
      // Iterations that were committed meanwhile.
      if (this.#someUnread()) this.rescan();
    });
  }

  #someUnread(): boolean {
    return this.runs.runs.some((run) => run.treeRun().iterations.some((line) => this.#verdict(run.id, line).unread));
  }

  async #readAll(signal: AbortSignal): Promise<void> {
    for (const run of this.runs.runs) {
      for (const line of run.treeRun().iterations.toReversed()) {
        if (signal.aborted) return;
        if (!this.#verdict(run.id, line).unread) continue;
        // A file that cannot be read passes nothing; the tree names its problem where it is opened.
        const said = await run.said(line.iteration).catch(() => new Map<number, SaidText[]>());
        if (signal.aborted) return;
        this.#verdicts.set(keyOf(run.id, line), this.#judge(run, line, said));
        this.#changed.fire(null);
      }
    }
  }

  #verdict(run: string, line: IterationLine): Verdict {
    const key = keyOf(run, line);
    const known = this.#verdicts.get(key);
    if (known !== undefined) return known;
    const open = this.runs.get(run);
    const verdict = open === undefined ? { passing: new Set<number>(), unread: false } : this.#judge(open, line, null);
    this.#verdicts.set(key, verdict);
    return verdict;
  }

  #judge(run: OpenRun, line: IterationLine, said: ReadonlyMap<number, readonly SaidText[]> | null): Verdict {
    const passing = new Set<number>();
    let unread = false;
    if (line.negotiations === undefined) return { passing, unread };
    const subject = new SummarySubject(run, line.iteration, line.negotiations);
    for (let negotiation = 0; negotiation < subject.count; negotiation++) {
      const texts = said === null ? null : (said.get(negotiation) ?? []);
      const passes = matches(this.#filter!, subject.at(negotiation), texts);
      if (passes === undefined) unread = true;
      else if (passes) passing.add(negotiation);
    }
    return { passing, unread };
  }
}

function keyOf(run: string, line: IterationLine): string {
  return `${line.iteration}/${run}`;
}

function splitKey(key: string): [run: string, iteration: number] {
  const slash = key.indexOf('/');
  return [key.slice(slash + 1), Number(key.slice(0, slash))];
}
