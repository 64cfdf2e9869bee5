import type { Policy } from '../engine';
import type { FlatParameters } from './flatParameters';
import { Graph } from './graph/graph';
import { mergeLora } from './graph/matmul';
import { type LoraShape, loraParameters } from './graphs/loraShape';
import type { HeldWeights } from './graphs/weightInputs';
import type { ModelConfig } from './model/config';
import { toDisk } from './model/modelFolder';
import { parametersOf } from './model/parameters';
import { type Feeds, floats, type Sessions } from './sessions';

/** What a policy adds to the base model. */
export type PolicyWeights =
  | { readonly kind: 'base' }
  | { readonly kind: 'full'; readonly parameters: FlatParameters }
  | { readonly kind: 'lora'; readonly shape: LoraShape; readonly parameters: FlatParameters };

/** A policy of this engine. */
export class OnnxPolicy implements Policy {
  /** Counts changes of the weights, so that what was derived from them is known to be stale. */
  version = 0;
  /** Open lanes; a policy with any cannot be released. */
  lanes = 0;
  released = false;

  constructor(
    readonly name: string,
    readonly weights: PolicyWeights,
  ) {}
}

/** A policy's adapter merged into the base model's weights. */
interface Merged {
  /** Of the policy when it was merged. */
  version: number;
  readonly feeds: Feeds;
  /** The merged ones among `feeds`, by `mergeGraph`'s output names. */
  readonly targets: Feeds;
}

/** The tensors that forward graphs are fed for a policy, and the adapter that the graph must have for them. */
export interface ForwardWeights {
  readonly feeds: Feeds;
  readonly lora: LoraShape | null;
}

/** Turns policies into feeds; merges adapters into the weights where the model is small enough. */
export class WeightFeeds {
  private readonly merged = new WeakMap<OnnxPolicy, Merged>();
  private readonly fed = new WeakMap<OnnxPolicy, Feeds>();
  private turned: Feeds | null = null;
  private held: HeldWeights | null = null;

  constructor(
    private readonly sessions: Sessions,
    private readonly config: ModelConfig,
    /** The base model's tensors. */
    readonly base: Feeds,
    private readonly merge: boolean,
    /** Whether sampling has a copy of the base model's linear weights, turned. */
    private readonly turn = false,
    /** Whether graphs for one token a row hold the base model's weights. */
    private readonly hold = false,
  ) {}

  /** The tensors that `stepGraph` is fed; with `turned`, linear weights are `[out, in]`. */
  async toSample(policy: OnnxPolicy): Promise<ForwardWeights & { readonly turned: boolean }> {
    const { feeds, lora } = await this.of(policy);
    const own = policy.weights.kind === 'full' || (policy.weights.kind === 'lora' && this.merge);
    if (!this.turn || own) return { feeds, lora, turned: false };
    this.turned ??= turnedWeights(this.sessions, this.config, this.base);
    return { feeds: { ...feeds, ...this.turned }, lora, turned: true };
  }

  /** The tensors that `decodeGraph` is fed, and the weights that it holds. */
  async toDecode(policy: OnnxPolicy): Promise<ForwardWeights & { readonly held: HeldWeights | null }> {
    const { weights } = policy;
    const adapted = weights.kind === 'full' || (weights.kind === 'lora' && this.merge);
    if (adapted || !this.hold) return { ...(await this.of(policy)), held: null };
    this.held ??= new Map(Object.keys(this.base).map((name) => [name, floats(this.base, name)]));
    const feeds = weights.kind === 'lora' ? weights.parameters.tensors(this.sessions) : {};
    return { feeds, lora: weights.kind === 'lora' ? weights.shape : null, held: this.held };
  }

  async of(policy: OnnxPolicy): Promise<ForwardWeights> {
    const { weights } = policy;
    if (policy.released) throw new Error(`policy ${policy.name} was released`);
    if (weights.kind === 'base') return { feeds: this.base, lora: null };
    if (weights.kind === 'lora' && this.merge)
      return { feeds: await this.mergedFeeds(policy, weights.shape, weights.parameters), lora: null };
    let feeds = this.fed.get(policy);
    if (!feeds) {
      // Tensors are views of the flat vector: they follow it when it is trained.
      feeds = { ...(weights.kind === 'lora' ? this.base : {}), ...weights.parameters.tensors(this.sessions) };
      this.fed.set(policy, feeds);
    }
    return { feeds, lora: weights.kind === 'lora' ? weights.shape : null };
  }

  private async mergedFeeds(policy: OnnxPolicy, shape: LoraShape, parameters: FlatParameters): Promise<Feeds> {
    let known = this.merged.get(policy);
    if (known?.version === policy.version) return known.feeds;
    if (this.sessions.keeps) return this.mergedOnDevice(policy, shape, parameters);
    if (!known) {
      const targets: Feeds = {};
      for (const { module, rows, columns } of adaptedWeights(this.config, shape))
        targets[`merged.${module}.weight`] = this.sessions.float(new Float32Array(rows * columns), [rows, columns]);
      known = { version: -1, targets, feeds: this.withMerged(targets) };
      this.merged.set(policy, known);
    }
    const session = await this.sessions.get(`merge ${JSON.stringify(shape)}`, () => mergeGraph(this.config, shape));
    await session.run(this.mergeInputs(session.inputNames, parameters), known.targets);
    known.version = policy.version;
    return known.feeds;
  }

  /** The same where merged weights stay on the device; those of the version before are let go. */
  private async mergedOnDevice(policy: OnnxPolicy, shape: LoraShape, parameters: FlatParameters): Promise<Feeds> {
    const session = await this.sessions.get(`merge on device ${JSON.stringify(shape)}`, () => mergeGraph(this.config, shape), 'device');
    const targets = this.sessions.keep(await session.run(this.mergeInputs(session.inputNames, parameters)));
    this.release(policy);
    const feeds = this.withMerged(targets);
    this.merged.set(policy, { version: policy.version, targets, feeds });
    return feeds;
  }

  /** Lets go of what was derived from a policy's weights. */
  release(policy: OnnxPolicy): void {
    const known = this.merged.get(policy);
    if (known) this.sessions.drop(known.targets);
    this.merged.delete(policy);
    this.fed.delete(policy);
  }

  private withMerged(targets: Feeds): Feeds {
    const renamed = Object.entries(targets).map(([name, tensor]) => [name.slice('merged.'.length), tensor] as const);
    return { ...this.base, ...Object.fromEntries(renamed) };
  }

  private mergeInputs(names: readonly string[], parameters: FlatParameters): Feeds {
    const inputs = { ...this.base, ...parameters.tensors(this.sessions) };
    return Object.fromEntries(names.map((name) => [name, inputs[name]!]));
  }
}

/** Linear weights as `[out, in]`, as model files hold them. */
function turnedWeights(sessions: Sessions, config: ModelConfig, base: Feeds): Feeds {
  const linear = parametersOf(config).filter((parameter) => parameter.linear);
  return Object.fromEntries(
    linear.map((parameter) => [
      parameter.name,
      sessions.float(toDisk(parameter, floats(base, parameter.name)), [...parameter.shape].reverse()),
    ]),
  );
}

/** The weights that an adapter changes, `[rows, columns]`. */
function adaptedWeights(config: ModelConfig, lora: LoraShape): { module: string; rows: number; columns: number }[] {
  const matrices = loraParameters(config, lora);
  return matrices.flatMap(({ module, matrix, shape }, i) =>
    matrix === 'A' ? [{ module, rows: shape[0], columns: matrices[i + 1]!.shape[1] }] : [],
  );
}

/** Every adapted layer's weight with the adapter merged in. */
function mergeGraph(config: ModelConfig, lora: LoraShape): Graph {
  const graph = new Graph('merge');
  const matrices = loraParameters(config, lora);
  for (let i = 0; i < matrices.length; i += 2) {
    const [first, second] = [matrices[i]!, matrices[i + 1]!];
    const a = graph.input(first.name, 'float32', first.shape);
    const b = graph.input(second.name, 'float32', second.shape);
    const w = graph.input(`${first.module}.weight`, 'float32', [first.shape[0], second.shape[1]]);
    graph.output(`merged.${first.module}.weight`, mergeLora(w, a, b, lora.alpha / lora.rank));
  }
  return graph;
}
