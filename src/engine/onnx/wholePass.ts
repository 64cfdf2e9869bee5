import type { FlatParameters } from './flatParameters';
import { gradientName, scoreGraph, trainGraph } from './graphs/trainGraph';
import type { ModelConfig } from './model/config';
import type { Pass, PassInputs, PassTarget, ScoreOutputs, TrainOutputs } from './pass';
import type { OnnxPolicy, WeightFeeds } from './policies';
import { columnTensors, type Feeds, floats, type Sessions } from './sessions';

/** The whole model in one graph: fastest, and every activation is in memory at once. */
export class WholePass implements Pass {
  constructor(
    private readonly sessions: Sessions,
    private readonly config: ModelConfig,
    private readonly weights: WeightFeeds,
  ) {}

  async score(policy: OnnxPolicy, inputs: PassInputs): Promise<ScoreOutputs> {
    const { feeds, lora } = await this.weights.of(policy);
    const { shape, lossShape } = inputs;
    const key = `score ${JSON.stringify([shape, lossShape, lora])}`;
    const session = await this.sessions.get(key, () => scoreGraph(this.config, shape, lossShape, lora));
    const outputs = await session.run({ ...feeds, ...this.feeds(inputs) });
    return { logProb: floats(outputs, 'logProb'), klLogProb: floats(outputs, 'klLogProb'), entropy: floats(outputs, 'entropy') };
  }

  async train({ trainable, parameters }: PassTarget, inputs: PassInputs, gradient: FlatParameters): Promise<TrainOutputs> {
    const { sessions } = this;
    const { shape, lossShape } = inputs;
    const key = `train ${JSON.stringify([shape, lossShape, trainable])}`;
    const session = await sessions.get(key, () => trainGraph(this.config, shape, lossShape, trainable));
    const base = trainable.kind === 'lora' ? this.weights.base : {};
    const outputs: Feeds = await session.run(
      { ...base, ...parameters.tensors(sessions), ...this.feeds(inputs) },
      { loss: null, logProb: null, ratio: null, entropy: null, ...gradient.tensors(sessions, gradientName) },
    );
    return {
      loss: floats(outputs, 'loss')[0]!,
      logProb: floats(outputs, 'logProb'),
      ratio: floats(outputs, 'ratio'),
      entropy: floats(outputs, 'entropy'),
    };
  }

  private feeds({ shape, ids, rows, places, columns, shared }: PassInputs): Feeds {
    const grid = [shape.batch, shape.places ?? 0, 1];
    return {
      ids: this.sessions.int64(ids, [shape.batch, shape.time, 1]),
      rows: this.sessions.int64(places?.rows ?? rows, [shape.rows, 1]),
      ...(places && { places: this.sessions.int64(places.positions, grid), flatPlaces: this.sessions.int64(places.flat, grid) }),
      ...columnTensors(this.sessions, columns, 0, shape.rows),
      ...shared,
    };
  }
}
