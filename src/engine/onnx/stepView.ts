import { cacheNames } from './graphs/stepGraph';
import { KeyValueCache } from './keyValueCache';
import type { Block, OnnxLane } from './lanes';
import type { ModelConfig } from './model/config';
import { type Feeds, floats } from './sessions';

/** A row of caches that takes part in a run. */
export interface ViewRow {
  readonly block: Block;
  /** The row's place in its block's cache. */
  home: number;
  /** The lanes that take a turn on it, all with the same tokens, pending ones included; none once they are through. */
  lanes: readonly OnnxLane[];
}

/** Rows that run together: a whole block as it lies, or rows gathered from anywhere. Transcripts that are alike so far are one row. */
export class StepView {
  private constructor(
    private readonly config: ModelConfig,
    readonly rows: ViewRow[],
    readonly cache: KeyValueCache,
    /** Whether the cache is the block's own. */
    private readonly direct: boolean,
  ) {}

  /** The rows of some lanes, which must be at least one. */
  static of(config: ModelConfig, lanes: readonly OnnxLane[]): StepView {
    const byRow = new Map<Block, Map<number, OnnxLane[]>>();
    for (const lane of lanes) {
      const rows = byRow.get(lane.block) ?? new Map<number, OnnxLane[]>();
      byRow.set(lane.block, rows.set(lane.row, [...(rows.get(lane.row) ?? []), lane]));
    }
    const rows = [...byRow].flatMap(([block, homes]) =>
      [...homes].sort(([a], [b]) => a - b).map(([home, here]): ViewRow => ({ block, home, lanes: here })),
    );
    const { block } = rows[0]!;
    if (byRow.size === 1 && rows.length === block.rows) return new StepView(config, rows, block.cache, true);
    const slots = rows.reduce((most, row) => Math.max(most, row.block.cache.lengths[row.home]!), 1);
    const cache = new KeyValueCache(config, lanes.length, slots);
    for (const [i, row] of rows.entries()) cache.copyRow(i, row.block.cache, row.home);
    return new StepView(config, rows, cache, false);
  }

  /** Parts the lanes that do not read the same next, or that others wait on the row of. */
  part(): void {
    for (const [i, row] of [...this.rows.entries()]) {
      if (row.lanes.length === 0) continue;
      const alike = new Map<string, OnnxLane[]>();
      for (const lane of row.lanes) {
        const key = row.lanes.length === 1 ? '' : lane.pending.join();
        alike.set(key, [...(alike.get(key) ?? []), lane]);
      }
      const [first, ...others] = alike.values();
      row.lanes = first!;
      for (const lanes of others) this.partRow(i, lanes);
      if (row.block.lanesOn(row.home) > row.lanes.length) this.leave(i);
    }
  }

  /** Writes a run's new keys and values, `counts[i]` columns of row i, and takes what was read off the lanes' pending tokens. */
  store(outputs: Feeds, counts: readonly number[], columns: number): void {
    const { rows, cache, direct } = this;
    const read = [...rows.entries()].filter(([i]) => counts[i]! > 0);
    if (!direct) for (const [i, { block, home }] of read) block.cache.reserve(block.cache.lengths[home]! + counts[i]!);
    for (let layer = 0; layer < this.config.layers; layer++) {
      const names = cacheNames(layer);
      const [keys, values] = [floats(outputs, names.newKey), floats(outputs, names.newValue)];
      for (const [i, { block, home }] of read) {
        cache.append(layer, i, keys, values, i, columns, counts[i]!);
        if (!direct) block.cache.append(layer, home, keys, values, i, columns, counts[i]!);
      }
    }
    for (const [i, { block, home, lanes }] of read) {
      cache.advance(i, counts[i]!);
      if (!direct) block.cache.advance(home, counts[i]!);
      for (const lane of lanes) lane.pending.splice(0, counts[i]!);
    }
  }

  private partRow(from: number, lanes: readonly OnnxLane[]): void {
    const { block } = this.rows[from]!;
    block.part(lanes);
    const i = this.rows.push({ block, home: block.rows - 1, lanes }) - 1;
    if (!this.direct) this.cache.copyRow(i, this.cache, from);
  }

  /** Leaves a row to the lanes that do not take a turn now. */
  private leave(i: number): void {
    const row = this.rows[i]!;
    const { lanes } = row;
    if (this.direct) {
      row.lanes = [];
      this.partRow(i, lanes);
    } else {
      row.block.part(lanes);
      row.home = row.block.rows - 1;
    }
  }
}
