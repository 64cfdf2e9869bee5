import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { VOCABULARY } from '../../../src/domain/games';
import type { Constraint } from '../../../src/domain/games/game';
import type {
  DistributionRequest,
  Engine,
  Lane,
  Learner,
  LossSettings,
  OptimizerSettings,
  Policy,
  Sample,
  SampleRequest,
  SamplingSettings,
  TokenConstraint,
  TokenDistribution,
  Tokenizer,
  TokenMask,
  TokenScores,
  TokenState,
  TrainResult,
  TrainSequence,
} from '../../../src/engine/engine';

/**
 * An engine without a network: a softmax over the next word for each of a few contexts (the last words, hashed).
 * It samples, scores and trains exactly as the contract says, by a gradient and Adam of its own, so that the trainer
 * around it can be tested in milliseconds, and a word policy can learn tit-for-tat.
 */
export class TabularEngine implements Engine {
  readonly info = { device: 'cpu', threads: 1, model: 'tabular', modelHash: 'f'.repeat(64), parameters: SIZE };
  readonly tokenizer = new WordTokenizer();
  readonly base: Table;
  private learner: TabularLearner | undefined;
  /** Lanes that are open, to see that they are closed. */
  openLanes = 0;

  constructor(readonly options: { readonly prior?: readonly (readonly [word: string, logit: number])[] } = {}) {
    const weights = new Float32Array(SIZE);
    for (const [word, logit] of options.prior ?? []) for (let c = 0; c < CONTEXTS; c++) weights[c * V + WORDS.get(word)!] = logit;
    this.base = new Table('base', weights);
  }

  async createLearner(_adapter: unknown, optimizer: OptimizerSettings): Promise<Learner> {
    this.learner = new TabularLearner(this.base.weights.slice(), optimizer);
    return this.learner;
  }

  async snapshot(policy: Policy, name: string): Promise<Policy> {
    return new Table(name, own(policy).weights.slice());
  }

  release(): void {}

  open(policy: Policy, count: number): Lane[] {
    this.openLanes += count;
    return Array.from({ length: count }, () => new WordLane(own(policy)));
  }

  close(lanes: readonly Lane[]): void {
    this.openLanes -= lanes.length;
  }

  async read(lanes: readonly { readonly lane: Lane; readonly tokens: readonly number[] }[]): Promise<void> {
    for (const { lane, tokens } of lanes) (lane as WordLane).tokens.push(...tokens);
  }

  rewind(lanes: readonly { readonly lane: Lane; readonly length: number }[]): void {
    for (const { lane, length } of lanes) (lane as WordLane).tokens.length = length;
  }

  async sample(requests: readonly SampleRequest[], { temperature }: SamplingSettings): Promise<Sample[]> {
    return requests.map((request) => {
      const lane = request.lane as WordLane;
      lane.tokens.push(...request.read);
      const [tokens, logProbs, validMass, entropy]: number[][] = [[], [], [], []];
      const masks: (TokenMask | null)[] = [];
      let state = request.constraint?.start ?? null;
      let valid = request.constraint ? null : (request.validAgainst?.start ?? null);
      while (tokens!.length < request.maxTokens) {
        const full = softmax(lane.policy.logits(lane.tokens, lane.tokens.length, temperature), null);
        const drawn = state ? softmax(lane.policy.logits(lane.tokens, lane.tokens.length, temperature), state.mask) : full;
        const token = inverse(drawn, request.uniform(tokens!.length));
        const against = state?.mask ?? valid?.mask;
        tokens!.push(token);
        logProbs!.push(Math.log(drawn[token]!));
        validMass!.push(against ? [...against.allowed].reduce((sum, t) => sum + full[t]!, 0) : 1);
        entropy!.push(entropyOf(full));
        masks.push(state?.mask ?? null);
        lane.tokens.push(token);
        if (state) state = state.after(token);
        else if (valid) valid = valid.mask.allowed.includes(token) ? valid.after(token) : null;
        if (request.constraint ? state === null : token === this.tokenizer.stopToken) break;
      }
      return {
        tokens: Int32Array.from(tokens!),
        logProbs: Float32Array.from(logProbs!),
        validMass: Float32Array.from(validMass!),
        entropy: Float32Array.from(entropy!),
        masks,
      };
    });
  }

  async train(sequences: readonly TrainSequence[], loss: LossSettings): Promise<TrainResult> {
    const learner = this.learner!;
    const tokens = await this.score(learner, sequences, loss);
    const gradient = new Float64Array(SIZE);
    const counted = sequences.reduce((sum, { weights }) => sum + weights.reduce((a, b) => a + b, 0), 0);
    let total = 0;
    for (const [s, sequence] of sequences.entries()) {
      for (const [i, position] of sequence.positions.entries()) {
        if (sequence.weights[i] === 0) continue;
        const { logProbs, ratios, referenceLogProbs, entropies } = tokens[s]!;
        const row = contextOf(sequence.tokens, position) * V;
        const logits = learner.logits(sequence.tokens, position, loss.temperature);
        const full = softmax(logits, null);
        const masked = softmax(logits, sequence.masks[i]!);
        const token = sequence.tokens[position]!;
        const capped = Math.min(ratios[i]!, loss.ratioCap);
        const ofKl = loss.klOver === 'full' ? full : masked;
        const d = referenceLogProbs[i]! - Math.log(ofKl[token]!);
        const pull = loss.klCoefficient * capped * (1 - Math.exp(d));
        const entropy = entropies[i]!;
        total +=
          -capped * sequence.credits[i]! * logProbs[i]! +
          loss.klCoefficient * capped * (Math.expm1(d) - d) -
          loss.entropyCoefficient * entropy;
        for (let v = 0; v < V; v++) {
          const one = v === token ? 1 : 0;
          const push = -capped * sequence.credits[i]! * (one - masked[v]!) + pull * (one - ofKl[v]!);
          const spread =
            ofKl[v]! > 0 && loss.entropyCoefficient > 0 ? loss.entropyCoefficient * ofKl[v]! * (Math.log(ofKl[v]!) + entropy) : 0;
          gradient[row + v]! += (push + spread) / loss.temperature / counted;
        }
      }
    }
    return { loss: total / counted, gradNorm: learner.step(gradient), tokens };
  }

  async score(policy: Policy, sequences: readonly TrainSequence[], loss: LossSettings): Promise<TokenScores[]> {
    return sequences.map((sequence) => {
      const [logProbs, ratios, referenceLogProbs, entropies]: number[][] = [[], [], [], []];
      for (const [i, position] of sequence.positions.entries()) {
        const token = sequence.tokens[position]!;
        const mask = sequence.masks[i]!;
        const klMask = loss.klOver === 'full' ? null : mask;
        const logits = own(policy).logits(sequence.tokens, position, loss.temperature);
        const logProb = Math.log(softmax(logits, mask)[token]!);
        logProbs!.push(logProb);
        ratios!.push(Math.exp(logProb - sequence.samplingLogProbs[i]!));
        referenceLogProbs!.push(Math.log(softmax(this.base.logits(sequence.tokens, position, loss.temperature), klMask)[token]!));
        entropies!.push(entropyOf(softmax(logits, klMask)));
      }
      return {
        logProbs: Float32Array.from(logProbs!),
        ratios: Float32Array.from(ratios!),
        referenceLogProbs: Float32Array.from(referenceLogProbs!),
        entropies: Float32Array.from(entropies!),
      };
    });
  }

  async distributions(policy: Policy, requests: readonly DistributionRequest[], temperature: number): Promise<TokenDistribution[]> {
    return requests.map(({ tokens, mask }) => {
      const logits = own(policy).logits(tokens, tokens.length, temperature);
      const logs = (allowed: TokenMask | null): Float32Array => Float32Array.from(softmax(logits, allowed), Math.log);
      return { logProbs: logs(null), masked: mask && logs(mask) };
    });
  }

  async savePolicy(policy: Policy, folder: string): Promise<void> {
    await writeFile(join(folder, 'adapter_config.json'), '{"peft_type":"TABLE"}\n');
    await writeFile(join(folder, 'adapter_model.safetensors'), bytes(own(policy).weights));
  }

  async loadPolicy(folder: string, name: string): Promise<Policy> {
    return new Table(name, floats(await readFile(join(folder, 'adapter_model.safetensors'))));
  }

  async saveOptimizer(folder: string): Promise<void> {
    const { m, v, steps } = this.learner!;
    await writeFile(join(folder, 'optimizer.safetensors'), Buffer.concat([bytes(m), bytes(v), bytes(Float32Array.of(steps))]));
  }

  async restoreLearner(folder: string, _adapter: unknown, optimizer: OptimizerSettings): Promise<Learner> {
    const { weights } = own(await this.loadPolicy(folder, 'learner'));
    const moments = floats(await readFile(join(folder, 'optimizer.safetensors')));
    this.learner = new TabularLearner(weights, optimizer);
    this.learner.m.set(moments.subarray(0, SIZE));
    this.learner.v.set(moments.subarray(SIZE, 2 * SIZE));
    this.learner.steps = moments[2 * SIZE]!;
    return this.learner;
  }

  async dispose(): Promise<void> {
    if (this.openLanes !== 0) throw new Error(`${this.openLanes} lanes were left open`);
  }
}

const V = VOCABULARY.length;
const WORDS: ReadonlyMap<string, number> = new Map(VOCABULARY.map((word, i) => [word, i]));
const ALL = Int32Array.from(VOCABULARY, (_, v) => v);
const CONTEXTS = 128;
const SIZE = CONTEXTS * V;
/** Words that a context is made of: enough for `you A they B play`. */
const REACH = 5;

function contextOf(tokens: ArrayLike<number>, position: number): number {
  let hash = 17;
  for (let i = Math.max(0, position - REACH); i < position; i++) hash = (Math.imul(hash, 31) + tokens[i]! + 1) >>> 0;
  return hash % CONTEXTS;
}

class Table implements Policy {
  constructor(
    readonly name: string,
    readonly weights: Float32Array<ArrayBuffer>,
  ) {}

  logits(tokens: ArrayLike<number>, position: number, temperature: number): Float64Array {
    const row = contextOf(tokens, position) * V;
    const logits = new Float64Array(V);
    for (let v = 0; v < V; v++) logits[v] = this.weights[row + v]! / temperature;
    return logits;
  }
}

class TabularLearner extends Table implements Learner {
  readonly parameters = SIZE;
  steps = 0;
  readonly m = new Float32Array(SIZE);
  readonly v = new Float32Array(SIZE);

  constructor(
    weights: Float32Array<ArrayBuffer>,
    private readonly optimizer: OptimizerSettings,
  ) {
    super('learner', weights);
  }

  step(gradient: Float64Array): number {
    const { learningRate, beta1, beta2, epsilon, clipNorm } = this.optimizer;
    const norm = Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0));
    const scale = norm > clipNorm ? clipNorm / norm : 1;
    this.steps++;
    for (let i = 0; i < SIZE; i++) {
      const g = gradient[i]! * scale;
      this.m[i] = beta1 * this.m[i]! + (1 - beta1) * g;
      this.v[i] = beta2 * this.v[i]! + (1 - beta2) * g * g;
      const m = this.m[i]! / (1 - beta1 ** this.steps);
      const v = this.v[i]! / (1 - beta2 ** this.steps);
      this.weights[i]! -= (learningRate * m) / (Math.sqrt(v) + epsilon);
    }
    return norm;
  }
}

class WordLane implements Lane {
  readonly tokens: number[] = [];
  constructor(readonly policy: Table) {}
  get length(): number {
    return this.tokens.length;
  }
}

class WordTokenizer implements Tokenizer {
  readonly vocabularySize = V;
  readonly stopToken = WORDS.get('<end>')!;

  observe(observation: string, { first }: { readonly first: boolean }): readonly number[] {
    return [...(first ? ['<bos>'] : []), ...words(observation)].map((word) => {
      const token = WORDS.get(word);
      if (token === undefined) throw new Error(`the vocabulary has no word "${word}"`);
      return token;
    });
  }

  decode(tokens: readonly number[]): string {
    return this.tokenTexts(tokens.filter((token) => token !== this.stopToken)).join(' ');
  }

  tokenTexts(tokens: readonly number[]): string[] {
    return tokens.map((token) => VOCABULARY[token]!);
  }

  constrain(constraint: Constraint): TokenConstraint {
    if (constraint.kind === 'choice')
      return { start: this.trie(constraint.choices.map((choice) => words(choice).map((word) => WORDS.get(word)!))) };
    const speakable = (constraint.words ?? VOCABULARY.filter((word) => !word.startsWith('<'))).map((word) => WORDS.get(word)!);
    const any: TokenMask = { allowed: Int32Array.from([...speakable, this.stopToken].sort((a, b) => a - b)) };
    const stop: TokenMask = { allowed: Int32Array.of(this.stopToken) };
    const states: TokenState[] = [];
    for (let left = 0; left <= constraint.maxTokens; left++) {
      states.push({ mask: left === 0 ? stop : any, after: (token) => (token === this.stopToken ? null : states[left - 1]!) });
    }
    return { start: states[constraint.maxTokens]! };
  }

  private trie(choices: readonly (readonly number[])[]): TokenState {
    const next = new Map<number, TokenState | null>();
    for (const token of new Set(choices.map(([first]) => first ?? this.stopToken))) {
      next.set(
        token,
        token === this.stopToken ? null : this.trie(choices.filter(([first]) => first === token).map((choice) => choice.slice(1))),
      );
    }
    return { mask: { allowed: Int32Array.from([...next.keys()].sort((a, b) => a - b)) }, after: (token) => next.get(token) ?? null };
  }
}

function words(text: string): string[] {
  return text.split(' ').filter((word) => word !== '');
}

function softmax(logits: Float64Array, mask: TokenMask | null): Float64Array {
  const result = new Float64Array(logits.length);
  const allowed = mask?.allowed ?? ALL;
  let most = Number.NEGATIVE_INFINITY;
  for (const v of allowed) most = Math.max(most, logits[v]!);
  let sum = 0;
  for (const v of allowed) sum += result[v] = Math.exp(logits[v]! - most);
  for (const v of allowed) result[v]! /= sum;
  return result;
}

function inverse(probabilities: Float64Array, uniform: number): number {
  let sum = 0;
  let last = 0;
  for (const [v, probability] of probabilities.entries()) {
    if (probability === 0) continue;
    sum += probability;
    last = v;
    if (uniform < sum) return v;
  }
  return last;
}

function entropyOf(probabilities: Float64Array): number {
  let sum = 0;
  for (const p of probabilities) if (p > 0) sum -= p * Math.log(p);
  return sum;
}

function own(policy: Policy): Table {
  if (!(policy instanceof Table)) throw new Error(`${policy.name} is not of this engine`);
  return policy;
}

function bytes(array: Float32Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

function floats(buffer: Buffer): Float32Array<ArrayBuffer> {
  const copy = new Float32Array(buffer.length / 4);
  bytes(copy).set(buffer);
  return copy;
}
