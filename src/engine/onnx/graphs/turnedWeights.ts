import { add } from '../graph/elementwise';
import type { Graph } from '../graph/graph';
import { gemm } from '../graph/matmul';
import { concat, reshape, transpose } from '../graph/shape';
import { type Dim, staticShape, type Value } from '../graph/value';
import type { ModelConfig } from '../model/config';
import { parametersOf } from '../model/parameters';
import { type LoraShape, loraParameters } from './loraShape';
import type { ColumnWeights, Weights } from './transformer';

/**
 * Weights as inputs of a graph that samples, those of linear layers held `[out, in]`. onnxruntime first puts a product's right factor into an
 * order of its own, which takes as long as the product where there are few rows: here the weight is the left factor and the rows are the right
 * one, turned. An adapter is kept apart. For forward graphs only.
 */
export function turnedWeightInputs(graph: Graph, config: ModelConfig, lora: LoraShape | null): Weights {
  const base = new Map(
    parametersOf(config).map(({ name, shape, linear }) => [name, graph.input(name, 'float32', linear ? [...shape].reverse() : shape)]),
  );
  const adapter = new Map(lora ? loraParameters(config, lora).map(({ name, shape }) => [name, graph.input(name, 'float32', shape)]) : []);
  const of = (name: string): Value => base.get(name) ?? graph.fail('Input', `this graph has no weight ${name}`);
  const columns: ColumnWeights = {
    enter: (x) => transpose(reshape(x, ['N', x.shape.at(-1)!]), [1, 0]),
    project: (x, module) => {
      const y = gemm(of(`${module}.weight`), x);
      const [a, b] = [adapter.get(`${module}.lora_A.weight`), adapter.get(`${module}.lora_B.weight`)];
      if (!lora || !a || !b) return y;
      return add(y, gemm(b, gemm(a, x, { transposeA: true, alpha: lora.alpha / lora.rank }), { transposeA: true }));
    },
    leave,
  };
  return { of, columns, project: (x, module) => leave(columns.project(columns.enter(x), module), x) };
}

/** Columns `[out, N]` as rows, with the leading axes of `like`. */
function leave(columns: Value, like: Value): Value {
  const [out] = staticShape(columns.shape.slice(0, 1)) as [number];
  // In two parts: onnxruntime would fuse a plain transpose with the product, and exchange the factors again.
  const rows = out % 2 === 0 ? transpose(reshape(columns, [2, out / 2, 'N']), [2, 0, 1]) : transpose(columns, [1, 0]);
  return withLead(rows, like, out);
}

/** The same numbers as `[…, size]`; an axis more than `reshape` can infer is read from `like` when the graph runs. */
function withLead(rows: Value, like: Value, size: number): Value {
  const lead: readonly Dim[] = like.shape.slice(0, -1);
  const shape = [...lead, size];
  if (lead.filter((dim) => typeof dim === 'string').length <= 1) return reshape(rows, shape);
  const { graph } = rows;
  const attributes = { start: { kind: 'int', value: 0 }, end: { kind: 'int', value: lead.length } } as const;
  const sizes = graph.node('Shape', [like], { attributes, dtype: 'int64', shape: [lead.length] });
  return graph.node('Reshape', [rows, concat([sizes, graph.integers([size])], 0)], { shape });
}
