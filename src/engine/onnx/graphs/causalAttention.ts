import { add } from '../graph/elementwise';
import type { Graph } from '../graph/graph';
import { batchedMatmul } from '../graph/matmul';
import { reshape, transpose } from '../graph/shape';
import { softmax } from '../graph/softmax';
import type { Value } from '../graph/value';
import type { ModelConfig } from '../model/config';
import { ropeTable } from '../model/ropeTables';
import type { AttentionInputs, Rotations } from './transformer';

/** Far enough below every score that its exponential is exactly 0. */
export const MASKED = -1e9;

/** Attention over whole sequences of one length, positions 0 … T − 1, each seeing itself and what came before. */
export function causalAttention(graph: Graph, config: ModelConfig, batch: number, time: number): AttentionInputs {
  const { heads, keyValueHeads: groups, headSize: size } = config;
  const repeat = heads / groups;
  const tables = (sliding: boolean): Rotations => {
    const rope = sliding ? config.rope.sliding : config.rope.full;
    const make = (factor: number): Rotations['query'] => {
      const { cos, sin } = ropeTable(rope, time, size, factor);
      const shape = [1, time, 1, size];
      return { cos: graph.constant('float32', shape, cos), sin: graph.constant('float32', shape, sin) };
    };
    return { query: make(config.attentionScale), key: make(1) };
  };
  const rotations = new Map<boolean, Rotations>();
  const masks = new Map<number | null, Value>();
  return {
    rotations: (layer) => remember(rotations, config.windows[layer] != null, tables),
    attend: (layer, q, k, v) => {
      const mask = remember(masks, config.windows[layer] ?? null, (window) =>
        graph.constant('float32', [1, 1, repeat * time, time], causalMask(time, repeat, window)),
      );
      // Query heads that share keys lie one after another: [B, groups, repeat · T, size] against [B, groups, size, T].
      const queries = reshape(transpose(q, [0, 2, 1, 3]), [batch, groups, repeat * time, size]);
      const scores = batchedMatmul(queries, transpose(k, [0, 2, 3, 1]));
      const seen = batchedMatmul(softmax(add(scores, mask)), transpose(v, [0, 2, 1, 3]));
      return reshape(transpose(reshape(seen, [batch, heads, time, size]), [0, 2, 1, 3]), [batch, time, heads * size]);
    },
  };
}

/** `[repeat · T, T]`: 0 where a query sees a key. */
function causalMask(time: number, repeat: number, window: number | null): Float32Array {
  const mask = new Float32Array(repeat * time * time).fill(MASKED);
  for (let r = 0; r < repeat; r++) {
    for (let t = 0; t < time; t++) {
      const row = (r * time + t) * time;
      const from = window === null ? 0 : Math.max(0, t - window + 1);
      mask.fill(0, row + from, row + t + 1);
    }
  }
  return mask;
}

function remember<K, V>(known: Map<K, V>, key: K, make: (key: K) => V): V {
  let value = known.get(key);
  if (value === undefined) {
    value = make(key);
    known.set(key, value);
  }
  return value;
}
