import type { TrainSequence } from '../engine';
import type { BatchShape } from './graphs/trainGraph';

/** Sequences that go through one run together. */
export interface MicroBatch {
  readonly shape: BatchShape;
  /** Indices into the sequences given; fewer than `shape.batch` where the last one is not full. */
  readonly members: readonly number[];
}

/** Sequences shorter than this share of a batch's length wait for a shorter batch: padding costs compute. */
const SHORTEST_SHARE = 0.9;

/** Produced tokens up to this share of a batch's length have the last block to themselves. */
const MOST_PLACES = 0.75;

/**
 * Splits sequences into batches, longest first. Sizes are rounded up coarsely, so that there are few distinct shapes: each is a
 * graph that takes 0.1 s and more to compile, and holds its activations' memory.
 * @param tokens about how many tokens one batch should have
 */
export function microBatches(sequences: readonly TrainSequence[], tokens: number): MicroBatch[] {
  const order = sequences
    .map((sequence, index) => ({ index, time: timeOf(sequence), rows: sequence.positions.length }))
    .filter(({ rows }) => rows > 0)
    .sort((a, b) => b.time - a.time || a.index - b.index);
  const batches: MicroBatch[] = [];
  for (let from = 0; from < order.length; ) {
    const time = roundUp(order[from]!.time, 8);
    let to = from;
    while (to < order.length && order[to]!.time >= SHORTEST_SHARE * time) to++;
    if (to === from) to++;
    const most = Math.max(1, Math.floor(tokens / time));
    const chunks = Math.ceil((to - from) / most);
    const step = Math.max(1, Math.floor(most / 4));
    const sizeFor = (count: number): number =>
      count < step ? Math.min(step, roundUp(count, 1)) : Math.min(most, Math.ceil(count / step) * step);
    const full = sizeFor(Math.ceil((to - from) / chunks));
    for (; from < to; from += full) {
      const members = order.slice(from, Math.min(to, from + full));
      const batch = sizeFor(members.length);
      const rows = members.reduce((sum, member) => sum + member.rows, 0);
      const places = roundUp(Math.max(...members.map((member) => member.rows)), 2);
      const placed = places <= MOST_PLACES * time;
      // Room for as many rows as a full batch would have, so that a batch that is not full has the same shape.
      const room = batch * (placed ? places : roundUp(Math.ceil(rows / members.length), 2));
      const shape = { batch, time, rows: room, places: placed ? places : null };
      batches.push({ shape, members: members.map(({ index }) => index) });
    }
    from = to;
  }
  return batches;
}

/** Tokens that have to be read: all before the last produced one. */
export function timeOf(sequence: TrainSequence): number {
  return sequence.positions.at(-1) ?? 0;
}

/** The share of computed token places that no sequence needed. */
export function paddingShare(sequences: readonly TrainSequence[], batches: readonly MicroBatch[]): number {
  const computed = batches.reduce((sum, { shape }) => sum + shape.batch * shape.time, 0);
  const needed = batches.reduce((sum, { members }) => sum + members.reduce((inner, i) => inner + timeOf(sequences[i]!), 0), 0);
  return computed === 0 ? 0 : 1 - needed / computed;
}

/** The next size in steps of a 1/`steps`th of the power of two below: few sizes, little waste. */
export function roundUp(size: number, steps: number): number {
  const step = Math.max(1, 2 ** Math.floor(Math.log2(Math.max(1, size))) / steps);
  return Math.ceil(size / step) * step;
}
