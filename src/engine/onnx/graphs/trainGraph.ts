import { add, clip, detach, exp, minimum, multiply, negate, subtract } from '../graph/elementwise';
import { gatherRows } from '../graph/gather';
import { gradients } from '../graph/gradient';
import { Graph } from '../graph/graph';
import { sum } from '../graph/reduce';
import { reshape } from '../graph/shape';
import { distribution, entropy, tokenLogProb } from '../graph/softmax';
import type { Value } from '../graph/value';
import type { ModelConfig } from '../model/config';
import { parametersOf } from '../model/parameters';
import { causalAttention } from './causalAttention';
import { head, transformer } from './transformer';
import { type LoraPath, type LoraShape, loraParameters, weightInputs } from './weightInputs';

/** The sizes that a graph is built for. */
export interface BatchShape {
  /** Sequences. */
  readonly batch: number;
  /** Tokens a sequence. */
  readonly time: number;
  /** Produced tokens in all: only they go through the head. */
  readonly rows: number;
}

/** What is computed besides log-probabilities. */
export interface LossShape {
  /** Whether any row is masked; without, the mask inputs do not exist. */
  readonly masked: boolean;
  readonly klOver: 'full' | 'masked';
}

/** What a graph trains. */
export type Trainable = { readonly kind: 'full' } | { readonly kind: 'lora'; readonly shape: LoraShape; readonly path: LoraPath };

/** The importance ratio's exponent is held between ± this (the reference implementation's bound). */
const LOG_RATIO_BOUND = 40;

/** Gradient output of a parameter. */
export function gradientName(parameter: string): string {
  return `gradient.${parameter}`;
}

/** Names and shapes of what is trained, in the order of the flat parameter vector. */
export function trainedParameters(
  config: ModelConfig,
  trainable: Trainable,
): { readonly name: string; readonly shape: readonly number[] }[] {
  return trainable.kind === 'full' ? parametersOf(config) : loraParameters(config, trainable.shape.rank);
}

/**
 * log π of produced tokens, and entropies. Inputs besides the weights: `ids [B, T, 1]`, `rows [R, 1]` (index into the flattened
 * B·T of the token before each produced one), `targets [R, 1]`, `inverseTemperature []`, and where masked `maskTable [K, V]`
 * (0 or −1e9) with `maskRow [R, 1]`. Outputs `[R, 1]`: `logProb` (masked where the row is), `klLogProb`, `entropy` (both of the
 * full distribution, or of the masked one under `klOver: masked`).
 */
export function scoreGraph(config: ModelConfig, shape: BatchShape, loss: LossShape, lora: LoraShape | null): Graph {
  const graph = new Graph('score');
  const weights = weightInputs(graph, config, lora, 'factored');
  const scores = scoreRows(graph, config, shape, loss, weights);
  graph.output('logProb', scores.logProb);
  graph.output('klLogProb', scores.klLogProb);
  graph.output('entropy', scores.entropy);
  return graph;
}

/**
 * The loss of one micro-batch and its gradients:
 * Σ weight · (−ρ̄ · credit · log π + c_KL · ρ̄ · k3 − c_H · H), ρ̄ = min(exp(clip(log π − log π_sampling, ±40)), cap) without gradient,
 * k3 = exp(d) − d − 1, d = log π_ref − log π. The weights are 1/N over the whole batch, so that the gradients of its micro-batches add up.
 * Inputs beyond `scoreGraph`'s: `credit`, `samplingLogProb`, `referenceLogProb`, `weight` `[R, 1]`, and the scalars `klCoefficient`,
 * `entropyCoefficient`, `ratioCap`. Outputs: `loss [1]`, `logProb`, `ratio` (before the cap), `entropy` `[R, 1]` and a gradient for each trained parameter.
 */
export function trainGraph(config: ModelConfig, shape: BatchShape, lossShape: LossShape, trainable: Trainable): Graph {
  const graph = new Graph('train');
  const lora = trainable.kind === 'lora' ? trainable : null;
  const weights = weightInputs(graph, config, lora?.shape ?? null, lora?.path ?? 'merged');
  const scores = scoreRows(graph, config, shape, lossShape, weights);
  const row = (name: string): Value => graph.input(name, 'float32', [shape.rows, 1]);
  const scalar = (name: string): Value => graph.input(name, 'float32', []);
  const loss = graph.scope('loss', () => {
    const { logProb, klLogProb, entropy: h } = scores;
    const ratio = exp(clip(subtract(detach(logProb), row('samplingLogProb')), -LOG_RATIO_BOUND, LOG_RATIO_BOUND));
    graph.output('ratio', ratio);
    const capped = detach(minimum(ratio, scalar('ratioCap')));
    const policy = negate(multiply(multiply(capped, row('credit')), logProb));
    const d = subtract(row('referenceLogProb'), klLogProb);
    const k3 = subtract(subtract(exp(d), d), graph.scalar(1));
    const kl = multiply(multiply(capped, k3), scalar('klCoefficient'));
    const perRow = subtract(add(policy, kl), multiply(h, scalar('entropyCoefficient')));
    return sum(multiply(perRow, row('weight')), [0, 1]);
  });
  graph.output('logProb', scores.logProb);
  graph.output('entropy', scores.entropy);
  graph.output('loss', reshape(loss, [1]));
  const trained = trainable.kind === 'full' ? weights.base : weights.adapter;
  const names = trainedParameters(config, trainable);
  for (const [i, gradient] of gradients(loss, trained).entries()) graph.output(gradientName(names[i]!.name), gradient);
  return graph;
}

interface RowScores {
  readonly logProb: Value;
  readonly klLogProb: Value;
  readonly entropy: Value;
}

function scoreRows(
  graph: Graph,
  config: ModelConfig,
  shape: BatchShape,
  loss: LossShape,
  weights: ReturnType<typeof weightInputs>,
): RowScores {
  const { batch, time, rows } = shape;
  const ids = graph.input('ids', 'int64', [batch, time, 1]);
  const x = transformer(graph, config, ids, weights, causalAttention(graph, config, batch, time));
  const flat = reshape(x, [batch * time, config.hiddenSize]);
  const produced = gatherRows(flat, graph.input('rows', 'int64', [rows, 1]));
  const logits = multiply(head(graph, config, produced, weights), graph.input('inverseTemperature', 'float32', []));
  const targets = graph.input('targets', 'int64', [rows, 1]);
  const full = distribution(logits);
  if (!loss.masked) {
    const logProb = tokenLogProb(full, targets);
    return { logProb, klLogProb: logProb, entropy: entropy(full) };
  }
  const table = graph.input('maskTable', 'float32', ['K', config.vocabularySize]);
  const mask = gatherRows(table, graph.input('maskRow', 'int64', [rows, 1]));
  const masked = distribution(add(logits, mask));
  const logProb = tokenLogProb(masked, targets);
  if (loss.klOver === 'masked') return { logProb, klLogProb: logProb, entropy: entropy(masked) };
  return { logProb, klLogProb: tokenLogProb(full, targets), entropy: entropy(full) };
}
