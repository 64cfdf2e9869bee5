import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LossSettings, TrainSequence } from '../engine';
import { datumBatches, foldedAdvantages } from './datums';
import { lossOf, tokenScores } from './scores';
import type { Datum } from './wire';

const LOSS: LossSettings = { klCoefficient: 0, klOver: 'full', entropyCoefficient: 0, temperature: 1, ratioCap: 2 };

/** A transcript: prompt and produced tokens by turns. */
const sequence = fc
  .array(fc.record({ prompt: fc.integer({ min: 1, max: 9 }), produced: fc.integer({ min: 0, max: 5 }) }), { minLength: 1, maxLength: 4 })
  .map((turns): TrainSequence => {
    const positions: number[] = [];
    let length = 0;
    for (const { prompt, produced } of turns) {
      length += prompt;
      for (let i = 0; i < produced; i++) positions.push(length++);
    }
    return {
      tokens: Int32Array.from({ length }, (_, i) => (7 * i) % 50),
      positions: Int32Array.from(positions),
      credits: Float32Array.from(positions, (position) => Math.sin(position)),
      samplingLogProbs: Float32Array.from(positions, (position) => -Math.abs(Math.cos(position)) - 0.1),
      masks: positions.map(() => null),
      weights: Float32Array.from(positions, (position) => (position % 5 === 0 ? 0 : 1)),
    };
  });

const batch = fc.array(sequence, { minLength: 1, maxLength: 6 });
const normalisation = fc.constantFrom('sum' as const, 'mean-of-means' as const);

/** What a server makes of datums whose policy has not moved, literally: ρ is 1. */
function serverLoss(data: readonly Datum[], how: 'sum' | 'mean-of-means'): number {
  const sums = data.map(({ weights, advantages }) => weights.reduce((sum, weight, t) => sum - weight * advantages[t]!, 0));
  if (how === 'sum') return sums.reduce((a, b) => a + b, 0);
  const counts = data.map(({ weights }) =>
    Math.max(
      1,
      weights.reduce((a, b) => a + b, 0),
    ),
  );
  return sums.reduce((sum, each, d) => sum + each / counts[d]!, 0) / data.length;
}

describe('datumBatches', () => {
  it('makes any server’s loss the mean of −advantage over counted tokens', () => {
    fc.assert(
      fc.property(batch, normalisation, (sequences, how) => {
        const data = datumBatches(sequences, [], { normalisation: how, loss: LOSS, padding: 1, mostTokens: null }).flat();
        let sum = 0;
        let counted = 0;
        for (const { credits, weights } of sequences) {
          for (const [i, weight] of weights.entries()) {
            sum -= weight * credits[i]!;
            counted += weight;
          }
        }
        if (data.length === 0) return;
        expect(
          serverLoss(
            data.map(({ datum }) => datum),
            how,
          ),
        ).toBeCloseTo(counted === 0 ? 0 : sum / counted, 6);
      }),
    );
  });

  it('keeps every produced token in its place, pads by tokens that weigh nothing, and has one length a request', () => {
    fc.assert(
      fc.property(batch, normalisation, (sequences, how) => {
        const batches = datumBatches(sequences, [], { normalisation: how, loss: LOSS, padding: 1, mostTokens: null });
        for (const each of batches) expect(new Set(each.map(({ datum }) => datum.tokens.length)).size).toBe(1);
        const all = batches.flat();
        expect(all.map(({ sequence: s }) => s).sort((a, b) => a - b)).toEqual(
          [...sequences.keys()].filter((s) => sequences[s]!.positions.length > 0),
        );
        for (const { sequence: s, datum } of all) {
          const { tokens, positions, samplingLogProbs, weights } = sequences[s]!;
          for (const [i, position] of positions.entries()) {
            expect(datum.tokens[position - 1]).toBe(tokens[position - 1]);
            expect(datum.targets[position - 1]).toBe(tokens[position]);
            expect(datum.logProbs[position - 1]).toBe(samplingLogProbs[i]);
            expect(datum.weights[position - 1]).toBe(weights[i]);
          }
          expect(datum.weights.reduce((a, b) => a + b, 0)).toBe(weights.reduce((a, b) => a + b, 0));
          for (let t = 0; t + 1 < datum.tokens.length; t++) expect(datum.targets[t]).toBe(datum.tokens[t + 1]);
        }
      }),
    );
  });

  it('never pads beyond what the server reads', () => {
    const long: TrainSequence = {
      ...fc.sample(sequence, 1)[0]!,
      tokens: new Int32Array(131),
      positions: Int32Array.of(130),
      credits: Float32Array.of(1),
      samplingLogProbs: Float32Array.of(-1),
      masks: [null],
      weights: Float32Array.of(1),
    };
    const settings = { normalisation: 'sum', loss: LOSS, padding: 1 } as const;
    expect(datumBatches([long], [], { ...settings, mostTokens: null })[0]![0]!.datum.tokens).toHaveLength(144);
    expect(datumBatches([long], [], { ...settings, mostTokens: 140 })[0]![0]!.datum.tokens).toHaveLength(130);
  });
});

describe('foldedAdvantages', () => {
  it('have the loss’s own gradient with respect to log π, on policy', () => {
    const number = fc.double({ min: -3, max: -0.05, noNaN: true });
    const coefficient = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(number, number, fc.double({ min: -2, max: 2, noNaN: true }), coefficient, (logProb, reference, credit, klCoefficient) => {
        const one: TrainSequence = {
          tokens: Int32Array.of(1, 2),
          positions: Int32Array.of(1),
          credits: Float32Array.of(credit),
          samplingLogProbs: Float32Array.of(logProb),
          masks: [null],
          weights: Float32Array.of(1),
        };
        // ρ̄ has no gradient: it is held at 1 while log π moves.
        const lossAt = (now: number): number => {
          const d = Math.fround(reference) - now;
          return -Math.fround(credit) * now + klCoefficient * (Math.exp(d) - d - 1);
        };
        const at = Math.fround(logProb);
        const numeric = (lossAt(at + 1e-5) - lossAt(at - 1e-5)) / 2e-5;
        const settings = { klCoefficient, entropyCoefficient: 0 };
        expect(-foldedAdvantages(one, Float32Array.of(reference), settings)[0]!).toBeCloseTo(numeric, 4);
        const scores = tokenScores(one, Float32Array.of(logProb), Float32Array.of(reference));
        expect(lossOf([one], [scores], { ...LOSS, ...settings })).toBeCloseTo(lossAt(at), 4);
      }),
    );
  });

  it('have the entropy’s gradient in expectation', () => {
    // Two tokens whose logit moves by θ: log π(1) = −log(1 + e^−θ), log π(2) = −log(1 + e^θ).
    const theta = 0.7;
    const p = 1 / (1 + Math.exp(-theta));
    const entropyAt = (t: number): number => {
      const q = 1 / (1 + Math.exp(-t));
      return -q * Math.log(q) - (1 - q) * Math.log(1 - q);
    };
    const numeric = (entropyAt(theta + 1e-5) - entropyAt(theta - 1e-5)) / 2e-5;
    const advantage = (logProb: number): number =>
      foldedAdvantages(
        {
          tokens: Int32Array.of(1, 2),
          positions: Int32Array.of(1),
          credits: Float32Array.of(0),
          samplingLogProbs: Float32Array.of(logProb),
          masks: [null],
          weights: Float32Array.of(1),
        },
        undefined,
        { klCoefficient: 0, entropyCoefficient: 1 },
      )[0]!;
    // E[A · ∂ log π / ∂θ] over what is sampled.
    expect(p * advantage(Math.log(p)) * (1 - p) + (1 - p) * advantage(Math.log(1 - p)) * -p).toBeCloseTo(numeric, 5);
  });
});
