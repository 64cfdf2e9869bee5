import type { FlatParameters } from './flatParameters';
import type { LossShape } from './graphs/loss';
import type { BatchShape, Trainable } from './graphs/trainGraph';
import type { OnnxPolicy } from './policies';
import type { Feeds } from './sessions';

/** One micro-batch, ready to be fed. */
export interface PassInputs {
  readonly shape: BatchShape;
  readonly lossShape: LossShape;
  /** `[B, T]`. */
  readonly ids: BigInt64Array;
  /** For each row, the index into B·T of the token before the produced one. */
  readonly rows: BigInt64Array;
  /** The same for each of the shape's places, where it has any. */
  readonly places: PlaceIndices | null;
  /** Further columns with one entry a row: targets, mask rows, and for training credits and the like. */
  readonly columns: Readonly<Record<string, Float32Array | BigInt64Array>>;
  /** What all rows share: the mask table, the temperature, the loss's coefficients. */
  readonly shared: Feeds;
}

/** Where the last block is computed, if not everywhere. */
export interface PlaceIndices {
  /** Position in its sequence of each place, `[B, P]`. */
  readonly positions: BigInt64Array;
  /** The same as an index into B·T. */
  readonly flat: BigInt64Array;
  /** For each row, its index into B·P. */
  readonly rows: BigInt64Array;
}

/** One entry a row, padding rows included. */
export interface ScoreOutputs {
  readonly logProb: Float32Array;
  readonly klLogProb: Float32Array;
  readonly entropy: Float32Array;
}

export interface TrainOutputs {
  readonly loss: number;
  readonly logProb: Float32Array;
  readonly ratio: Float32Array;
  readonly entropy: Float32Array;
}

/** What is being trained. */
export interface PassTarget {
  readonly trainable: Trainable;
  readonly parameters: FlatParameters;
}

/** How a micro-batch runs through the model: in one graph, or layer by layer. */
export interface Pass {
  score(policy: OnnxPolicy, inputs: PassInputs): Promise<ScoreOutputs>;
  /** Fills `gradient`; what was in it is lost. */
  train(target: PassTarget, inputs: PassInputs, gradient: FlatParameters): Promise<TrainOutputs>;
}
