import { add, clip, detach, exp, minimum, multiply, negate, subtract } from '../graph/elementwise';
import { gatherRows } from '../graph/gather';
import type { Graph } from '../graph/graph';
import { sum } from '../graph/reduce';
import { reshape } from '../graph/shape';
import { type Distribution, distribution, entropy, tokenLogProb, tokenLogProbThrough } from '../graph/softmax';
import type { Value } from '../graph/value';
import type { ModelConfig } from '../model/config';
import { head, type Weights } from './transformer';

/** What is computed besides log-probabilities. */
export interface LossShape {
  /** Whether any row is masked; without, the mask inputs do not exist. */
  readonly masked: boolean;
  readonly klOver: 'full' | 'masked';
  /** Whether the loss has its KL term, and its entropy term; by default it has both. One whose coefficient is 0 costs passes over all logits for nothing. */
  readonly kl?: boolean;
  readonly entropy?: boolean;
}

/** What is read off the logits of produced tokens, each `[R, 1]`. */
export interface RowScores {
  /** Under the mask, where the row has one. */
  readonly logProb: Value;
  /** Of the full distribution, or of the masked one under `klOver: masked`; the entropy too. */
  readonly klLogProb: Value;
  readonly entropy: Value;
}

/** The importance ratio's exponent is held between ± this (the reference implementation's bound). */
const LOG_RATIO_BOUND = 40;

/**
 * Scores the rows of the last block's output `[R, hidden]` that come before produced tokens. Declares the inputs `targets [R, 1]`,
 * `inverseTemperature []`, and where masked `maskTable [K, V]` (0 or −1e9) with `maskRow [R, 1]`.
 */
export function rowScores(graph: Graph, config: ModelConfig, produced: Value, loss: LossShape, weights: Weights): RowScores {
  const rows = produced.shape[0]!;
  const logits = head(graph, config, produced, weights);
  const targets = graph.input('targets', 'int64', [rows, 1]);
  const full = distribution(logits);
  // An entropy term goes back through the logits, and so does a KL term over another distribution than the policy's.
  const alone = loss.entropy === false && !(loss.masked && loss.klOver === 'full' && loss.kl !== false);
  const policy = (from: Distribution): Value => (alone ? tokenLogProbThrough(logits, from, targets) : tokenLogProb(from, targets));
  if (!loss.masked) {
    const logProb = policy(full);
    return { logProb, klLogProb: logProb, entropy: entropy(full) };
  }
  const table = graph.input('maskTable', 'float32', ['K', config.vocabularySize]);
  const mask = gatherRows(table, graph.input('maskRow', 'int64', [rows, 1]));
  const masked = distribution(add(logits, mask));
  const logProb = policy(masked);
  if (loss.klOver === 'masked') return { logProb, klLogProb: logProb, entropy: entropy(masked) };
  return { logProb, klLogProb: tokenLogProb(full, targets), entropy: entropy(full) };
}

/** Makes the scores outputs. */
export function outputScores(graph: Graph, { logProb, klLogProb, entropy: h }: RowScores): void {
  graph.output('logProb', logProb);
  graph.output('klLogProb', klLogProb);
  graph.output('entropy', h);
}

/**
 * Σ weight · (−ρ̄ · credit · log π + c_KL · ρ̄ · k3 − c_H · H), ρ̄ = min(exp(clip(log π − log π_sampling, ±40)), cap) without gradient,
 * k3 = exp(d) − d − 1, d = log π_ref − log π. Declares the inputs `credit`, `samplingLogProb`, `weight` `[R, 1]` and the scalar `ratioCap`, for the
 * KL `referenceLogProb [R, 1]` and `klCoefficient`, for the entropy `entropyCoefficient`; outputs `loss [1]`, and `logProb`, `ratio` (before the cap), `entropy` `[R, 1]`.
 */
export function policyLoss(graph: Graph, { logProb, klLogProb, entropy: h }: RowScores, terms: Pick<LossShape, 'kl' | 'entropy'>): Value {
  const row = (name: string): Value => graph.input(name, 'float32', logProb.shape);
  const scalar = (name: string): Value => graph.input(name, 'float32', []);
  return graph.scope('loss', () => {
    const ratio = exp(clip(subtract(detach(logProb), row('samplingLogProb')), -LOG_RATIO_BOUND, LOG_RATIO_BOUND));
    const capped = detach(minimum(ratio, scalar('ratioCap')));
    let perRow = negate(multiply(multiply(capped, row('credit')), logProb));
    if (terms.kl !== false) {
      const d = subtract(row('referenceLogProb'), klLogProb);
      const k3 = subtract(subtract(exp(d), d), graph.scalar(1));
      perRow = add(perRow, multiply(multiply(capped, k3), scalar('klCoefficient')));
    }
    if (terms.entropy !== false) perRow = subtract(perRow, multiply(h, scalar('entropyCoefficient')));
    const loss = sum(multiply(perRow, row('weight')), [0, 1]);
    graph.output('ratio', ratio);
    graph.output('logProb', logProb);
    graph.output('entropy', h);
    graph.output('loss', reshape(loss, [1]));
    return loss;
  });
}
