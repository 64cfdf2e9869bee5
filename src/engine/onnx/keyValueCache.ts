import type { ModelConfig } from './model/config';

/** Slots by which a cache grows: attention pays for every slot, used or not. */
const GROWTH = 32;

/**
 * Keys and values of transcripts, `[row, group, slot, size]` a layer, row r using its first `lengths[r]` slots.
 * JavaScript owns it and writes what each step returns, since onnxruntime would copy a cache that a graph returns.
 */
export class KeyValueCache {
  readonly lengths: Int32Array;
  /** Slots a row has. */
  capacity: number;
  keys: Float32Array[];
  values: Float32Array[];
  private readonly groups: number;
  private readonly size: number;

  constructor(
    config: ModelConfig,
    /** The most rows. */
    readonly rows: number,
    slots = 1,
  ) {
    this.groups = config.keyValueHeads;
    this.size = config.headSize;
    this.lengths = new Int32Array(rows);
    this.capacity = Math.ceil(slots / GROWTH) * GROWTH;
    const make = (): Float32Array => new Float32Array(rows * this.groups * this.capacity * this.size);
    this.keys = Array.from({ length: config.layers }, make);
    this.values = Array.from({ length: config.layers }, make);
  }

  /** Makes room for `slots` a row. */
  reserve(slots: number): void {
    if (slots <= this.capacity) return;
    const from = this.capacity * this.size;
    this.capacity = Math.ceil(slots / GROWTH) * GROWTH;
    const to = this.capacity * this.size;
    const needed = this.rows * this.groups * to;
    const grown = (old: Float32Array): Float32Array => {
      // Room for twice as much, since fresh memory costs more than moving what is there.
      const data = old.length >= needed ? old : new Float32Array(Math.max(needed, 2 * old.length));
      // The last first: in place, what moves back never meets what has not moved yet.
      for (let x = this.rows * this.groups - 1; x >= 0; x--) {
        const used = this.lengths[Math.floor(x / this.groups)]! * this.size;
        if (used > 0) data.set(old.subarray(x * from, x * from + used), x * to);
      }
      return data;
    };
    this.keys = this.keys.map(grown);
    this.values = this.values.map(grown);
  }

  /**
   * Writes a step's new entries `[source rows, group, columns, size]` behind a row's own, `count` of them; lengths are
   * moved by `advance`, once all layers are written.
   */
  append(
    layer: number,
    row: number,
    newKeys: Float32Array,
    newValues: Float32Array,
    sourceRow: number,
    columns: number,
    count: number,
  ): void {
    const { groups, size, capacity } = this;
    const keys = this.keys[layer]!;
    const values = this.values[layer]!;
    const numbers = count * size;
    for (let g = 0; g < groups; g++) {
      const to = ((row * groups + g) * capacity + this.lengths[row]!) * size;
      const from = (sourceRow * groups + g) * columns * size;
      for (let i = 0; i < numbers; i++) {
        keys[to + i] = newKeys[from + i]!;
        values[to + i] = newValues[from + i]!;
      }
    }
  }

  advance(row: number, count: number): void {
    this.lengths[row]! += count;
  }

  /** Keys and values of a layer's first rows. */
  firstRows(layer: number, rows: number): { keys: Float32Array; values: Float32Array } {
    const end = rows * this.groups * this.capacity * this.size;
    return { keys: this.keys[layer]!.subarray(0, end), values: this.values[layer]!.subarray(0, end) };
  }

  /** Copies a row of another cache into a row of this one, its length too. */
  copyRow(row: number, from: KeyValueCache, fromRow: number): void {
    const used = from.lengths[fromRow]!;
    this.reserve(used);
    const { groups, size } = this;
    for (const part of ['keys', 'values'] as const) {
      for (let layer = 0; layer < this[part].length; layer++) {
        for (let g = 0; g < groups; g++) {
          const start = (fromRow * groups + g) * from.capacity * size;
          this[part][layer]!.set(from[part][layer]!.subarray(start, start + used * size), (row * groups + g) * this.capacity * size);
        }
      }
    }
    this.lengths[row] = used;
  }
}
