import { attention, causalAttentionInParts } from '../graph/attention';
import { gatherRows } from '../graph/gather';
import type { Graph } from '../graph/graph';
import { remembered } from '../graph/remembered';
import type { RopeTables } from '../graph/rope';
import { concat, reshape, transpose } from '../graph/shape';
import { staticShape, type Value } from '../graph/value';
import type { ModelConfig } from '../model/config';
import { ropeCopies, ropeTable } from '../model/ropeTables';
import type { AttentionInputs } from './transformer';

/** Far enough below every score that its exponential is exactly 0. */
export const MASKED = -1e9;

/**
 * Attention over whole sequences of one length, positions 0 … T − 1, each seeing itself and what came before.
 * @param places how many places of each sequence are wanted of the last block, if not all: then declares the inputs `places [B, P, 1]`
 * (positions) and `flatPlaces [B, P, 1]` (index into the flattened B·T of each)
 */
export function causalAttention(graph: Graph, config: ModelConfig, batch: number, time: number, places: number | null): AttentionInputs {
  const { heads, keyValueHeads: groups, headSize: size } = config;
  const repeat = heads / groups;
  const index = (name: string): Value | null => (places === null ? null : graph.input(name, 'int64', [batch, places, 1]));
  const [positions, flat] = [index('places'), index('flatPlaces')];
  const isPicked = (layer: number): boolean => places !== null && layer === config.layers - 1;

  const table = (sliding: boolean, count: number, factor: number): RopeTables => {
    const copies = ropeCopies(count, size);
    const { cos, sin } = ropeTable(sliding ? config.rope.sliding : config.rope.full, time, size, factor, copies);
    const constant = (data: Float32Array): Value => graph.constant('float32', [time, copies * size], data);
    return { cos: constant(cos), sin: constant(sin) };
  };
  const tables = remembered((sliding: boolean) => ({
    query: table(sliding, heads, config.attentionScale),
    key: table(sliding, groups, 1),
  }));
  const shaped = ({ cos, sin }: RopeTables, rows: readonly [number, number], index: Value | null): RopeTables => {
    const shape = (x: Value): Value => {
      const at = index ? gatherRows(x, index) : x;
      return reshape(at, [...rows, staticShape(x.shape)[1]! / size, size]);
    };
    return { cos: shape(cos), sin: shape(sin) };
  };
  const pickedMask = (window: number | null): Value => {
    const whole = graph.constant('float32', [time, time], causalMask(0, time, window));
    const one = reshape(gatherRows(whole, positions!), [batch, 1, places!, time]);
    return repeat === 1 ? one : concat(new Array<Value>(repeat).fill(one), 2);
  };
  const partMask = remembered((key: string) => {
    const [from, to, window] = JSON.parse(key) as [number, number, number | null];
    const rows = causalMask(from, to, window);
    const data = new Float32Array(repeat * rows.length);
    for (let r = 0; r < repeat; r++) data.set(rows, r * rows.length);
    return graph.constant('float32', [1, 1, repeat * (to - from), to], data);
  });
  return {
    rotations: (layer) => {
      const { query, key } = tables(config.windows[layer] != null);
      return {
        query: isPicked(layer) ? shaped(query, [batch, places!], positions) : shaped(query, [1, time], null),
        key: shaped(key, [1, time], null),
      };
    },
    attend: (layer, q, k, v) => {
      const window = config.windows[layer] ?? null;
      const [asking, keys, values] = [transpose(q, [0, 2, 1, 3]), transpose(k, [0, 2, 3, 1]), transpose(v, [0, 2, 1, 3])];
      // Query heads that share keys lie one after another: [B, groups, repeat · T, size] against [B, groups, size, T].
      const seen = isPicked(layer)
        ? attention(reshape(asking, [batch, groups, repeat * places!, size]), keys, values, pickedMask(window))
        : causalAttentionInParts(
            reshape(asking, [batch, groups, repeat, time, size]),
            keys,
            values,
            (from, to) => partMask(JSON.stringify([from, to, window])),
            config.attendsWhole ? time : undefined,
          );
      const rows = isPicked(layer) ? places! : time;
      return reshape(transpose(reshape(seen, [batch, heads, rows, size]), [0, 2, 1, 3]), [batch, rows, heads * size]);
    },
    ...(flat && { pick: (x) => gatherRows(reshape(x, [batch * time, config.hiddenSize]), flat) }),
  };
}

/** `[to − from, to]`: 0 where a query sees a key. */
function causalMask(from: number, to: number, window: number | null): Float32Array {
  const mask = new Float32Array((to - from) * to).fill(MASKED);
  for (let t = from; t < to; t++) {
    const row = (t - from) * to;
    mask.fill(0, row + (window === null ? 0 : Math.max(0, t - window + 1)), row + t + 1);
  }
  return mask;
}
