import { subtract } from '../graph/elementwise';
import { gatherRows } from '../graph/gather';
import { Graph } from '../graph/graph';
import { reshape } from '../graph/shape';
import { distribution } from '../graph/softmax';
import type { ModelConfig } from '../model/config';
import { causalAttention } from './causalAttention';
import { head, transformer } from './transformer';
import { weightInputs } from './weightInputs';

/**
 * log π of every token of the vocabulary after a token of each of B transcripts. Inputs besides the weights: `ids [B, T, 1]`, `rows [B, 1]`
 * (index into the flattened B·T of each transcript's last token) and `inverseTemperature []`; output `logProbs [B, V]`, nats.
 */
export function distributionGraph(config: ModelConfig, batch: number, time: number, lora: Parameters<typeof weightInputs>[2]): Graph {
  const graph = new Graph('distribution');
  const weights = weightInputs(graph, config, lora, 'factored');
  const ids = graph.input('ids', 'int64', [batch, time, 1]);
  const x = transformer(graph, config, ids, weights, causalAttention(graph, config, batch, time, null));
  const last = gatherRows(reshape(x, [batch * time, config.hiddenSize]), graph.input('rows', 'int64', [batch, 1]));
  const { shifted, logTotal } = distribution(head(graph, config, last, weights));
  graph.output('logProbs', subtract(shifted, logTotal));
  return graph;
}
