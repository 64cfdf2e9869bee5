import type { Constraint } from '../domain/games/game';
import type { LoraTarget } from '../protocol/runConfig';

/** Tokens of one transcript, and how game texts become them. */
export interface Tokenizer {
  readonly vocabularySize: number;
  /**
   * The tokens that a seat newly reads before it replies: what it is shown, wrapped by the model's chat
   * template, up to and including the opening of its own turn. Appending these to what was read and
   * produced before gives the template's rendering of the whole conversation.
   */
  observe(observation: string, position: { readonly first: boolean; readonly kind: 'message' | 'action' }): readonly number[];
  /** The text of produced tokens, stop token left out. */
  decode(tokens: readonly number[]): string;
  /** Each token as text, as a reader should see it; never empty for a visible token. */
  tokenTexts(tokens: readonly number[]): string[];
  /** The constraint over token ids, stop token included: what masked sampling allows step by step. */
  constrain(constraint: Constraint): TokenConstraint;
  /** The token that ends a turn. */
  readonly stopToken: number;
}

/**
 * A trie walked token by token. States are interned: two positions with the same allowed set share
 * one `TokenMask` object, so that a batch holds few distinct masks.
 */
export interface TokenConstraint {
  readonly start: TokenState;
}

/** A position in a constraint. */
export interface TokenState {
  readonly mask: TokenMask;
  /** The state after an allowed token; null after the stop token. */
  after(token: number): TokenState | null;
}

/** A set of allowed next tokens. One allowed token: the mask forces it. */
export interface TokenMask {
  readonly allowed: Int32Array;
}

/** A set of weights that can speak: the base model, the learner, or a frozen snapshot of it. */
export interface Policy {
  readonly name: string;
}

/** The one policy that training changes. */
export interface Learner extends Policy {
  /** Trainable parameters. */
  readonly parameters: number;
  /** Optimizer steps taken. */
  readonly steps: number;
}

/** One seat's growing transcript on the engine, with whatever cache the engine keeps of it. */
export interface Lane {
  readonly policy: Policy;
  /** Tokens read and produced so far. */
  readonly length: number;
}

/** One turn to sample. */
export interface SampleRequest {
  readonly lane: Lane;
  /** New prompt tokens, read before sampling. */
  readonly read: readonly number[];
  /** What may be produced; null samples freely. */
  readonly constraint: TokenConstraint | null;
  /**
   * The constraint whose allowed sets valid mass is measured against when `constraint` is null
   * (free and retry modes).
   */
  readonly validAgainst: TokenConstraint | null;
  readonly maxTokens: number;
  /** The uniform in (0, 1) of the n-th produced token of this turn. */
  readonly uniform: (n: number) => number;
}

/** How tokens are drawn. */
export interface SamplingSettings {
  readonly temperature: number;
  /** 1 keeps everything. */
  readonly topP: number;
  /** 0 keeps everything. */
  readonly topK: number;
}

/** A sampled turn; every array has one entry a produced token, the stop token included. */
export interface Sample {
  readonly tokens: Int32Array;
  /** log π of the sampling distribution (masked and renormalised under a constraint), nats. */
  readonly logProbs: Float32Array;
  /** Probability that the unmasked policy gave to the allowed tokens; NaN where the engine cannot tell. */
  readonly validMass: Float32Array;
  /** Entropy of the unmasked next-token distribution, nats; its estimate −log π where the engine sees no distributions. */
  readonly entropy: Float32Array;
  /** The masks that were in force; null where sampling was free. */
  readonly masks: readonly (TokenMask | null)[];
}

/** One seat's transcript to train on or to score. All per-token arrays have one entry a produced token. */
export interface TrainSequence {
  /** The whole transcript, prompt and produced tokens. */
  readonly tokens: Int32Array;
  /** Index into `tokens` of every produced token, ascending; never 0. */
  readonly positions: Int32Array;
  readonly credits: Float32Array;
  /** log π when sampled, nats. */
  readonly samplingLogProbs: Float32Array;
  /** Masks in force when sampled. */
  readonly masks: readonly (TokenMask | null)[];
  /** 1 where the token counts in the loss, 0 where not (forced tokens under `countForced: false`). */
  readonly weights: Float32Array;
}

/** The loss of one step: −ρ̄·credit·log π + klCoefficient·ρ̄·k3 − entropyCoefficient·H, averaged over counted tokens. */
export interface LossSettings {
  readonly klCoefficient: number;
  readonly klOver: 'full' | 'masked';
  readonly entropyCoefficient: number;
  readonly temperature: number;
  /** ρ̄ = min(ρ, this), without gradient. */
  readonly ratioCap: number;
  /** False leaves log π_ref out of the results (NaN) and saves a forward pass; needs klCoefficient 0. Default true. */
  readonly reference?: boolean;
}

/** Adam with clipping; no weight decay unless set. */
export interface OptimizerSettings {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  /** Global gradient norm cap. */
  readonly clipNorm: number;
}

/** What one optimizer step reports; lists are aligned with the sequences passed in. */
export interface TrainResult {
  readonly loss: number;
  /** Before clipping; NaN where the engine cannot tell. */
  readonly gradNorm: number;
  /** Per sequence and produced token: log π now (as in the loss), ρ, log π_ref, H. */
  readonly tokens: readonly TokenScores[];
}

/** Per produced token of one sequence. */
export interface TokenScores {
  readonly logProbs: Float32Array;
  readonly ratios: Float32Array;
  readonly referenceLogProbs: Float32Array;
  readonly entropies: Float32Array;
}

/** A place in a transcript: what would come next? */
export interface DistributionRequest {
  /** All that was read and produced before, at least one token. */
  readonly tokens: readonly number[];
  /** What may come next; null where anything may. */
  readonly mask: TokenMask | null;
}

/** A next-token distribution, `[vocabulary]`, nats. */
export interface TokenDistribution {
  /** Of the unmasked policy. */
  readonly logProbs: Float32Array;
  /** Under the mask, renormalised, −∞ where forbidden; null where there is none. */
  readonly masked: Float32Array | null;
}

/** What the engine runs on. */
export interface EngineInfo {
  readonly device: string;
  readonly threads: number;
  readonly model: string;
  /** SHA-256 over the base model's weight files. */
  readonly modelHash: string;
  readonly parameters: number;
}

/** What the learner trains. */
export type AdapterSettings =
  | {
      readonly kind: 'lora';
      readonly rank: number;
      readonly alpha: number;
      /** Linear layers that are adapted; all unless given. */
      readonly targets?: readonly LoraTarget[];
      readonly seed: number;
    }
  | { readonly kind: 'full' };

/** What computes: samples, scores, trains, saves. One learner an engine. */
export interface Engine {
  readonly info: EngineInfo;
  readonly tokenizer: Tokenizer;
  /** What somebody should know who trains on it, a line each. */
  readonly messages?: readonly string[];
  /** Whether sampling can be held to a constraint; true unless an engine says otherwise. */
  readonly canConstrain?: boolean;
  /** The model as it was loaded; also the reference of the KL. */
  readonly base: Policy;
  /** A fresh learner; LoRA's B is zero, so that it starts as the base model. */
  createLearner(adapter: AdapterSettings, optimizer: OptimizerSettings): Promise<Learner>;
  /** A frozen copy of a policy as it is now. */
  snapshot(policy: Policy, name: string): Promise<Policy>;
  /** Lets go of a snapshot; its lanes must be closed. */
  release(policy: Policy): void;
  /**
   * Opens empty transcripts that will mostly speak at the same time; give lanes of one role one call.
   * Longest transcript in tokens is a capacity hint.
   */
  open(policy: Policy, count: number, capacity: number): Lane[];
  close(lanes: readonly Lane[]): void;
  /** Samples one turn on each lane, batched; order of results is that of the requests. */
  sample(requests: readonly SampleRequest[], settings: SamplingSettings): Promise<Sample[]>;
  /** Appends tokens that nobody produced here (a fork's history) without sampling. */
  read(lanes: readonly { readonly lane: Lane; readonly tokens: readonly number[] }[]): Promise<void>;
  /** Forgets a lane's tokens beyond a length, so that a turn can be tried again. */
  rewind(lanes: readonly { readonly lane: Lane; readonly length: number }[]): void;
  /** One optimizer step of the learner over all sequences; `learningRate` stands in for the optimizer's in this step. */
  train(sequences: readonly TrainSequence[], loss: LossSettings, learningRate?: number): Promise<TrainResult>;
  /** log π of the produced tokens under a policy, by the trainer's own graph. */
  score(policy: Policy, sequences: readonly TrainSequence[], loss: LossSettings): Promise<TokenScores[]>;
  /** Next-token distributions of a policy, in the order of the requests; absent where an engine cannot tell. */
  distributions?(policy: Policy, requests: readonly DistributionRequest[], temperature: number): Promise<TokenDistribution[]>;
  /**
   * Writes the policy in PEFT's layout (LoRA) or Hugging Face's (full) into an existing empty folder; where weights lie elsewhere, where that
   * is. A state is for `restoreLearner` alone, a checkpoint (the default) for `loadPolicy` too.
   */
  savePolicy(policy: Policy, folder: string, use?: 'checkpoint' | 'state'): Promise<void>;
  /** Reads what `savePolicy` wrote. @throws Error naming the file that is missing, foreign or corrupt. */
  loadPolicy(folder: string, name: string): Promise<Policy>;
  /** Writes the optimizer's moments and step count beside a saved policy. */
  saveOptimizer(folder: string): Promise<void>;
  /**
   * Lets go of what a state keeps outside its folder, before the folder is removed; absent where all lies in the folder. What a checkpoint
   * needs stays. Never throws.
   */
  discardState?(folder: string): Promise<void>;
  /** Puts learner and optimizer back to what a folder holds, bit for bit. */
  restoreLearner(folder: string, adapter: AdapterSettings, optimizer: OptimizerSettings): Promise<Learner>;
  dispose(): Promise<void>;
}
