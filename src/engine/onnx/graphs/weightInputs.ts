import type { Graph } from '../graph/graph';
import { factoredLora, linear, mergeLora } from '../graph/matmul';
import type { Value } from '../graph/value';
import type { ModelConfig } from '../model/config';
import { LINEAR_LAYERS, linearShape, moduleName, parametersOf } from '../model/parameters';
import { plainWeights, type Weights } from './transformer';

/** A LoRA adapter's shape: W · x + (alpha / rank) · B · A · x on every linear layer (Hu et al. 2021). */
export interface LoraShape {
  readonly rank: number;
  readonly alpha: number;
}

/** One matrix of an adapter. */
export interface LoraParameter {
  /** `model.layers.0.self_attn.q_proj.lora_A.weight`. */
  readonly name: string;
  readonly module: string;
  readonly matrix: 'A' | 'B';
  /** As we hold it: A `[in, rank]`, B `[rank, out]`; PEFT's files hold the transposes. */
  readonly shape: readonly [number, number];
}

/** All matrices of an adapter, in a fixed order. */
export function loraParameters(config: ModelConfig, rank: number): LoraParameter[] {
  const list: LoraParameter[] = [];
  for (let layer = 0; layer < config.layers; layer++) {
    for (const name of LINEAR_LAYERS) {
      const [inputs, outputs] = linearShape(config, name);
      const module = moduleName(layer, name);
      list.push({ name: `${module}.lora_A.weight`, module, matrix: 'A', shape: [inputs, rank] });
      list.push({ name: `${module}.lora_B.weight`, module, matrix: 'B', shape: [rank, outputs] });
    }
  }
  return list;
}

/** How an adapter takes part in a graph. */
export type LoraPath =
  /** W' = W + s·A·B first: fewer, larger products; best where tokens are few or the model is small. */
  | 'merged'
  /** (x·A)·B beside x·W: no gradient of W's size is ever made. */
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

/**
 * Declares weights, and the adapter's where there is one, as inputs of the graph.
 * @param only declares just the weights whose names this accepts: those of a block, or of the head
 */
export function weightInputs(
  graph: Graph,
  config: ModelConfig,
  lora: LoraShape | null,
  path: LoraPath,
  only: (name: string) => boolean = () => true,
): FedWeights {
  const input = ({ name, shape }: { name: string; shape: readonly number[] }): NamedInput => ({
    name,
    value: graph.input(name, 'float32', shape),
  });
  const base = parametersOf(config)
    .filter(({ name }) => only(name))
    .map(input);
  const byName = new Map(base.map(({ name, value }) => [name, value]));
  const of = (name: string): Value => byName.get(name) ?? graph.fail('Input', `this graph has no weight ${name}`);
  if (!lora) return { ...plainWeights(of), base, adapter: [] };

  const adapter = loraParameters(config, lora.rank)
    .filter(({ name }) => only(name))
    .map(input);
  const matrices = new Map(adapter.map(({ name, value }) => [name, value]));
  const factor = lora.alpha / lora.rank;
  const project = (x: Value, module: string): Value => {
    const w = of(`${module}.weight`);
    const [a, b] = [matrices.get(`${module}.lora_A.weight`), matrices.get(`${module}.lora_B.weight`)];
    if (!a || !b) return linear(x, w);
    return path === 'merged' ? linear(x, mergeLora(w, a, b, factor)) : factoredLora(x, w, a, b, factor);
  };
  return { of, project, base, adapter };
}
