import type { Lane, Policy } from '../engine';
import type { KeyValueCache } from './keyValueCache';
import type { OnnxPolicy } from './policies';

/** A transcript on the engine. */
export class OnnxLane implements Lane {
  /** Tokens known but not yet run through the model: the last ones produced or read. */
  pending: number[] = [];
  closed = false;
  /** Its row in the block's cache; transcripts that are alike so far share one. */
  row = 0;

  constructor(readonly block: Block) {}

  get policy(): Policy {
    return this.block.policy;
  }

  /** Tokens that are in the cache. */
  get cached(): number {
    return this.block.cache.lengths[this.row]!;
  }

  get length(): number {
    return this.cached + this.pending.length;
  }
}

/** Transcripts that were opened together, and the cache of their keys and values. */
export class Block {
  readonly lanes: readonly OnnxLane[];
  open: number;
  /** The lanes of each row of the cache that is in use. */
  private readonly sharing: Set<OnnxLane>[];

  constructor(
    readonly policy: OnnxPolicy,
    /** With room for one row a lane. */
    readonly cache: KeyValueCache,
    count: number,
  ) {
    this.lanes = Array.from({ length: count }, () => new OnnxLane(this));
    this.open = count;
    this.sharing = [new Set(this.lanes)];
  }

  /** Rows of the cache in use; lanes begin on one, since all are empty, and part as their tokens do. */
  get rows(): number {
    return this.sharing.length;
  }

  /** How many lanes share a row. */
  lanesOn(row: number): number {
    return this.sharing[row]!.size;
  }

  /** Moves lanes that share a row with others to a copy of it. */
  part(lanes: readonly OnnxLane[]): void {
    const from = lanes[0]!.row;
    const row = this.sharing.length;
    this.cache.copyRow(row, this.cache, from);
    this.sharing.push(new Set(lanes));
    for (const lane of lanes) {
      this.sharing[from]!.delete(lane);
      lane.row = row;
    }
  }

  /** Forgets a lane's tokens beyond a length; what is cached of those before stays, since no token sees a later one. */
  rewind(lane: OnnxLane, length: number): void {
    const { cached } = lane;
    lane.pending.length = Math.max(0, length - cached);
    if (length >= cached) return;
    if (this.lanesOn(lane.row) > 1) this.part([lane]);
    this.cache.lengths[lane.row] = length;
  }
}
