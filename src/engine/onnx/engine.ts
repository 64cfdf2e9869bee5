import { random } from '../../domain/random';
import type {
  AdapterSettings,
  DistributionRequest,
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
  TokenDistribution,
  TokenScores,
  TrainResult,
  TrainSequence,
} from '../engine';
import { Adam } from './adam';
import { Distributions } from './distributions';
import { FlatParameters } from './flatParameters';
import { describeLora, loraShape } from './graphs/loraShape';
import { type Trainable, trainedParameters } from './graphs/trainGraph';
import type { LoadedModel } from './model/modelFolder';
import type { Parameter } from './model/parameters';
import { type ModelOptions, type OpenedModel, openModel } from './openModel';
import { OnnxPolicy, type PolicyWeights, type WeightFeeds } from './policies';
import { adapterParameters, loadOptimizerFile, loadPolicyFiles, saveOptimizerFile, savePolicyFiles } from './policyFiles';
import { Sampler } from './sampler';
import type { Sessions } from './sessions';
import { TextTokenizer } from './tokenizer/textTokenizer';
import type { Trained, Trainer } from './trainer';

/** How the engine is opened. */
export type OnnxEngineOptions = ModelOptions;

/** The learner, as callers see it. */
class OnnxLearner extends OnnxPolicy implements Learner {
  trained: Trained | null = null;

  get parameters(): number {
    return this.trained?.parameters.data.length ?? 0;
  }

  get steps(): number {
    return this.trained?.adam.steps ?? 0;
  }
}

/**
 * Opens a model folder for sampling and training on onnxruntime.
 * @throws Error naming the file or field that is wrong.
 */
export async function openOnnxEngine(options: OnnxEngineOptions): Promise<OnnxEngine> {
  const opened = await openModel(options);
  const tokenizer = await TextTokenizer.read(options.model, opened.model.config.vocabularySize);
  return new OnnxEngine(opened, tokenizer);
}

/** `Engine` over onnxruntime-node: forward, backward and optimizer are ONNX graphs of standard operators. */
export class OnnxEngine implements Engine {
  readonly info: EngineInfo;
  readonly base: OnnxPolicy;
  private readonly model: LoadedModel;
  private readonly sessions: Sessions;
  private readonly trainer: Trainer;
  private readonly weights: WeightFeeds;
  private readonly sampler: Sampler;
  private readonly nextTokens: Distributions;
  private learner: OnnxLearner | null = null;

  constructor(
    { model, sessions, weights, base, trainer, parameters }: OpenedModel,
    readonly tokenizer: TextTokenizer,
  ) {
    const { device, threads } = sessions.settings;
    this.info = { device, threads, model: model.folder, modelHash: model.hash, parameters };
    this.model = model;
    this.sessions = sessions;
    this.base = base;
    this.trainer = trainer;
    this.weights = weights;
    this.sampler = new Sampler(sessions, model.config, weights, tokenizer.stopToken);
    this.nextTokens = new Distributions(sessions, model.config, weights);
  }

  async createLearner(adapter: AdapterSettings, optimizer: OptimizerSettings): Promise<Learner> {
    const { config } = this.model;
    const trainable = this.trainable(adapter);
    const parameters = new FlatParameters(trainedParameters(config, trainable));
    if (adapter.kind === 'full') {
      for (const { name } of this.model.parameters) parameters.view(name).set(this.model.weights.get(name)!);
    } else {
      for (const { name, matrix, shape } of adapterMatrices(parameters)) {
        if (matrix === 'A') parameters.view(name).set(uniformRows(shape[0]!, shape[1]!, adapter.seed, name));
      }
    }
    return this.startLearner(trainable, parameters, new Adam(optimizer, parameters));
  }

  async snapshot(policy: Policy, name: string): Promise<Policy> {
    const { weights } = this.own(policy);
    if (weights.kind === 'base') return new OnnxPolicy(name, weights);
    return new OnnxPolicy(name, { ...weights, parameters: weights.parameters.copy() });
  }

  release(policy: Policy): void {
    const own = this.own(policy);
    if (own === this.base || own === this.learner) throw new Error(`${own.name} is not a snapshot and cannot be released`);
    if (own.lanes > 0) throw new Error(`${own.name} still has ${own.lanes} open lanes`);
    own.released = true;
    this.weights.release(own);
  }

  open(policy: Policy, count: number, capacity: number): Lane[] {
    return this.sampler.open(this.own(policy), count, capacity);
  }

  close(lanes: readonly Lane[]): void {
    this.sampler.close(lanes);
  }

  sample(requests: readonly SampleRequest[], settings: SamplingSettings): Promise<Sample[]> {
    return this.sampler.sample(requests, settings);
  }

  async read(lanes: readonly { readonly lane: Lane; readonly tokens: readonly number[] }[]): Promise<void> {
    this.sampler.read(lanes);
  }

  rewind(lanes: readonly { readonly lane: Lane; readonly length: number }[]): void {
    this.sampler.rewind(lanes);
  }

  train(sequences: readonly TrainSequence[], loss: LossSettings, learningRate?: number): Promise<TrainResult> {
    return this.trainer.train(this.trained(), sequences, loss, learningRate);
  }

  /** The loss and its gradient, by parameter name in Hugging Face's or PEFT's wording, without a step. */
  async gradients(
    sequences: readonly TrainSequence[],
    loss: LossSettings,
  ): Promise<{ loss: number; tokens: readonly TokenScores[]; gradients: Map<string, Float32Array> }> {
    const { result, gradient } = await this.trainer.gradients(this.trained(), sequences, loss);
    return { ...result, gradients: new Map(gradient.shapes.map(({ name }) => [name, gradient.view(name).slice()])) };
  }

  score(policy: Policy, sequences: readonly TrainSequence[], loss: LossSettings): Promise<TokenScores[]> {
    return this.trainer.score(this.own(policy), sequences, loss);
  }

  distributions(policy: Policy, requests: readonly DistributionRequest[], temperature: number): Promise<TokenDistribution[]> {
    return this.nextTokens.of(this.own(policy), requests, temperature);
  }

  savePolicy(policy: Policy, folder: string): Promise<void> {
    return savePolicyFiles(folder, this.own(policy).weights, this.model);
  }

  async loadPolicy(folder: string, name: string): Promise<Policy> {
    return new OnnxPolicy(name, await loadPolicyFiles(folder, this.model));
  }

  saveOptimizer(folder: string): Promise<void> {
    const { adam, trainable } = this.trained();
    return saveOptimizerFile(folder, adam, this.diskParameters(trainable));
  }

  async restoreLearner(folder: string, adapter: AdapterSettings, optimizer: OptimizerSettings): Promise<Learner> {
    const weights = await loadPolicyFiles(folder, this.model);
    const trainable = this.trainable(adapter);
    const found = weights.kind === 'lora' ? describeLora(weights.shape) : 'all weights';
    const wanted = trainable.kind === 'lora' ? describeLora(trainable.shape) : 'all weights';
    if (found !== wanted) throw new Error(`${folder} holds ${found}, but the run trains ${wanted}`);
    const { m, v, steps } = await loadOptimizerFile(folder, this.diskParameters(trainable));
    const parameters = new FlatParameters(trainedParameters(this.model.config, trainable), weights.parameters.data);
    const adam = new Adam(optimizer, parameters, m, v);
    adam.steps = steps;
    return this.startLearner(trainable, parameters, adam);
  }

  dispose(): Promise<void> {
    return this.sessions.dispose();
  }

  private startLearner(trainable: Trainable, parameters: FlatParameters, adam: Adam): OnnxLearner {
    if (this.learner) {
      this.learner.released = true;
      this.weights.release(this.learner);
    }
    const weights: PolicyWeights =
      trainable.kind === 'full' ? { kind: 'full', parameters } : { kind: 'lora', shape: trainable.shape, parameters };
    const learner = new OnnxLearner('learner', weights);
    learner.trained = { policy: learner, trainable, parameters, adam };
    this.learner = learner;
    return learner;
  }

  private trainable(adapter: AdapterSettings): Trainable {
    return adapter.kind === 'full' ? { kind: 'full' } : { kind: 'lora', shape: loraShape(adapter) };
  }

  private diskParameters(trainable: Trainable): readonly Parameter[] {
    return trainable.kind === 'full' ? this.model.parameters : adapterParameters(this.model, trainable.shape);
  }

  private trained(): Trained {
    if (!this.learner?.trained) throw new Error('there is no learner yet; create or restore one first');
    return this.learner.trained;
  }

  private own(policy: Policy): OnnxPolicy {
    if (!(policy instanceof OnnxPolicy)) throw new Error(`policy ${policy.name} belongs to another engine`);
    return policy;
  }
}

function adapterMatrices({ shapes }: FlatParameters): { name: string; matrix: 'A' | 'B'; shape: readonly number[] }[] {
  return shapes.map(({ name, shape }) => ({ name, shape, matrix: name.includes('.lora_A.') ? 'A' : 'B' }));
}

/** PEFT's start of A: uniform within ±1/√in (Kaiming with a = √5), drawn by seed and name. */
function uniformRows(inputs: number, rank: number, seed: number, name: string): Float32Array {
  const draw = random(seed, 'lora', name);
  const bound = 1 / Math.sqrt(inputs);
  return Float32Array.from({ length: inputs * rank }, () => (2 * draw.uniform() - 1) * bound);
}
