import { totalmem } from 'node:os';
import { chooseDevice, requireDevice } from './devices';
import { decodes } from './graphs/decodeGraph';
import { LayerwisePass } from './layerwisePass';
import { type LoadedModel, loadModelFolder } from './model/modelFolder';
import { parameterCount } from './model/parameters';
import { OnnxPolicy, WeightFeeds } from './policies';
import { type Device, loadRuntime } from './runtime';
import { type Feeds, Sessions } from './sessions';
import { Trainer } from './trainer';
import { WholePass } from './wholePass';

/** How a model is opened. */
export interface ModelOptions {
  /** A Hugging Face model folder. */
  readonly model: string;
  /** Intra-op threads. */
  readonly threads: number;
  readonly device: 'auto' | Device;
  /** Whether idle threads spin; off where two trainers share few cores. Default true. */
  readonly spinning?: boolean;
  /** Folder of another onnxruntime-node. */
  readonly onnxruntimePath?: string;
  /** About how many tokens one training run has; more need more memory. */
  readonly tokensARun?: number;
  /** Whether layers run one by one, with recomputation; by default from 50 million parameters on. */
  readonly layerwise?: boolean;
  /** Folder for onnxruntime's profiles, one a session. */
  readonly profile?: string;
}

/** A model on a device, with the parts that score and train it. */
export interface OpenedModel {
  readonly model: LoadedModel;
  readonly sessions: Sessions;
  readonly weights: WeightFeeds;
  readonly base: OnnxPolicy;
  readonly trainer: Trainer;
  readonly parameters: number;
}

/** Models below this many parameters are sampled from with their adapters merged: products with an adapter's few columns are slow. */
export const MERGED_BELOW = 20_000_000;

/** From this many parameters on, a second copy of the weights takes more memory than faster sampling is worth. */
const COPIED_BELOW = 500_000_000;

/** Whether sampling on the CPU has a copy of a model's linear weights, turned: not where adapters are merged, which would be turned again and again. */
export function turnedToSample(parameters: number): boolean {
  return parameters >= MERGED_BELOW && parameters < COPIED_BELOW;
}

/** From this many parameters on, the activations of all layers at once are too much. */
export const LAYERWISE_FROM = 50_000_000;

/** About how many tokens one training run has: as many as fill the cores, and layer by layer half of that, so that there is room to keep products. */
export function tokensARun(layerwise: boolean): number {
  return layerwise ? 1024 : 2048;
}

/** Sessions kept: a run needs a training and a scoring graph for each shape of batch. */
const SESSIONS = 32;

/** Large graphs of one step: layer by layer there are blocks and heads, forward, backward, and forward without the adapter. */
const STEP_GRAPHS = { whole: 2, layerwise: 6 } as const;

/** Loads a model folder and prepares it for a device. @throws Error naming the file or field that is wrong. */
export async function openModel(options: ModelOptions): Promise<OpenedModel> {
  const runtime = await loadRuntime(options.onnxruntimePath);
  const model = await loadModelFolder(options.model);
  const parameters = parameterCount(model.parameters);
  const device = options.device === 'auto' ? await chooseDevice(runtime, parameters) : options.device;
  if (device !== 'cpu' && options.device !== 'auto') await requireDevice(runtime, device);
  const profile = options.profile === undefined ? {} : { profile: options.profile };
  const layerwise = options.layerwise ?? parameters >= LAYERWISE_FROM;
  const settings = { runtime, device, threads: options.threads, spinning: options.spinning ?? true, ...profile };
  const sessions = new Sessions(settings, {
    most: SESSIONS,
    // Of what the weights leave, half by the graphs' own count: they reuse their memory, and take about a quarter.
    bytes: (totalmem() - 4 * parameters) / 2,
    least: layerwise ? STEP_GRAPHS.layerwise : STEP_GRAPHS.whole,
  });
  const feeds: Feeds = await sessions.upload(
    Object.fromEntries(model.parameters.map(({ name, shape }) => [name, sessions.float(model.weights.get(name)!, shape)])),
  );
  const base = new OnnxPolicy('base', { kind: 'base' });
  // One copy that suits sampling is enough.
  const hold = device === 'cpu' && decodes(model.config) && parameters < COPIED_BELOW;
  const turn = device === 'cpu' && !hold && turnedToSample(parameters);
  const weights = new WeightFeeds(sessions, model.config, feeds, parameters < MERGED_BELOW, turn, hold);
  const pass = layerwise ? new LayerwisePass(sessions, model.config, weights) : new WholePass(sessions, model.config, weights);
  const trainer = new Trainer(sessions, model.config, pass, base, options.tokensARun ?? tokensARun(layerwise));
  return { model, sessions, weights, base, trainer, parameters };
}
