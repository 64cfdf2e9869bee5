import { describe, expect, it } from 'vitest';
import {
  CHOICE,
  FULL,
  LORA,
  LOSS,
  largestDifference,
  MESSAGE,
  nameOf,
  play,
  SOME,
  trained,
  useTinyEngines,
} from '../../../test/engine/tinyEngine';
import { crossEntropySequence } from '../crossEntropy';
import type { Lane, Sample } from '../engine';
import { openTranscripts, playTurn, type Transcript, trainSequence } from './tinyModel';

const tiny = useTinyEngines();

describe('sampling', () => {
  for (const adapter of [FULL, LORA, SOME]) {
    it(`and training see the same log-probabilities (${nameOf(adapter)})`, async () => {
      const engine = await tiny.open();
      const learner = await trained(engine, adapter);
      for (const temperature of [1, 0.7]) {
        const transcripts = await play(engine, learner, 'agree', temperature);
        const sequences = transcripts.map((transcript) => trainSequence(transcript));
        const scores = await engine.score(learner, sequences, { ...LOSS, temperature });
        for (const [i, { logProbs }] of scores.entries()) expect(largestDifference(logProbs, transcripts[i]!.logProbs)).toBeLessThan(1e-5);
        const result = await engine.train(sequences, { ...LOSS, temperature });
        for (const [i, { logProbs }] of result.tokens.entries())
          expect(largestDifference(logProbs, transcripts[i]!.logProbs)).toBeLessThan(1e-5);
      }
    });
  }

  it('gives a lane the same turn alone, in a batch, and in any company', async () => {
    const engine = await tiny.open();
    const learner = await trained(engine, FULL);
    const { tokenizer } = engine;
    const turn = (transcript: Transcript, i: number, round: number) => ({
      transcript,
      name: `lane ${i}`,
      read: tokenizer.observe(i < 2 ? `r${round} play` : `r${round} you A they rock play`, { first: round === 0, kind: 'message' }),
      constraint: tokenizer.constrain(MESSAGE),
    });
    const [together, alone, first, second] = [4, 4, 2, 2].map((count) => openTranscripts(engine, learner, count));
    const mixed = [...first!, ...second!];
    for (let round = 0; round < 3; round++) {
      await playTurn(
        engine,
        together!.map((transcript, i) => turn(transcript, i, round)),
      );
      for (const [i, transcript] of alone!.entries()) await playTurn(engine, [turn(transcript, i, round)]);
      // Lanes of two blocks in another order.
      await playTurn(
        engine,
        [2, 0, 3, 1].map((i) => turn(mixed[i]!, i, round)),
      );
    }
    for (const other of [alone!, mixed]) {
      for (const [i, transcript] of together!.entries()) {
        expect(other[i]!.tokens).toEqual(transcript.tokens);
        expect(largestDifference(other[i]!.logProbs, transcript.logProbs)).toBeLessThan(1e-5);
        expect(other[i]!.lane.length).toBe(transcript.tokens.length);
      }
    }
  });

  it('keeps to its constraints, and reports valid mass and entropy of the unmasked policy', async () => {
    const engine = await tiny.open();
    const { tokenizer } = engine;
    const texts = ['A', 'B', 'rock paper'];
    const read = tokenizer.observe('r1 play', { first: true, kind: 'action' });
    const { start } = tokenizer.constrain(CHOICE);
    const sequence = (token: number) => ({
      ...crossEntropySequence(Int32Array.from([...read, token]), Int32Array.of(read.length)),
      masks: [start.mask],
    });
    const scores = await engine.score(engine.base, [...start.mask.allowed].map(sequence), LOSS);
    const probabilities = scores.map(({ logProbs }) => Math.exp(logProbs[0]!));
    expect(probabilities.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 5);

    // Evenly spread uniforms draw every choice as often as its probability says.
    const draws = 200;
    const lanes = engine.open(engine.base, draws, 16);
    const samples = await engine.sample(
      lanes.map((lane, i) => ({
        lane,
        read,
        constraint: tokenizer.constrain(CHOICE),
        validAgainst: null,
        maxTokens: 8,
        uniform: () => (i + 0.5) / draws,
      })),
      { temperature: 1, topP: 1, topK: 0 },
    );
    const said = samples.map(({ tokens }) => tokenizer.decode([...tokens]));
    expect(texts).toEqual(expect.arrayContaining([...new Set(said)]));
    for (const [i, text] of texts.entries()) {
      const count = said.filter((each) => each === text).length;
      expect(Math.abs(count - draws * probabilities[i]!)).toBeLessThanOrEqual(1);
    }
    for (const sample of samples) {
      expect(sample.tokens.at(-1)).toBe(tokenizer.stopToken);
      expect(sample.logProbs.at(-1)).toBe(0);
      for (const mass of sample.validMass) expect(mass).toBeGreaterThan(0);
      for (const mass of sample.validMass) expect(mass).toBeLessThan(1);
      for (const entropy of sample.entropy) expect(entropy).toBeLessThanOrEqual(Math.log(tokenizer.vocabularySize) + 1e-5);
    }
    // Uniforms on either side of a boundary of the cumulated distribution choose neighbouring tokens.
    const pA = probabilities[0]!;
    const drawn = async (u: number): Promise<string> => {
      const [fresh] = engine.open(engine.base, 1, 16);
      const [sample] = await engine.sample(
        [{ lane: fresh!, read, constraint: tokenizer.constrain(CHOICE), validAgainst: null, maxTokens: 4, uniform: () => u }],
        { temperature: 1, topP: 1, topK: 0 },
      );
      return tokenizer.decode([...sample!.tokens]);
    };
    expect(await drawn(pA - 1e-4)).toBe('A');
    expect(await drawn(pA + 1e-4)).toBe('B');
    expect(await drawn(1 - 2 ** -24)).toBe('rock paper');
  });

  it('reads without sampling as if it had been told later', async () => {
    const engine = await tiny.open();
    const { tokenizer } = engine;
    const [a, b] = openTranscripts(engine, engine.base, 2);
    const [head, tail] = [
      tokenizer.observe('r1 you A', { first: true, kind: 'message' }),
      tokenizer.observe('they B play', { first: false, kind: 'message' }),
    ];
    await engine.read([{ lane: a!.lane, tokens: head }]);
    expect(a!.lane.length).toBe(head.length);
    const constraint = tokenizer.constrain(MESSAGE);
    const [later] = await playTurn(engine, [{ transcript: a!, name: 'x', read: tail, constraint }]);
    const [whole] = await playTurn(engine, [{ transcript: b!, name: 'x', read: [...head, ...tail], constraint }]);
    expect(later!.tokens).toEqual(whole!.tokens);
    expect(largestDifference(later!.logProbs, whole!.logProbs)).toBeLessThan(1e-5);
  });

  it('rewound says what it would have said without the turns it forgets', async () => {
    const engine = await tiny.open();
    const { tokenizer, base } = engine;
    const [direct, rewound] = [engine.open(base, 2, 60), engine.open(base, 2, 60)];
    const read = tokenizer.observe('play', { first: true, kind: 'action' });
    const turn = (lanes: Lane[], round: number): Promise<Sample[]> =>
      engine.sample(
        lanes.map((lane, i) => ({
          lane,
          read,
          constraint: null,
          validAgainst: null,
          maxTokens: 4,
          uniform: (n) => ((7 * n + 3 * round + 5 * i) % 11) / 11 + 0.01,
        })),
        { temperature: 1, topP: 1, topK: 0 },
      );
    for (const lanes of [direct, rewound]) await turn(lanes, 1);
    const length = rewound[1]!.length;
    await turn([rewound[1]!], 5);
    engine.rewind([{ lane: rewound[1]!, length }]);
    expect(rewound[1]!.length).toBe(length);
    const [expected, found] = [await turn(direct, 2), await turn(rewound, 2)];
    expect(found.map(({ tokens }) => [...tokens])).toEqual(expected.map(({ tokens }) => [...tokens]));
    for (const i of [0, 1]) expect(largestDifference(found[i]!.logProbs, expected[i]!.logProbs)).toBeLessThan(1e-5);
    expect(() => engine.rewind([{ lane: rewound[0]!, length: 1000 }])).toThrow('cannot rewind a lane of');
    engine.close([...direct, ...rewound]);
  });

  it('cuts off unlikely tokens as a slow twin does', async () => {
    const engine = await tiny.open();
    const { tokenizer } = engine;
    const read = tokenizer.observe('r1 they B play', { first: true, kind: 'message' });
    const size = tokenizer.vocabularySize;
    const every = Array.from({ length: size }, (_, token) =>
      crossEntropySequence(Int32Array.from([...read, token]), Int32Array.of(read.length)),
    );
    const probabilities = (await engine.score(engine.base, every, LOSS)).map(({ logProbs }) => Math.exp(logProbs[0]!));
    for (const [topP, topK] of [
      [1, 1],
      [1, 4],
      [0.5, 0],
      [0.6, 5],
      [1e-6, 0],
    ] as const) {
      const order = probabilities.map((p, token) => ({ p, token })).sort((a, b) => b.p - a.p);
      const most = order.slice(0, topK || size);
      const mass = most.reduce((sum, { p }) => sum + p, 0);
      let before = 0;
      const kept = most.filter(({ p }) => {
        const keep = before < topP * mass;
        before += p;
        return keep;
      });
      const total = kept.reduce((sum, { p }) => sum + p, 0);
      const lanes = engine.open(engine.base, 50, 16);
      const samples = await engine.sample(
        lanes.map((lane, i) => ({ lane, read, constraint: null, validAgainst: null, maxTokens: 1, uniform: () => (i + 0.5) / 50 })),
        { temperature: 1, topP, topK },
      );
      for (const { tokens, logProbs } of samples) {
        const found = kept.find(({ token }) => token === tokens[0]);
        expect(found, `token ${tokens[0]} under topP ${topP}, topK ${topK}`).toBeDefined();
        expect(logProbs[0]).toBeCloseTo(Math.log(found!.p / total), 4);
      }
      for (const { token, p } of kept) if (p / total > 1 / 40) expect(samples.some(({ tokens }) => tokens[0] === token)).toBe(true);
      engine.close(lanes);
    }
  });

  it('refuses what makes no sense, in one line', async () => {
    const engine = await tiny.open();
    const [lane] = engine.open(engine.base, 1, 16);
    const request = { lane: lane!, read: [], constraint: null, validAgainst: null, maxTokens: 1, uniform: () => 0.5 };
    const settings = { temperature: 1, topP: 1, topK: 0 };
    await expect(engine.sample([request], settings)).rejects.toThrow('nothing to read');
    await expect(engine.sample([request], { ...settings, temperature: 0 })).rejects.toThrow('temperature must be above 0');
    await expect(engine.sample([request], { ...settings, topP: 0 })).rejects.toThrow('topP must be above 0 and at most 1');
    await expect(engine.sample([request], { ...settings, topK: -1 })).rejects.toThrow('topK must be a whole number');
    engine.close([lane!]);
    await expect(engine.sample([request], settings)).rejects.toThrow('closed lane');
    expect(() => engine.open(engine.base, 1, 1000)).toThrow("longer than the model's 128 positions");
  });
});
