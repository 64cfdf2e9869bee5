import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { random } from '../../domain/random';
import { crossEntropySequence } from '../crossEntropy';
import { microBatches, paddingShare, roundUp, timeOf } from './microBatches';

function sequence(length: number, produced = 2) {
  return crossEntropySequence(
    new Int32Array(length + 1),
    Int32Array.from({ length: Math.min(produced, length) }, (_, i) => length - Math.min(produced, length) + 1 + i),
  );
}

describe('micro-batches', () => {
  it('hold every sequence once, in a shape that fits it, within the budget', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 60 }), fc.integer({ min: 64, max: 4096 }), (lengths, tokens) => {
        const sequences = lengths.map((length) => sequence(length));
        const batches = microBatches(sequences, tokens);
        expect(batches.flatMap(({ members }) => members).sort((a, b) => a - b)).toEqual(sequences.map((_, i) => i));
        for (const { shape, members } of batches) {
          expect(members.length).toBeGreaterThan(0);
          expect(members.length).toBeLessThanOrEqual(shape.batch);
          expect(members.every((i) => timeOf(sequences[i]!) <= shape.time)).toBe(true);
          expect(members.reduce((rows, i) => rows + sequences[i]!.positions.length, 0)).toBeLessThanOrEqual(shape.rows);
          expect(shape.batch === 1 || shape.batch * shape.time <= tokens).toBe(true);
        }
      }),
    );
  });

  it('waste little on padding', () => {
    // Lengths as an iteration of a talking game has them: 64 transcripts around 180 tokens.
    const varied = Array.from({ length: 64 }, (_, i) => sequence(150 + ((i * 37) % 61)));
    expect(paddingShare(varied, microBatches(varied, 2048))).toBeLessThan(0.15);
    const equal = Array.from({ length: 64 }, () => sequence(79));
    expect(paddingShare(equal, microBatches(equal, 2048))).toBeLessThan(0.08);
    const scattered = Array.from({ length: 64 }, (_, i) => sequence(20 + i * 7));
    expect(paddingShare(scattered, microBatches(scattered, 2048))).toBeLessThan(0.15);
  });

  it('come in few shapes, iteration after iteration', () => {
    const draw = random('shapes');
    const shapes = new Set<string>();
    let waste = 0;
    for (let iteration = 0; iteration < 100; iteration++) {
      // A talking game: ten rounds with messages of varying length, 40 or 64 transcripts.
      const sequences = Array.from({ length: iteration % 2 ? 64 : 40 }, () => {
        const said = Array.from({ length: 10 }, () => 1 + draw.integer(4)).reduce((a, b) => a + b);
        return sequence(150 + 2 * said, said + 20);
      });
      const batches = microBatches(sequences, 2048);
      for (const { shape } of batches) shapes.add(JSON.stringify(shape));
      waste = Math.max(waste, paddingShare(sequences, batches));
    }
    expect(shapes.size).toBeLessThanOrEqual(15);
    expect(waste).toBeLessThan(0.15);
  });

  it('leave out sequences in which nothing was produced', () => {
    expect(microBatches([sequence(5, 0)], 100)).toEqual([]);
  });

  it('use few sizes', () => {
    expect(roundUp(80, 16)).toBe(80);
    expect(roundUp(81, 16)).toBe(84);
    expect(roundUp(81, 2)).toBe(96);
    expect(roundUp(3, 16)).toBe(3);
    expect(new Set(Array.from({ length: 512 }, (_, i) => roundUp(i + 513, 16))).size).toBe(16);
  });
});
