/** Tokens of one turn, column by column; empty lists where a number does not exist (untrained, preview). */
export interface TokenColumns {
  readonly ids: readonly number[];
  readonly texts: readonly string[];
  /** log π when sampled, nats. */
  readonly logProbs: readonly number[];
  /** log π that training used. */
  readonly trainLogProbs: readonly number[];
  /** ρ before truncation. */
  readonly ratios: readonly number[];
  readonly referenceLogProbs: readonly number[];
  readonly entropies: readonly number[];
  readonly validMass: readonly number[];
  readonly forced: readonly boolean[];
}
