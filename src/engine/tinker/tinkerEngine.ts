import type { TinkerEngineSettings } from '../../protocol/trainingServer';
import type {
  AdapterSettings,
  Engine,
  EngineInfo,
  Lane,
  Learner,
  LossSettings,
  OptimizerSettings,
  Policy,
  Sample,
  SampleRequest,
  SamplingSettings,
  TokenScores,
  TrainResult,
  TrainSequence,
} from '../engine';
import type { TextTokenizer } from '../onnx/tokenizer/textTokenizer';
import { copyAdapter } from './archive';
import { datumBatches } from './datums';
import { RemoteModel } from './remoteModel';
import { RemoteLane, RemoteLearner, RemotePolicy } from './remotePolicy';
import { RemoteSampler } from './remoteSampler';
import { readSaved, type SavedWeights, writeSaved } from './savedWeights';
import { lossOf, offPolicy, tokenScores } from './scores';
import { ServerError } from './serverError';
import type { Session } from './session';

/** Seeds are drawn below this. */
const SEEDS = 2 ** 31;

/** `Engine` over a server that speaks the Tinker API: sampling and training happen there, credits and the loop here. */
export class TinkerEngine implements Engine {
  readonly canConstrain = false;
  readonly info: EngineInfo;
  readonly tokenizer: TextTokenizer;
  readonly base: RemotePolicy;
  readonly #session: Session;
  readonly #settings: Pick<TinkerEngineSettings, 'baseModel' | 'normalisation'>;
  readonly #mostTokens: number | null;
  #learner: RemoteLearner | null = null;
  #optimizer: OptimizerSettings | null = null;
  /** Paths of training weights that this session saved for states alone. */
  readonly #ofStates = new Set<string>();
  #deleting: Promise<void> = Promise.resolve();

  constructor(opened: {
    readonly session: Session;
    readonly settings: Pick<TinkerEngineSettings, 'baseModel' | 'normalisation'>;
    readonly tokenizer: TextTokenizer;
    readonly info: EngineInfo;
    readonly mostTokens: number | null;
    readonly base: RemotePolicy;
  }) {
    this.#session = opened.session;
    this.#settings = opened.settings;
    this.tokenizer = opened.tokenizer;
    this.info = opened.info;
    this.#mostTokens = opened.mostTokens;
    this.base = opened.base;
  }

  /** What the server had to say when the session was opened. */
  get messages(): readonly string[] {
    return this.#session.messages;
  }

  async createLearner(adapter: AdapterSettings, optimizer: OptimizerSettings): Promise<Learner> {
    return this.#start(adapter, optimizer, 0, null);
  }

  async snapshot(policy: Policy, name: string): Promise<Policy> {
    return new RemotePolicy(name, await this.#samplerOf(policy));
  }

  release(policy: Policy): void {
    const own = this.#own(policy);
    if (own === this.base || own instanceof RemoteLearner) throw new Error(`${own.name} is not a snapshot and cannot be released`);
    if (own.lanes > 0) throw new Error(`${own.name} still has ${own.lanes} open lanes`);
    own.released = true;
  }

  open(policy: Policy, count: number, _capacity: number): Lane[] {
    const own = this.#own(policy);
    own.lanes += count;
    return Array.from({ length: count }, () => new RemoteLane(own));
  }

  close(lanes: readonly Lane[]): void {
    for (const each of lanes) {
      const lane = ownLane(each);
      if (!lane.closed) lane.policy.lanes--;
      lane.closed = true;
    }
  }

  async sample(requests: readonly SampleRequest[], settings: SamplingSettings): Promise<Sample[]> {
    if (requests.some(({ constraint }) => constraint !== null)) throw new Error('a training server cannot hold sampling to a mask');
    return Promise.all(requests.map((request) => this.#turn(request, settings)));
  }

  async read(lanes: readonly { readonly lane: Lane; readonly tokens: readonly number[] }[]): Promise<void> {
    for (const { lane, tokens } of lanes) ownLane(lane).tokens.push(...tokens);
  }

  rewind(lanes: readonly { readonly lane: Lane; readonly length: number }[]): void {
    for (const { lane: each, length } of lanes) {
      const lane = ownLane(each);
      if (!(length >= 0 && length <= lane.length)) throw new RangeError(`cannot rewind a lane of ${lane.length} tokens to ${length}`);
      lane.tokens.length = length;
    }
  }

  async train(sequences: readonly TrainSequence[], loss: LossSettings, learningRate?: number): Promise<TrainResult> {
    const { learner, optimizer } = this.#trained();
    refuseUnable(sequences, loss);
    const reference = loss.reference === false ? [] : await this.#scoresOf(this.base.sampler, sequences);
    const settings = { normalisation: this.#settings.normalisation, loss, padding: this.tokenizer.stopToken, mostTokens: this.#mostTokens };
    const batches = datumBatches(sequences, reference, settings);
    const logProbs = sequences.map(({ positions }) => new Float32Array(positions.length));
    const pending: (() => Promise<number[][]>)[] = [];
    // Sent in the order of their numbers, waited for together.
    for (const batch of batches) pending.push(await learner.model.forwardBackward(batch.map(({ datum }) => datum)));
    for (const [b, outputs] of (await Promise.all(pending.map((wait) => wait()))).entries()) {
      for (const [d, { sequence }] of batches[b]!.entries())
        for (const [i, position] of sequences[sequence]!.positions.entries()) logProbs[sequence]![i] = outputs[d]![position - 1]!;
    }
    const tokens = sequences.map((sequence, i) => tokenScores(sequence, logProbs[i]!, reference[i]));
    const refusal = offPolicy(sequences, tokens, loss);
    if (refusal !== null) throw new Error(refusal);
    const gradNorm = await learner.model.optimStep({ ...optimizer, learningRate: learningRate ?? optimizer.learningRate });
    learner.stepped();
    return { loss: lossOf(sequences, tokens, loss), gradNorm, tokens };
  }

  async score(policy: Policy, sequences: readonly TrainSequence[], loss: LossSettings): Promise<TokenScores[]> {
    const [own, reference] = [
      await this.#scoresOf(await this.#samplerOf(policy), sequences),
      loss.reference === false ? [] : await this.#scoresOf(this.base.sampler, sequences),
    ];
    return sequences.map((sequence, i) => tokenScores(sequence, own[i]!, reference[i]));
  }

  /** Keeps a policy on the server, and in the folder where that is and, where the server gives it, a copy. Of a state, which nobody samples from, nothing. */
  async savePolicy(policy: Policy, folder: string, use: 'checkpoint' | 'state' = 'checkpoint'): Promise<void> {
    if (use === 'state') return;
    const learner = this.#own(policy);
    if (!(learner instanceof RemoteLearner)) throw new Error(`${policy.name} lies on the training server already; it is not saved again`);
    learner.saved.isCheckpoint = true;
    learner.saved.sampler ??= learner.model.saveForSampler(saveName(learner, 'sampler'));
    const path = await learner.saved.sampler;
    await writeSaved(folder, 'sampler', this.#described(learner, path));
    const { http, signal } = this.#session;
    await copyAdapter({ ...http.archive, path, signal }, folder);
  }

  async loadPolicy(folder: string, name: string): Promise<Policy> {
    const saved = await readSaved(folder, 'sampler');
    this.#refuseOther(saved, folder);
    return new RemotePolicy(name, await this.#found(saved, () => RemoteSampler.open(this.#session, { model_path: saved.path })));
  }

  async saveOptimizer(folder: string): Promise<void> {
    const { learner } = this.#trained();
    const isNew = learner.saved.weights === undefined;
    learner.saved.weights ??= learner.model.saveWeights(saveName(learner, 'weights'));
    const path = await learner.saved.weights;
    if (learner.saved.isCheckpoint) this.#ofStates.delete(path);
    else if (isNew) this.#ofStates.add(path);
    await writeSaved(folder, 'weights', this.#described(learner, path));
  }

  /** Weights of an earlier session stay: a state that was begun from a checkpoint, of this run or another, names that checkpoint's. */
  async discardState(folder: string): Promise<void> {
    const { learner } = this.#trained();
    const path = await readSaved(folder, 'weights').then(
      (saved) => saved.path,
      () => null,
    );
    // Where no step was taken since, the newer state has the same weights.
    if (path === null || path === (await learner.saved.weights) || !this.#ofStates.delete(path)) return;
    // The run need not wait for it.
    this.#deleting = this.#deleting.then(() => learner.model.deleteSaved(path));
  }

  async restoreLearner(folder: string, adapter: AdapterSettings, optimizer: OptimizerSettings): Promise<Learner> {
    const saved = await readSaved(folder, 'weights');
    this.#refuseOther(saved, folder);
    if (adapter.kind === 'lora' && adapter.rank !== saved.rank)
      throw new Error(`${folder} is of an adapter of rank ${saved.rank}, but the run trains rank ${adapter.rank}`);
    return this.#start(adapter, optimizer, saved.steps, saved);
  }

  async dispose(): Promise<void> {
    await this.#deleting;
    this.#session.end();
    await this.#learner?.model.unload();
  }

  async #start(adapter: AdapterSettings, optimizer: OptimizerSettings, steps: number, saved: SavedWeights | null): Promise<Learner> {
    if (adapter.kind !== 'lora') throw new Error('a training server trains LoRA adapters only: set adapter.kind=lora');
    const { rank, seed } = adapter;
    await this.#learner?.model.unload();
    const model = await RemoteModel.create(this.#session, this.#settings.baseModel, { rank, seed });
    const learner = new RemoteLearner(model, rank, steps);
    this.#learner = learner;
    if (saved) {
      await this.#found(saved, () => model.loadWeights(saved.path));
      learner.saved.weights = Promise.resolve(saved.path);
    }
    this.#optimizer = optimizer;
    return learner;
  }

  async #turn({ lane: each, read, maxTokens, uniform }: SampleRequest, settings: SamplingSettings): Promise<Sample> {
    const lane = ownLane(each);
    lane.tokens.push(...read);
    const sampler = await this.#samplerOf(lane.policy);
    const seed = Math.floor(uniform(0) * SEEDS);
    const { tokens, logProbs } = await sampler.sample(lane.tokens, { maxTokens, stop: this.tokenizer.stopToken, seed, ...settings });
    lane.tokens.push(...tokens);
    return {
      tokens: Int32Array.from(tokens),
      logProbs: Float32Array.from(logProbs),
      validMass: new Float32Array(tokens.length).fill(Number.NaN),
      // One draw's estimate: the mean of −log π over draws is the entropy.
      entropy: Float32Array.from(logProbs, (logProb) => -logProb),
      masks: tokens.map(() => null),
    };
  }

  /** log π of produced tokens, `[sequence][produced token]`. */
  #scoresOf(sampler: RemoteSampler, sequences: readonly TrainSequence[]): Promise<Float32Array[]> {
    return Promise.all(
      sequences.map(async ({ tokens, positions }) => {
        if (positions.length === 0) return new Float32Array(0);
        const scores = await sampler.score([...tokens.subarray(0, positions.at(-1)! + 1)]);
        return Float32Array.from(positions, (position) => scores[position - 1]!);
      }),
    );
  }

  async #samplerOf(policy: Policy): Promise<RemoteSampler> {
    const own = this.#own(policy);
    if (own instanceof RemotePolicy) return own.sampler;
    own.sampler ??= own.model.sampler().then((id) => new RemoteSampler(this.#session, id));
    return own.sampler;
  }

  #own(policy: Policy): RemotePolicy | RemoteLearner {
    if (!(policy instanceof RemotePolicy || policy instanceof RemoteLearner))
      throw new Error(`policy ${policy.name} belongs to another engine`);
    if (policy instanceof RemotePolicy && policy.released) throw new Error(`policy ${policy.name} was released`);
    if (policy instanceof RemoteLearner && policy !== this.#learner) throw new Error('this learner was replaced by another');
    return policy;
  }

  #trained(): { readonly learner: RemoteLearner; readonly optimizer: OptimizerSettings } {
    if (!this.#learner || !this.#optimizer) throw new Error('there is no learner yet; create or restore one first');
    return { learner: this.#learner, optimizer: this.#optimizer };
  }

  #described({ rank, steps }: RemoteLearner, path: string): Omit<SavedWeights, 'format'> {
    return { server: this.#session.http.server, base_model: this.#settings.baseModel, rank, path, steps };
  }

  #refuseOther({ base_model: base }: SavedWeights, folder: string): void {
    if (base !== this.#settings.baseModel) throw new Error(`${folder} is of ${base}, and this run trains ${this.#settings.baseModel}`);
  }

  /** Says which server had the weights, where this one does not. */
  async #found<T>({ server, path }: SavedWeights, load: () => Promise<T>): Promise<T> {
    try {
      return await load();
    } catch (error) {
      if (!(error instanceof ServerError) || error.fault === 'unreachable' || error.fault === 'slow') throw error;
      const here = this.#session.http.server;
      const where = server === here ? 'it saved them, and must still have its checkpoint folder' : `they were saved at ${server}`;
      throw new ServerError(
        here,
        error.fault,
        `${error.message.slice(`training server ${here}: `.length)} (${path}: ${where})`,
        error.status,
      );
    }
  }
}

function ownLane(lane: Lane): RemoteLane {
  if (!(lane instanceof RemoteLane)) throw new Error('a lane of another engine');
  if (lane.closed) throw new Error('a closed lane cannot be used');
  return lane;
}

function refuseUnable(sequences: readonly TrainSequence[], loss: LossSettings): void {
  if (loss.temperature !== 1) throw new RangeError(`a training server trains at temperature 1, not ${loss.temperature}`);
  if (loss.reference === false && loss.klCoefficient !== 0)
    throw new RangeError('a KL coefficient other than 0 needs reference log-probabilities');
  if (sequences.some(({ masks }) => masks.some((mask) => mask !== null))) throw new Error('a training server cannot train under a mask');
}

function saveName({ steps }: RemoteLearner, kind: string): string {
  return `step-${String(steps).padStart(6, '0')}-${kind}`;
}
