import type { FilterField } from '../domain/filter';
import { lineText } from '../domain/tokens/visibleText';
import type { IterationLine } from '../protocol/runFiles';
import type { Place, TreeRow } from '../protocol/webview';
import { negotiationDetail } from './rowWords';
import { type SubjectRun, SummarySubject } from './summarySubject';
import type { TreeRun } from './treeModel';

/** A run whose negotiations are sorted: what the tree shows of it, and what its numbers are read with. */
export interface SortedRun {
  readonly tree: TreeRun;
  readonly subject: SubjectRun;
}

/** What the list is sorted by. */
export interface Order {
  readonly by: FilterField;
  readonly descending: boolean;
}

/** One iteration among those that are sorted. */
interface Source {
  readonly run: SortedRun;
  readonly line: IterationLine;
}

/**
 * Negotiations of whole runs as one sorted list; rows are put into words only for the window that is on the screen.
 * Equal numbers stay in the order in which they were played; negotiations that have no such number come last.
 */
export class SortedRows {
  readonly #sources: Source[] = [];
  /** Per negotiation its iteration among the sources, its number and what it is sorted by; not in order. */
  readonly #source: Uint32Array;
  readonly #negotiation: Uint32Array;
  readonly #key: Float64Array;
  /** Negotiations in order. */
  readonly #order: Uint32Array;
  readonly #several: boolean;
  /** Decimals of all numbers, so that they stand below each other. */
  readonly #decimals: number;

  constructor(
    runs: readonly SortedRun[],
    private readonly order: Order,
    passing: (run: string, line: IterationLine) => ReadonlySet<number> | null,
  ) {
    this.#several = runs.length > 1;
    const most = runs.reduce(
      (total, { tree }) => tree.iterations.reduce((sum, line) => sum + (line.negotiations?.group.length ?? 0), total),
      0,
    );
    const source = new Uint32Array(most);
    const negotiation = new Uint32Array(most);
    const key = new Float64Array(most);
    let count = 0;
    for (const run of runs) {
      for (const line of run.tree.iterations) {
        if (line.negotiations === undefined) continue;
        const shown = passing(run.tree.id, line);
        const subject = new SummarySubject(run.subject, line.iteration, line.negotiations);
        const at = this.#sources.push({ run, line }) - 1;
        for (let n = 0; n < subject.count; n++) {
          if (shown !== null && !shown.has(n)) continue;
          const value = order.by.read(subject.at(n));
          source[count] = at;
          negotiation[count] = n;
          key[count++] = typeof value === 'number' ? value : Number.NaN;
        }
      }
    }
    this.#source = source.subarray(0, count);
    this.#negotiation = negotiation.subarray(0, count);
    this.#key = key.subarray(0, count);
    this.#order = sortedOrder(this.#key, order.descending);
    this.#decimals = decimalsOf(this.#key);
  }

  /** Rows. */
  get total(): number {
    return this.#order.length;
  }

  /** Rows `start` up to, not including, `end`. */
  window(start: number, end: number): TreeRow[] {
    return [...this.#order.subarray(start, end)].map((entry, i) => this.#row(entry, start + i));
  }

  /** Where a row is; −1 if it is not there. */
  indexOf(id: string): number {
    const parts = /^(.*)\/(\d+)\/g\d+\/n(\d+)$/.exec(id);
    return parts === null ? -1 : this.#find(parts[1]!, Number(parts[2]), Number(parts[3]));
  }

  /** The row of a place's negotiation; −1 if it is not there. */
  nearest({ run, iteration, negotiation }: Place): number {
    return iteration === undefined || negotiation === undefined ? -1 : this.#find(run, iteration, negotiation);
  }

  /** The place of the next or previous negotiation in the list; null at its ends. */
  step(place: Place, delta: 1 | -1): Place | null {
    const from = this.nearest(place);
    const to = from < 0 ? (delta > 0 ? 0 : this.total - 1) : from + delta;
    const entry = this.#order[to];
    return entry === undefined ? null : this.#place(entry);
  }

  #find(run: string, iteration: number, negotiation: number): number {
    const source = this.#sources.findIndex(({ run: { tree }, line }) => tree.id === run && line.iteration === iteration);
    if (source < 0) return -1;
    return this.#order.findIndex((entry) => this.#source[entry] === source && this.#negotiation[entry] === negotiation);
  }

  #place(entry: number): Place & { readonly iteration: number; readonly group: number; readonly negotiation: number } {
    const { run, line } = this.#sources[this.#source[entry]!]!;
    const negotiation = this.#negotiation[entry]!;
    return { run: run.tree.id, iteration: line.iteration, group: line.negotiations?.group[negotiation] ?? 0, negotiation };
  }

  #row(entry: number, index: number): TreeRow {
    const { run, line } = this.#sources[this.#source[entry]!]!;
    const { iteration, group, negotiation } = this.#place(entry);
    const value = this.#key[entry]!;
    const detail = line.negotiations === undefined ? '' : negotiationDetail(line.negotiations, negotiation);
    const where = [`group ${group}`, `#${negotiation}`, ...(this.#several ? [run.tree.name] : []), ...(detail === '' ? [] : [detail])];
    const algorithm = run.subject.file?.config.algorithm;
    return {
      id: `${run.tree.id}/${iteration}/g${group}/n${negotiation}`,
      kind: 'negotiation',
      depth: 0,
      parent: -1,
      position: index + 1,
      siblings: this.total,
      expandable: false,
      expanded: false,
      place: { run: run.tree.id, iteration, group, negotiation },
      label: `iteration ${iteration}`,
      // Names come from files.
      detail: lineText(where.join(' · ')),
      badge: Number.isNaN(value) ? '–' : value.toFixed(this.#decimals).replace('-', '−'),
      badgeMeaning: `${this.order.by.name}: ${this.order.by.meaning}`,
      ...(this.#several && algorithm !== undefined ? { algorithm } : {}),
    };
  }
}

/** None where all are whole, one where some are large, else two. */
function decimalsOf(keys: Float64Array): number {
  if (keys.every((key) => Number.isNaN(key) || Number.isInteger(key))) return 0;
  return keys.some((key) => Math.abs(key) >= 100) ? 1 : 2;
}

/** Indices of numbers in their order; equal ones in the order they stand in, NaN last whichever way it runs. */
export function sortedOrder(keys: Float64Array, descending: boolean): Uint32Array {
  const order = Uint32Array.from({ length: keys.length }, (_, i) => i);
  const sign = descending ? -1 : 1;
  // Whole numbers are answered: a difference of two keys would be an object for each of millions of comparisons.
  return order.sort((a, b) => {
    const x = keys[a]!;
    const y = keys[b]!;
    if (x < y) return -sign;
    if (x > y) return sign;
    if (x === y) return a - b;
    // One of them at least is no number.
    return Number(Number.isNaN(x)) - Number(Number.isNaN(y)) || a - b;
  });
}
