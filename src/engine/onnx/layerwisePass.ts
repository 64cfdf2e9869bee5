import type { FlatParameters } from './flatParameters';
import {
  blockBackwardGraph,
  blockGraph,
  embeddingBackwardGraph,
  embeddingGraph,
  headBackwardGraph,
  headGraph,
  headWeights,
} from './graphs/layerGraphs';
import { adaptsLayer, type LoraShape } from './graphs/loraShape';
import { gradientName } from './graphs/trainGraph';
import { KeptProducts } from './keptProducts';
import type { ModelConfig } from './model/config';
import { EMBEDDING } from './model/parameters';
import type { Pass, PassInputs, PassTarget, ScoreOutputs, TrainOutputs } from './pass';
import type { OnnxPolicy, WeightFeeds } from './policies';
import { columnTensors, type Feeds, floats, int64View, type Sessions } from './sessions';

/** Logits in memory at once: 64 MB, and a few times that with their gradients. */
const MOST_LOGITS = 1 << 24;

/** Rows that go through the head at once; as many as keep the logits few, and enough for a fast product. */
export function headRows(vocabularySize: number): number {
  return Math.max(128, Math.min(1024, Math.floor(MOST_LOGITS / vocabularySize)));
}

/**
 * Layer by layer: one session runs every block alike, weights are its inputs. Going forward each block's input is kept, and, where
 * that is not too much, what its linear layers gave; going back, the rest of each block is computed again (Chen et al. 2016,
 * "Training deep nets with sublinear memory cost"). Memory is bounded but for the inputs, at the price of up to a second forward pass.
 */
export class LayerwisePass implements Pass {
  readonly #products: KeptProducts;

  constructor(
    private readonly sessions: Sessions,
    private readonly config: ModelConfig,
    private readonly weights: WeightFeeds,
  ) {
    this.#products = new KeptProducts(config, sessions);
  }

  async score(policy: OnnxPolicy, inputs: PassInputs): Promise<ScoreOutputs> {
    const { feeds, lora } = await this.weights.of(policy);
    const { shape, lossShape } = inputs;
    let x = await this.embed(feeds, inputs);
    for (let layer = 0; layer < this.config.layers; layer++) x = await this.forward(layer, feeds, lora, inputs, x, false);
    const produced = this.gather(x, inputs);
    const outputs = {
      logProb: new Float32Array(shape.rows),
      klLogProb: new Float32Array(shape.rows),
      entropy: new Float32Array(shape.rows),
    };
    for (const [from, to] of chunks(shape.rows, headRows(this.config.vocabularySize))) {
      const key = `head ${to - from} ${JSON.stringify(lossShape)}`;
      const session = await this.sessions.get(key, () => headGraph(this.config, to - from, lossShape));
      const found = await session.run(this.headFeeds(feeds, inputs, produced, from, to));
      for (const name of ['logProb', 'klLogProb', 'entropy'] as const) outputs[name].set(floats(found, name), from);
    }
    return outputs;
  }

  async train({ trainable, parameters }: PassTarget, inputs: PassInputs, gradient: FlatParameters): Promise<TrainOutputs> {
    const { config, sessions } = this;
    const full = trainable.kind === 'full';
    const feeds = { ...(full ? {} : this.weights.base), ...parameters.tensors(sessions) };
    const lora = full ? null : trainable.shape;
    const kept = [await this.embed(feeds, inputs)];
    const keep = this.#products.keeps(inputs.shape);
    for (let layer = 0; layer < config.layers; layer++) kept.push(await this.forward(layer, feeds, lora, inputs, kept[layer]!, keep));

    const gradients = gradient.tensors(sessions, gradientName);
    if (full) gradient.data.fill(0);
    const { outputs, dx: fromHead } = await this.headBackward(feeds, inputs, kept.pop()!, full ? gradient : null);
    let dy = fromHead;
    for (let layer = config.layers - 1; layer >= 0; layer--) {
      const like = this.representative(layer, lora);
      const key = `block backward ${JSON.stringify([inputs.shape, like, trainable, keep])}`;
      const session = await sessions.get(key, () => blockBackwardGraph(config, inputs.shape, like, trainable, keep));
      const products = keep ? this.#products.of(layer, inputs.shape) : {};
      const { input, output } = this.renamed(layer, like, session.inputNames, session.outputNames, feeds, gradients);
      const found: Feeds = await session.run(
        { ...input, ...products, x: this.activation(kept.pop()!, inputs), dy: this.activation(dy, inputs) },
        { ...output, dx: null },
      );
      dy = floats(found, 'dx');
    }
    if (full) await this.embeddingBackward(feeds, inputs, dy, gradient);
    return outputs;
  }

  private async embed(feeds: Feeds, inputs: PassInputs): Promise<Float32Array> {
    const { batch, time } = inputs.shape;
    const session = await this.sessions.get(`embedding ${batch} ${time}`, () => embeddingGraph(this.config, inputs.shape));
    return floats(await session.run({ ids: this.ids(inputs), [EMBEDDING]: feeds[EMBEDDING]! }), 'y');
  }

  private async embeddingBackward(feeds: Feeds, inputs: PassInputs, dy: Float32Array, gradient: FlatParameters): Promise<void> {
    const { batch, time } = inputs.shape;
    const session = await this.sessions.get(`embedding backward ${batch} ${time}`, () => embeddingBackwardGraph(this.config, inputs.shape));
    const all: Feeds = { ids: this.ids(inputs), dy: this.activation(dy, inputs), [EMBEDDING]: feeds[EMBEDDING]! };
    const found = await session.run(Object.fromEntries(session.inputNames.map((name) => [name, all[name]!])));
    add(gradient.view(EMBEDDING), floats(found, gradientName(EMBEDDING)));
  }

  private async forward(
    layer: number,
    feeds: Feeds,
    lora: LoraShape | null,
    inputs: PassInputs,
    x: Float32Array,
    keep: boolean,
  ): Promise<Float32Array> {
    const like = this.representative(layer, lora);
    const key = `block ${JSON.stringify([inputs.shape, like, lora, keep])}`;
    const session = await this.sessions.get(key, () => blockGraph(this.config, inputs.shape, like, lora, keep));
    const { input } = this.renamed(layer, like, session.inputNames, [], feeds, {});
    const products = keep ? this.#products.of(layer, inputs.shape) : {};
    return floats(await session.run({ ...input, x: this.activation(x, inputs) }, { ...products, y: null }), 'y');
  }

  /** The loss of all rows, a chunk at a time; their gradients go back to where the rows came from. */
  private async headBackward(
    feeds: Feeds,
    inputs: PassInputs,
    x: Float32Array,
    gradient: FlatParameters | null,
  ): Promise<{ outputs: TrainOutputs; dx: Float32Array }> {
    const { shape, lossShape } = inputs;
    const { hiddenSize } = this.config;
    const produced = this.gather(x, inputs);
    const rows = int64View(inputs.rows);
    const dx = new Float32Array(x.length);
    const outputs = { logProb: new Float32Array(shape.rows), ratio: new Float32Array(shape.rows), entropy: new Float32Array(shape.rows) };
    let loss = 0;
    for (const [from, to] of chunks(shape.rows, headRows(this.config.vocabularySize))) {
      const key = `head backward ${to - from} ${gradient !== null} ${JSON.stringify(lossShape)}`;
      const session = await this.sessions.get(key, () => headBackwardGraph(this.config, to - from, lossShape, gradient !== null));
      const found = await session.run(this.headFeeds(feeds, inputs, produced, from, to));
      for (const name of ['logProb', 'ratio', 'entropy'] as const) outputs[name].set(floats(found, name), from);
      loss += floats(found, 'loss')[0]!;
      const part = floats(found, 'dx');
      for (let row = from; row < to; row++) {
        const at = rows[2 * row]! * hiddenSize;
        const start = (row - from) * hiddenSize;
        for (let i = 0; i < hiddenSize; i++) dx[at + i]! += part[start + i]!;
      }
      if (gradient) for (const name of headWeights(this.config)) add(gradient.view(name), floats(found, gradientName(name)));
    }
    return { outputs: { ...outputs, loss }, dx };
  }

  private headFeeds(feeds: Feeds, { columns, shared }: PassInputs, produced: Float32Array, from: number, to: number): Feeds {
    const { hiddenSize } = this.config;
    const weights = Object.fromEntries(headWeights(this.config).map((name) => [name, feeds[name]!]));
    const x = this.sessions.float(produced.subarray(from * hiddenSize, to * hiddenSize), [to - from, hiddenSize]);
    return { ...weights, ...columnTensors(this.sessions, columns, from, to), ...shared, x };
  }

  /** The rows of `[B·T, hidden]` that predict produced tokens. */
  private gather(x: Float32Array, { rows, shape }: PassInputs): Float32Array {
    const { hiddenSize } = this.config;
    const index = int64View(rows);
    const out = new Float32Array(shape.rows * hiddenSize);
    for (let row = 0; row < shape.rows; row++) {
      const at = index[2 * row]! * hiddenSize;
      out.set(x.subarray(at, at + hiddenSize), row * hiddenSize);
    }
    return out;
  }

  /** The first layer with the same attention window, adapted or not as this one is: its graph serves this one. */
  private representative(layer: number, lora: LoraShape | null): number {
    const adapted = (each: number): boolean => lora !== null && adaptsLayer(lora, each);
    const { windows } = this.config;
    return windows.findIndex((window, i) => window === windows[layer] && adapted(i) === adapted(layer));
  }

  /** A layer's tensors under the names of the layer whose graph runs. */
  private renamed(
    layer: number,
    like: number,
    inputs: readonly string[],
    outputs: readonly string[],
    feeds: Feeds,
    gradients: Feeds,
  ): { input: Feeds; output: Feeds } {
    const own = (name: string): string => name.replace(`model.layers.${like}.`, `model.layers.${layer}.`);
    const pick = (names: readonly string[], from: Feeds): Feeds =>
      Object.fromEntries(names.flatMap((name) => (name.includes('model.layers.') ? [[name, from[own(name)]!]] : [])));
    return { input: pick(inputs, feeds), output: pick(outputs, gradients) };
  }

  private ids({ shape, ids }: PassInputs): Feeds[string] {
    return this.sessions.int64(ids, [shape.batch, shape.time, 1]);
  }

  private activation(data: Float32Array, { shape }: PassInputs): Feeds[string] {
    return this.sessions.float(data, [shape.batch, shape.time, this.config.hiddenSize]);
  }
}

/** Equal parts of at most `most` rows, so that few graphs are needed; the last may be shorter. */
function chunks(rows: number, most: number): [number, number][] {
  const parts = Math.ceil(rows / most);
  const size = Math.ceil(rows / parts);
  return Array.from({ length: parts }, (_, i) => [i * size, Math.min(rows, (i + 1) * size)]);
}

function add(into: Float32Array, from: Float32Array): void {
  for (let i = 0; i < into.length; i++) into[i]! += from[i]!;
}
