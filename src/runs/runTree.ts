import { SORT_FIELDS } from '../domain/filter';
import type { IterationLine } from '../protocol/runFiles';
import type { Place, TreeSort, TreeWindow } from '../protocol/webview';
import { Emitter } from './emitter';
import { messageOf } from './problem';
import type { RunSets } from './runSets';
import type { RunStore } from './runStore';
import { type Order, SortedRows } from './sortedRows';
import { TreeFilter } from './treeFilter';
import type { NegotiationKey, OutlineState, TreeEntry, TreeRun } from './treeModel';
import { FlatTree, idsOf, rangeId, rangeStart } from './treeRows';
import { rowsAbove, treeEntries } from './treeSets';

/** Outlines of negotiations that are kept; more than any screen shows. */
const OUTLINES_KEPT = 256;

/** Rows that one request may ask for. */
const MAX_WINDOW = 1000;

/** The tree of open runs: what is expanded, and windows of the rows that follow from it. */
export class RunTree {
  #version = 1;
  #flat: FlatTree | SortedRows | undefined;
  #order: Order | null = null;
  /** The sorted list, kept while only what is under way goes on. */
  #sorted: SortedRows | undefined;
  #sortedOf = '';
  readonly #expanded: Set<string>;
  readonly #outlines = new Map<string, OutlineState>();
  readonly #changed = new Emitter<null>();
  /** Rows differ; windows have to be asked for again. */
  readonly onChanged = this.#changed.on;
  readonly #expansion = new Emitter<null>();
  /** A reader, or a place that was revealed, opened or closed rows. */
  readonly onExpanded = this.#expansion.on;

  /** What is shown of the runs. */
  readonly filter: TreeFilter;

  constructor(
    private readonly store: RunStore,
    expanded: Iterable<string> = [],
    private readonly sets: Pick<RunSets, 'all' | 'onChanged'> | null = null,
  ) {
    this.#expanded = new Set(expanded);
    sets?.onChanged(() => this.#invalidate());
    this.filter = new TreeFilter(store);
    this.filter.onChanged(() => {
      this.#sorted = undefined;
      this.#invalidate();
    });
    store.onChanged((change) => {
      if (change.kind === 'committed') {
        this.#forgetOutlines(`${change.run.id}/`, change.from);
        this.filter.forget(change.run.id, change.from);
      }
      if (change.kind === 'committed') this.#sorted = undefined;
      if (change.kind === 'preview') this.#openNextRange(change.run.id, change.run.active?.preview?.iteration ?? 0);
      this.#invalidate();
    });
  }

  /** Ids of the rows that are open, to be kept between sessions; the newest come last. */
  get expanded(): string[] {
    return [...this.#expanded];
  }

  get version(): number {
    return this.#version;
  }

  get total(): number {
    return this.#rows().total;
  }

  /** Rows `start` up to, not including, `end`; `anchor` is the id of a row whose index is wanted too. */
  window(start: number, end: number, anchor?: string): TreeWindow {
    const flat = this.#rows();
    return {
      version: this.#version,
      total: flat.total,
      start,
      rows: flat.window(start, Math.min(end, start + MAX_WINDOW)),
      ...(anchor === undefined ? {} : { anchor: flat.indexOf(anchor) }),
    };
  }

  /**
   * Shows the negotiations that pass as one sorted list, or the tree again.
   * @throws Error for a name that is none of `SORT_FIELDS`
   */
  sort({ by, descending }: TreeSort): void {
    const field = SORT_FIELDS.find(({ name }) => name === by);
    if (by !== null && field === undefined) throw new Error(`There is no “${by}” to sort by`);
    this.#order = field === undefined ? null : { by: field, descending };
    this.#sorted = undefined;
    this.#invalidate();
  }

  /** The next or previous negotiation of those that are shown, in their order; null at the ends. Iterations as the run has them. */
  step(place: Place, by: 'negotiation' | 'iteration', delta: 1 | -1): Place | null {
    const rows = by === 'negotiation' ? this.#rows() : undefined;
    if (rows instanceof SortedRows) return rows.step(place, delta);
    const run = this.store.get(place.run);
    for (let next = run?.step(place, by, delta) ?? null; ; next = run?.step(next, by, delta) ?? null) {
      if (next === null || by === 'iteration' || this.#passes(next)) return next;
    }
  }

  /** Row index of a place, or of the nearest row above it that is visible; −1 if its run is not open. */
  indexOf(place: Place): number {
    return this.#rows().nearest(this.store.get(place.run)?.rowPlace(place) ?? place);
  }

  /** Opens or closes a row. */
  toggle(id: string, expanded: boolean): void {
    if (this.#expanded.has(id) === expanded) return;
    if (expanded) this.#expanded.add(id);
    else this.#expanded.delete(id);
    this.#expansion.fire(null);
    this.#invalidate();
  }

  /** Opens all rows above a place, so that its own row is there. */
  reveal(place: Place): void {
    for (const id of rowsAbove(this.#entries(), place.run)) this.#expanded.add(id);
    for (const id of idsOf(this.store.get(place.run)?.rowPlace(place) ?? place).slice(0, -1)) this.#expanded.add(id);
    this.#expansion.fire(null);
    this.#invalidate();
  }

  #invalidate(): void {
    this.#version++;
    this.#flat = undefined;
    this.#changed.fire(null);
  }

  /** Whether the filter lets a committed negotiation through; what is under way always passes. */
  #passes({ run, iteration, negotiation }: Place): boolean {
    const line = iteration === undefined ? undefined : this.store.get(run)?.folder.iteration(iteration);
    if (line === undefined || negotiation === undefined) return true;
    return this.filter.passing(run, line)?.has(negotiation) ?? true;
  }

  #rows(): FlatTree | SortedRows {
    if (this.#order !== null) {
      const of = this.store.runs.map((run) => `${run.id} ${run.name}`).join('\n');
      if (of !== this.#sortedOf) this.#sorted = undefined;
      this.#sortedOf = of;
      this.#sorted ??= new SortedRows(
        this.store.runs.map((run) => ({ tree: run.treeRun(), subject: run })),
        this.#order,
        (run, line) => this.filter.passing(run, line),
      );
      this.#flat = this.#sorted;
    } else if (this.#flat === undefined) {
      const passing = (run: TreeRun, line: IterationLine) => this.filter.passing(run.id, line);
      this.#flat = new FlatTree(this.#entries(), this.#expanded, (run, key) => this.#outline(run, key), passing);
      for (const { run, key } of this.#flat.wanted) void this.#load(run, key);
    }
    return this.#flat;
  }

  #entries(): TreeEntry[] {
    return treeEntries(
      this.store.runs.map((run) => this.#filtered(run.treeRun())),
      this.sets?.all ?? [],
    );
  }

  /** A run without the iterations in which nothing passes; what is under way cannot be judged yet. */
  #filtered(run: TreeRun): TreeRun {
    if (!this.filter.active) return run;
    const iterations = run.iterations.filter((line) => this.filter.passing(run.id, line)?.size !== 0);
    return { ...run, iterations, preview: null };
  }

  #outline(run: TreeRun, key: NegotiationKey): OutlineState | undefined {
    if (run.preview?.iteration === key.iteration) return this.store.get(run.id)?.previewOutline(key) ?? undefined;
    return this.#outlines.get(outlineId(run, key));
  }

  /** A run that grows out of an open hundred grows on in view. */
  #openNextRange(run: string, iteration: number): void {
    if (iteration > 1 && rangeStart(iteration) === iteration && this.#expanded.has(rangeId(run, rangeStart(iteration - 1)))) {
      this.#expanded.add(rangeId(run, iteration));
    }
  }

  async #load(run: TreeRun, key: NegotiationKey): Promise<void> {
    const id = outlineId(run, key);
    if (this.#outlines.has(id)) return;
    this.#outlines.set(id, 'loading');
    for (const old of this.#outlines.keys()) {
      if (this.#outlines.size <= OUTLINES_KEPT) break;
      this.#outlines.delete(old);
    }
    try {
      const outline = await this.store.get(run.id)?.outline(key);
      this.#outlines.set(id, outline ?? { rounds: [] });
    } catch (error) {
      this.#outlines.set(id, { problem: messageOf(error) });
    }
    this.#invalidate();
  }

  /** Iterations from this one on were written anew; what was read of them, failures included, is old. */
  #forgetOutlines(prefix: string, from: number): void {
    for (const id of this.#outlines.keys()) {
      if (id.startsWith(prefix) && Number.parseInt(id.slice(prefix.length), 10) >= from) this.#outlines.delete(id);
    }
  }
}

function outlineId(run: TreeRun, { iteration, negotiation }: NegotiationKey): string {
  return `${run.id}/${iteration}/n${negotiation}`;
}
