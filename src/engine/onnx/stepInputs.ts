import { MASKED } from './graphs/causalAttention';
import { attentionKind, cacheNames } from './graphs/stepGraph';
import type { KeyValueCache } from './keyValueCache';
import type { ModelConfig } from './model/config';
import { ropeCopies, ropeTable } from './model/ropeTables';
import { type Feeds, int64View, type Sessions } from './sessions';
import type { StepView } from './stepView';

/** Makes what a step reads: new tokens, their positions and rotations, the cache, and what may see what. */
export class StepInputs {
  private rotations: { positions: number; feeds: Feeds } | null = null;
  private angles: { positions: number; feeds: Feeds } | null = null;

  constructor(
    private readonly sessions: Sessions,
    private readonly config: ModelConfig,
  ) {}

  /** The inputs of a run in which row i reads the first `counts[i]` of its lanes' pending tokens. */
  of({ rows, cache }: StepView, counts: readonly number[], columns: number): Feeds {
    const { sessions } = this;
    const integers = (n: number): BigInt64Array => new BigInt64Array(n);
    const [ids, positions] = [integers(rows.length * columns), integers(rows.length * columns)];
    const [last, lastPosition] = [integers(rows.length), integers(rows.length)];
    const [ids32, positions32] = [int64View(ids), int64View(positions)];
    const [last32, lastPosition32] = [int64View(last), int64View(lastPosition)];
    let longest = 0;
    for (const [i, { lanes }] of rows.entries()) {
      const length = cache.lengths[i]!;
      const count = counts[i]!;
      const end = Math.max(0, count - 1);
      for (let column = 0; column < columns; column++) {
        const at = 2 * (i * columns + column);
        // Columns beyond a row's own hold token 0; they are neither seen by real ones nor stored.
        ids32[at] = column < count ? lanes[0]!.pending[column]! : 0;
        positions32[at] = length + Math.min(column, end);
      }
      last32[2 * i] = i * columns + end;
      lastPosition32[2 * i] = length + end;
      longest = Math.max(longest, length + count);
    }
    this.checkLength(longest);
    cache.reserve(longest);
    return {
      ids: sessions.int64(ids, [rows.length, columns, 1]),
      positions: sessions.int64(positions, [rows.length, columns, 1]),
      last: sessions.int64(last, [rows.length, 1, 1]),
      lastPosition: sessions.int64(lastPosition, [rows.length, 1, 1]),
      ...this.rotationFeeds(longest + 1),
      ...this.masks(cache, counts, columns),
      ...this.past(cache, rows.length),
    };
  }

  /** `decodeGraph`'s inputs, of a run in which every row reads one pending token or nothing. */
  ofOne({ rows, cache }: StepView, counts: readonly number[]): Feeds {
    const { sessions } = this;
    const [ids, position] = [new BigInt64Array(rows.length), new BigInt64Array(rows.length)];
    const [ids32, position32] = [int64View(ids), int64View(position)];
    let longest = 0;
    for (const [i, { lanes }] of rows.entries()) {
      ids32[2 * i] = counts[i]! > 0 ? lanes[0]!.pending[0]! : 0;
      position32[2 * i] = cache.lengths[i]!;
      longest = Math.max(longest, cache.lengths[i]! + counts[i]!);
    }
    this.checkLength(longest);
    cache.reserve(longest);
    return {
      ids: sessions.int64(ids, [rows.length, 1, 1]),
      position: sessions.int64(position, [rows.length, 1]),
      lastSeen: this.seen(cache, counts, 1, null, () => [0]),
      ...this.angleFeeds(longest + 1),
      ...this.past(cache, rows.length),
    };
  }

  private checkLength(longest: number): void {
    const { maxPositions } = this.config;
    if (longest > maxPositions) throw new Error(`a transcript grew to ${longest} tokens, beyond the model's ${maxPositions} positions`);
  }

  private past(cache: KeyValueCache, rows: number): Feeds {
    const { sessions, config } = this;
    const feeds: Feeds = { slots: sessions.int64(BigInt64Array.of(BigInt(cache.capacity)), [1]) };
    const shape = [rows, config.keyValueHeads, cache.capacity, config.headSize];
    for (let layer = 0; layer < config.layers; layer++) {
      const names = cacheNames(layer);
      const { keys, values } = cache.firstRows(layer, rows);
      feeds[names.pastKey] = sessions.float(keys, shape);
      feeds[names.pastValue] = sessions.float(values, shape);
    }
    return feeds;
  }

  private masks(cache: KeyValueCache, counts: readonly number[], columns: number): Feeds {
    const { config } = this;
    const feeds: Feeds = {};
    const all = Array.from({ length: columns }, (_, column) => column);
    for (const [layer, window] of config.windows.slice(0, -1).entries())
      feeds[`${attentionKind(config, layer)}.seen`] ??= this.seen(cache, counts, columns, window, () => all);
    feeds.lastSeen = this.seen(cache, counts, columns, config.windows.at(-1) ?? null, (i) => [Math.max(0, counts[i]! - 1)]);
    return feeds;
  }

  /** `[rows or 1, 1, repeat · asking columns, capacity + columns]`: 0 where a new token sees a slot or an earlier new token. */
  private seen(
    { capacity, lengths }: KeyValueCache,
    counts: readonly number[],
    columns: number,
    window: number | null,
    asking: (row: number) => readonly number[],
  ): Feeds[string] {
    const repeat = this.config.heads / this.config.keyValueHeads;
    const width = capacity + columns;
    const each = repeat * asking(0).length;
    const equal = counts.every((_, row) => lengths[row] === lengths[0] && asking(row).at(-1) === asking(0).at(-1));
    const rows = equal ? 1 : counts.length;
    const mask = new Float32Array(rows * each * width).fill(MASKED);
    for (let row = 0; row < rows; row++) {
      const length = lengths[row]!;
      let start = row * each * width;
      for (let r = 0; r < repeat; r++) {
        for (const column of asking(row)) {
          const oldest = window === null ? 0 : Math.max(0, length + column - window + 1);
          mask.fill(0, start + Math.min(oldest, length), start + length);
          mask.fill(0, start + capacity + Math.max(0, oldest - length), start + capacity + column + 1);
          start += width;
        }
      }
    }
    return this.sessions.float(mask, [rows, 1, each, width]);
  }

  private rotationFeeds(positions: number): Feeds {
    if (this.rotations && this.rotations.positions >= positions) return this.rotations.feeds;
    const { config, sessions } = this;
    const rows = Math.min(config.maxPositions, Math.max(256, 2 * positions));
    const feeds: Feeds = {};
    for (const kind of ['full', 'sliding'] as const) {
      if (!config.windows.some((_, layer) => attentionKind(config, layer) === kind)) continue;
      for (const [side, heads, factor] of [
        ['query', config.heads, config.attentionScale],
        ['key', config.keyValueHeads, 1],
      ] as const) {
        const copies = ropeCopies(heads, config.headSize);
        const { cos, sin } = ropeTable(config.rope[kind], rows, config.headSize, factor, copies);
        feeds[`${kind}.${side}.cos`] = sessions.float(cos, [rows, copies * config.headSize]);
        feeds[`${kind}.${side}.sin`] = sessions.float(sin, [rows, copies * config.headSize]);
      }
    }
    this.rotations = { positions: rows, feeds };
    return feeds;
  }

  /** Rotation tables of half width, `[P, size / 2]`: the other half is the same. */
  private angleFeeds(positions: number): Feeds {
    if (this.angles && this.angles.positions >= positions) return this.angles.feeds;
    const { config, sessions } = this;
    // One row more than there are positions: a transcript of full length that reads nothing is carried along, too.
    const rows = Math.min(config.maxPositions + 1, Math.max(256, 2 * positions));
    const { headSize: size } = config;
    const half = size / 2;
    const feeds: Feeds = {};
    for (const [side, factor] of [
      ['query', config.attentionScale],
      ['key', 1],
    ] as const) {
      for (const [name, data] of Object.entries(ropeTable(config.rope.full, rows, size, factor))) {
        const first = Float32Array.from({ length: rows * half }, (_, i) => data[Math.floor(i / half) * size + (i % half)]);
        feeds[`${side}.${name}`] = sessions.float(first, [rows, half]);
      }
    }
    this.angles = { positions: rows, feeds };
    return feeds;
  }
}
