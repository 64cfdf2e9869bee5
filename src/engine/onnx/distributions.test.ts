import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DistributionRequest, LossSettings, Sample } from '../engine';
import { type OnnxEngine, openOnnxEngine } from './engine';
import { openTranscripts, playTurn, TINY_OPTIMIZER, temporaryFolder, trainSequence, writeTinyModel } from './tinyModel';

const LOSS: LossSettings = { klCoefficient: 0, klOver: 'full', entropyCoefficient: 0, temperature: 1, ratioCap: 2 };
const TEMPERATURE = 0.7;

/** A produced token: where it stands, and what the sampler said of it. */
interface Produced extends DistributionRequest {
  readonly token: number;
  readonly logProb: number;
  readonly validMass: number;
  readonly entropy: number;
}

describe('next-token distributions', () => {
  let root: { path: string; remove: () => Promise<void> };
  let engine: OnnxEngine;
  beforeAll(async () => {
    root = await temporaryFolder();
    await writeTinyModel(join(root.path, 'model'));
    engine = await openOnnxEngine({ model: join(root.path, 'model'), threads: 1, device: 'cpu', spinning: false });
  });
  afterAll(async () => {
    await engine.dispose();
    await root.remove();
  });

  /** Two rounds of three transcripts under a learner that has moved: a choice, a message and free talk. */
  async function played() {
    const learner = await engine.createLearner({ kind: 'lora', rank: 4, alpha: 8, seed: 5 }, TINY_OPTIMIZER);
    const { tokenizer } = engine;
    const constraints = [
      tokenizer.constrain({ kind: 'choice', choices: ['A', 'B', 'rock paper'] }),
      tokenizer.constrain({ kind: 'message', maxTokens: 3 }),
      null,
    ];
    const play = async (key: string, use: (samples: readonly Sample[], prefixes: readonly (readonly number[])[]) => void) => {
      const transcripts = openTranscripts(engine, learner, constraints.length);
      for (let round = 0; round < 2; round++) {
        const read = tokenizer.observe(`r${round} you A they B play`, { first: round === 0, kind: 'action' });
        const prefixes = transcripts.map(({ tokens }) => [...tokens, ...read]);
        const turns = transcripts.map((transcript, i) => ({ transcript, name: `${key}${i}`, read, constraint: constraints[i]! }));
        use(await playTurn(engine, turns, TEMPERATURE), prefixes);
      }
      engine.close(transcripts.map(({ lane }) => lane));
      return transcripts;
    };
    const first = await play('train', () => undefined);
    for (let step = 0; step < 3; step++)
      await engine.train(
        first.map((transcript) => trainSequence(transcript, step)),
        LOSS,
      );
    const produced: Produced[] = [];
    await play('ask', (samples, prefixes) => {
      for (const [i, { tokens, logProbs, validMass, entropy, masks }] of samples.entries()) {
        for (const [j, token] of tokens.entries()) {
          const before = [...prefixes[i]!, ...tokens.slice(0, j)];
          produced.push({ tokens: before, mask: masks[j]!, token, logProb: logProbs[j]!, validMass: validMass[j]!, entropy: entropy[j]! });
        }
      }
    });
    return { learner, produced };
  }

  it('are what the sampler drew from, to 1e-5', async () => {
    const { learner, produced } = await played();
    expect(produced.length).toBeGreaterThan(12);
    expect(produced.some(({ mask }) => mask === null)).toBe(true);
    const found = await engine.distributions(learner, produced, TEMPERATURE);
    for (const [i, { logProbs, masked }] of found.entries()) {
      const { token, mask, logProb, validMass, entropy } = produced[i]!;
      const full = [...logProbs].map(Math.exp);
      expect(full.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);
      expect(Math.abs((masked ?? logProbs)[token]! - logProb)).toBeLessThan(1e-5);
      expect(Math.abs(full.reduce((sum, p, v) => sum - p * logProbs[v]!, 0) - entropy)).toBeLessThan(1e-5);
      if (mask === null || masked === null) continue;
      expect(Math.abs(mask.allowed.reduce((sum, v) => sum + full[v]!, 0) - validMass)).toBeLessThan(1e-5);
      expect([...masked].reduce((sum, l) => sum + Math.exp(l), 0)).toBeCloseTo(1, 5);
      expect([...masked].flatMap((l, v) => (l > Number.NEGATIVE_INFINITY ? [v] : []))).toEqual([...mask.allowed]);
    }
    // One alone, at another padded length, says the same.
    const [alone] = await engine.distributions(learner, [produced[0]!], TEMPERATURE);
    for (const [v, l] of alone!.logProbs.entries()) expect(Math.abs(l - found[0]!.logProbs[v]!)).toBeLessThan(1e-5);
    // The base model says something else.
    const [base] = await engine.distributions(engine.base, [produced[0]!], TEMPERATURE);
    expect([...base!.logProbs].some((l, v) => Math.abs(l - found[0]!.logProbs[v]!) > 1e-3)).toBe(true);
  });

  it('are refused where there is nothing to predict from', async () => {
    const ask = (tokens: readonly number[]) => engine.distributions(engine.base, [{ tokens, mask: null }], 1);
    await expect(ask([])).rejects.toThrow('at least one token');
    await expect(ask([9999])).rejects.toThrow('token 9999 of a vocabulary');
    await expect(ask(new Array<number>(200).fill(1))).rejects.toThrow("more than the model's 128 positions");
    expect(await engine.distributions(engine.base, [], 1)).toEqual([]);
  });
});
