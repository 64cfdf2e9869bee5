import { ByteWriter } from 'hyparquet-writer';
import { writeRleBitPackedHybrid } from 'hyparquet-writer/src/encoding.js';

/** A page of a column, which holds its values `[from, to)`. */
export interface ColumnPage {
  readonly from: number;
  readonly to: number;
  readonly slots: number;
  readonly rows: number;
  /** Rows of the pages before. */
  readonly firstRow: number;
  /** Repetition levels, then definition levels, as they lie in the page; those that the column has. */
  readonly levels: Uint8Array;
  readonly repetitionBytes: number;
}

/** What a row of a column has: a value, a value or none, or a list of values. */
export type ColumnKind = 'required' | 'optional' | 'list';

/**
 * How many values each row has, and what follows from it: a slot a value, and one where there is none; the Dremel levels; pages.
 * Most list columns of a rollout file have one entry a token, and so share it.
 */
export class ColumnShape {
  readonly slots: number;
  readonly values: number;
  /** By slot: 1 where a list goes on. */
  readonly #repetition: Uint8Array;
  /** By slot: 1 where there is a value. */
  readonly #definition: Uint8Array;
  #sample: readonly number[] | undefined;
  readonly #pages = new Map<number, readonly ColumnPage[]>();

  constructor(
    readonly kind: ColumnKind,
    private readonly lengths: Int32Array,
  ) {
    let slots = 0;
    let values = 0;
    for (const length of lengths) {
      slots += Math.max(1, length);
      values += length;
    }
    this.slots = slots;
    this.values = values;
    this.#repetition = new Uint8Array(slots).fill(1);
    this.#definition = new Uint8Array(slots).fill(1);
    let at = 0;
    for (const length of lengths) {
      this.#repetition[at] = 0;
      if (length === 0) this.#definition[at] = 0;
      at += Math.max(1, length);
    }
  }

  /** Whether rows of so many values each have this shape. */
  is(kind: ColumnKind, lengths: Int32Array): boolean {
    if (kind !== this.kind || lengths.length !== this.lengths.length) return false;
    for (let i = 0; i < lengths.length; i++) if (lengths[i] !== this.lengths[i]) return false;
    return true;
  }

  /** Values at so many slots, spread evenly over the column; none for slots without one. */
  sample(count: number): readonly number[] {
    if (this.#sample !== undefined) return this.#sample;
    const sampled: number[] = [];
    const size = Math.min(this.slots, count);
    let value = 0;
    let at = 0;
    for (let i = 0; i < size; i++) {
      const slot = size === 1 ? 0 : Math.floor((i * (this.slots - 1)) / (size - 1));
      for (; at < slot; at++) value += this.#definition[at]!;
      if (this.#definition[slot] === 1) sampled.push(value);
    }
    this.#sample = sampled;
    return sampled;
  }

  /** Pages of about so many bytes, of values that take so many each; a row lies in one page. */
  pagesOf(pageSize: number, each: number): readonly ColumnPage[] {
    const known = this.#pages.get(each);
    if (known !== undefined) return known;
    const pages = this.pages(pageSize, () => each);
    this.#pages.set(each, pages);
    return pages;
  }

  /** Pages of about so many bytes, of values that take what `sizeOf` says. */
  pages(pageSize: number, sizeOf: (value: number) => number): ColumnPage[] {
    const pages: ColumnPage[] = [];
    let start = 0;
    let from = 0;
    let firstRow = 0;
    let row = 0;
    let value = 0;
    let bytes = 0;
    const close = (end: number): void => {
      pages.push(this.#page(start, end, from, value, row - firstRow, firstRow));
      [start, from, firstRow] = [end, value, row];
    };
    for (let slot = 0; slot < this.slots; slot++) {
      const isValue = this.#definition[slot] === 1;
      const size = isValue ? sizeOf(value) : 0;
      bytes += size;
      if (this.#repetition[slot] === 0) {
        if (bytes >= pageSize && slot > start) {
          close(slot);
          bytes = size;
        }
        row += 1;
      }
      if (isValue) value += 1;
    }
    if (start < this.slots) close(this.slots);
    return pages;
  }

  #page(start: number, end: number, from: number, to: number, rows: number, firstRow: number): ColumnPage {
    const writer = new ByteWriter();
    const repetitionBytes = this.kind === 'list' ? writeRleBitPackedHybrid(writer, this.#repetition.subarray(start, end), 1) : 0;
    if (this.kind !== 'required') writeRleBitPackedHybrid(writer, this.#definition.subarray(start, end), 1);
    return { from, to, slots: end - start, rows, firstRow, levels: writer.getBytes(), repetitionBytes };
  }
}
