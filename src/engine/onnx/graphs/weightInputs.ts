import type { Graph } from '../graph/graph';
import { factoredLora, linear, mergedLora } from '../graph/matmul';
import type { Value } from '../graph/value';
import type { ModelConfig } from '../model/config';
import { parametersOf } from '../model/parameters';
import { type LoraShape, loraParameters } from './loraShape';
import { plainWeights, type Weights } from './transformer';

/** How an adapter takes part in a graph. */
export type LoraPath =
  /** W' = W + s·A·B first: for many tokens at once, since products with an adapter's few columns are slow. */
  | 'merged'
  /** (x·A)·B beside x·W: for few tokens, since merging reads and writes all weights. */
  | 'factored';

/** A weight that is an input of the graph. */
export interface NamedInput {
  readonly name: string;
  readonly value: Value;
}

/** Weights that are the graph's inputs, by Hugging Face's names. */
export interface FedWeights extends Weights {
  /** The adapter's matrices, in `loraParameters`' order; empty without one. */
  readonly adapter: readonly NamedInput[];
  /** The model's weights, in `parametersOf`' order. */
  readonly base: readonly NamedInput[];
}

/** Weights that are constants of a graph, by Hugging Face's names. */
export type HeldWeights = ReadonlyMap<string, Float32Array>;

/**
 * Declares weights, and the adapter's where there is one, as inputs of the graph.
 * @param held weights that are constants instead
 * @param only declares just the weights whose names this accepts: those of a block, or of the head
 */
export function weightInputs(
  graph: Graph,
  config: ModelConfig,
  lora: LoraShape | null,
  path: LoraPath,
  only: (name: string) => boolean = () => true,
  held: HeldWeights | null = null,
): FedWeights {
  const constant = ({ name, shape }: { name: string; shape: readonly number[] }): NamedInput => {
    const data = held?.get(name);
    return data ? { name, value: graph.weight(name, shape, data) } : input({ name, shape });
  };
  const input = ({ name, shape }: { name: string; shape: readonly number[] }): NamedInput => ({
    name,
    value: graph.input(name, 'float32', shape),
  });
  const base = parametersOf(config)
    .filter(({ name }) => only(name))
    .map(constant);
  const byName = new Map(base.map(({ name, value }) => [name, value]));
  const of = (name: string): Value => byName.get(name) ?? graph.fail('Input', `this graph has no weight ${name}`);
  if (!lora) return { ...plainWeights(of), base, adapter: [] };

  const adapter = loraParameters(config, lora)
    .filter(({ name }) => only(name))
    .map(input);
  const matrices = new Map(adapter.map(({ name, value }) => [name, value]));
  const factor = lora.alpha / lora.rank;
  const project = (x: Value, module: string): Value => {
    const w = of(`${module}.weight`);
    const [a, b] = [matrices.get(`${module}.lora_A.weight`), matrices.get(`${module}.lora_B.weight`)];
    if (!a || !b) return linear(x, w);
    return path === 'merged' ? mergedLora(x, w, a, b, factor) : factoredLora(x, w, a, b, factor);
  };
  return { of, project, base, adapter };
}
