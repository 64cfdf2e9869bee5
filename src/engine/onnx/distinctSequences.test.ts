import { describe, expect, it } from 'vitest';
import { crossEntropySequence } from '../crossEntropy';
import { distinctSequences } from './distinctSequences';

const sequence = (tokens: readonly number[]) => crossEntropySequence(Int32Array.from(tokens), Int32Array.of(1, 2));

describe('distinct sequences', () => {
  it('stand for all that are alike, with the weights summed and the credits averaged by weight', () => {
    const a = { ...sequence([1, 2, 3]), credits: Float32Array.of(1, 5), weights: Float32Array.of(1, 0) };
    const b = { ...sequence([1, 2, 3]), credits: Float32Array.of(3, 7), weights: Float32Array.of(3, 0) };
    const other = sequence([1, 2, 4]);
    const { sequences, of } = distinctSequences([a, other, b]);
    expect(of).toEqual([0, 1, 0]);
    expect([...sequences[0]!.weights]).toEqual([4, 0]);
    expect([...sequences[0]!.credits]).toEqual([2.5, 0]);
    expect(sequences[1]).toBe(other);
  });

  it('are told apart by tokens, by what was produced, by how it was sampled and by its masks', () => {
    const a = sequence([1, 2, 3]);
    const mask = { allowed: Int32Array.of(2) };
    const differing = [
      a,
      { ...a, tokens: Int32Array.of(1, 2, 3, 4) },
      { ...a, positions: Int32Array.of(0, 2) },
      { ...a, samplingLogProbs: Float32Array.of(-0.5, -0.25) },
      { ...a, masks: [mask, null] },
      { ...a, masks: [null, mask] },
    ];
    expect(distinctSequences(differing).of).toEqual([0, 1, 2, 3, 4, 5]);
    expect(distinctSequences([]).sequences).toEqual([]);
  });
});
