import type { DistributionRequest, TokenDistribution, TokenMask } from '../engine';
import { distributionGraph } from './graphs/distributionGraph';
import { roundUp } from './microBatches';
import type { ModelConfig } from './model/config';
import type { OnnxPolicy, WeightFeeds } from './policies';
import { floats, int64View, type Sessions } from './sessions';

/** Next-token distributions over the whole vocabulary, by a graph that reads transcripts whole: for a reader's question, not for play. */
export class Distributions {
  constructor(
    private readonly sessions: Sessions,
    private readonly config: ModelConfig,
    private readonly weights: WeightFeeds,
  ) {}

  /** See `Engine.distributions`. @throws RangeError for a transcript that is empty, too long, or has a token that is none */
  async of(policy: OnnxPolicy, requests: readonly DistributionRequest[], temperature: number): Promise<TokenDistribution[]> {
    if (requests.length === 0) return [];
    if (!(temperature > 0)) throw new RangeError(`temperature must be above 0, not ${temperature}`);
    const { sessions, config } = this;
    const { vocabularySize, maxPositions } = config;
    for (const { tokens } of requests) check(tokens, config);
    const batch = requests.length;
    // Few distinct lengths, since each is a graph of its own.
    const time = Math.min(maxPositions, roundUp(Math.max(...requests.map(({ tokens }) => tokens.length)), 4));
    const [ids, rows] = [new BigInt64Array(batch * time), new BigInt64Array(batch)];
    const [ids32, rows32] = [int64View(ids), int64View(rows)];
    for (const [b, { tokens }] of requests.entries()) {
      for (const [t, token] of tokens.entries()) ids32[2 * (b * time + t)] = token;
      rows32[2 * b] = b * time + tokens.length - 1;
    }
    const { feeds, lora } = await this.weights.of(policy);
    const key = `distribution ${JSON.stringify([batch, time, lora])}`;
    const session = await sessions.get(key, () => distributionGraph(config, batch, time, lora));
    const outputs = await session.run({
      ...feeds,
      ids: sessions.int64(ids, [batch, time, 1]),
      rows: sessions.int64(rows, [batch, 1]),
      inverseTemperature: sessions.scalar(1 / temperature),
    });
    const all = floats(outputs, 'logProbs');
    return requests.map(({ mask }, b) => {
      const logProbs = all.slice(b * vocabularySize, (b + 1) * vocabularySize);
      return { logProbs, masked: mask === null ? null : masked(logProbs, mask) };
    });
  }
}

/** The distribution over what a mask allows, renormalised; −∞ for all else. */
function masked(logProbs: Float32Array, { allowed }: TokenMask): Float32Array {
  const most = allowed.reduce((max, token) => Math.max(max, logProbs[token]!), Number.NEGATIVE_INFINITY);
  const total = allowed.reduce((sum, token) => sum + Math.exp(logProbs[token]! - most), 0);
  const result = new Float32Array(logProbs.length).fill(Number.NEGATIVE_INFINITY);
  for (const token of allowed) result[token] = logProbs[token]! - most - Math.log(total);
  return result;
}

function check(tokens: readonly number[], { maxPositions, vocabularySize }: ModelConfig): void {
  if (tokens.length === 0) throw new RangeError('a distribution after nothing: give at least one token');
  if (tokens.length > maxPositions) throw new RangeError(`${tokens.length} tokens are more than the model's ${maxPositions} positions`);
  const strange = tokens.find((token) => !Number.isSafeInteger(token) || token < 0 || token >= vocabularySize);
  if (strange !== undefined) throw new RangeError(`token ${strange} of a vocabulary of ${vocabularySize}`);
}
