import { describe, expect, it } from 'vitest';
import { KeyValueCache } from './keyValueCache';
import { Block, type OnnxLane } from './lanes';
import { parseModelConfig } from './model/config';
import { OnnxPolicy } from './policies';
import { StepView } from './stepView';

const config = parseModelConfig(
  {
    architectures: ['LlamaForCausalLM'],
    vocab_size: 8,
    hidden_size: 4,
    intermediate_size: 4,
    num_hidden_layers: 1,
    num_attention_heads: 1,
  },
  'config.json',
);

function block(count: number): Block {
  return new Block(new OnnxPolicy('base', { kind: 'base' }), new KeyValueCache(config, count), count);
}

/** Runs what is pending on all rows of a view, each new slot holding its token. */
function run(lanes: readonly OnnxLane[]): StepView {
  const view = StepView.of(config, lanes);
  view.part();
  const counts = view.rows.map(({ lanes: [lane] }) => lane?.pending.length ?? 0);
  const columns = Math.max(...counts);
  const entries = view.rows.flatMap(({ lanes: [lane] }) =>
    Array.from({ length: columns }, (_, i) => new Array<number>(4).fill(lane?.pending[i] ?? 0)),
  );
  const data = Float32Array.from(entries.flat());
  const tensor = { data } as never;
  view.store({ 'newKey.0': tensor, 'newValue.0': tensor }, counts, columns);
  return view;
}

function cached(lane: OnnxLane): number[] {
  const { keys } = lane.block.cache.firstRows(0, lane.block.rows);
  const start = lane.row * lane.block.cache.capacity * 4;
  return Array.from({ length: lane.cached }, (_, slot) => keys[start + slot * 4]!);
}

describe('transcripts that are alike so far', () => {
  it('share a row until their tokens part, and keep what they had', () => {
    const { lanes } = block(4);
    for (const lane of lanes) lane.pending.push(1, 2);
    expect(run(lanes).rows.length).toBe(1);
    for (const [i, lane] of lanes.entries()) lane.pending.push(i < 3 ? 3 : 4);
    expect(run(lanes).rows.map((row) => row.lanes.length)).toEqual([3, 1]);
    lanes[0]!.pending.push(5);
    expect(run([lanes[0]!]).rows.length).toBe(1);
    expect(lanes.map(cached)).toEqual([
      [1, 2, 3, 5],
      [1, 2, 3],
      [1, 2, 3],
      [1, 2, 4],
    ]);
    expect(new Set(lanes.map(({ row }) => row)).size).toBe(3);
  });

  it('do not follow one that is rewound', () => {
    const { lanes } = block(2);
    for (const lane of lanes) lane.pending.push(1, 2, 3);
    run(lanes);
    lanes[0]!.block.rewind(lanes[0]!, 1);
    lanes[1]!.pending.push(4);
    lanes[0]!.pending.push(6);
    run(lanes);
    expect(lanes.map(cached)).toEqual([
      [1, 6],
      [1, 2, 3, 4],
    ]);
  });

  it('of two blocks run together, gathered, and each block keeps its own', () => {
    const [one, two] = [block(2), block(1)];
    const lanes = [...one.lanes, ...two.lanes];
    for (const lane of lanes) lane.pending.push(1);
    run(lanes);
    for (const [i, lane] of lanes.entries()) lane.pending.push(2 + i);
    expect(run(lanes).rows.length).toBe(3);
    expect(lanes.map(cached)).toEqual([
      [1, 2],
      [1, 3],
      [1, 4],
    ]);
  });
});
