import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CROSS_ENTROPY, crossEntropySequence } from '../crossEntropy';
import type { AdapterSettings, Lane, Learner, LossSettings, Policy, Sample, TrainSequence } from '../engine';
import { type OnnxEngine, type OnnxEngineOptions, openOnnxEngine } from './engine';
import { openSafetensors } from './model/safetensors';
import { openTranscripts, playTurn, TINY_OPTIMIZER, type Transcript, temporaryFolder, trainSequence, writeTinyModel } from './tinyModel';

const LOSS: LossSettings = { klCoefficient: 0.1, klOver: 'full', entropyCoefficient: 0.05, temperature: 1, ratioCap: 2 };
const LORA = { kind: 'lora', rank: 4, alpha: 8, seed: 5 } as const;
const SOME: AdapterSettings = { ...LORA, targets: ['v_proj', 'down_proj'] };
const FULL: AdapterSettings = { kind: 'full' };
const CHOICE = { kind: 'choice', choices: ['A', 'B', 'rock paper'] } as const;
const MESSAGE = { kind: 'message', maxTokens: 3 } as const;

let root: { path: string; remove: () => Promise<void> };
let model: string;
const opened: OnnxEngine[] = [];

beforeAll(async () => {
  root = await temporaryFolder();
  model = join(root.path, 'model');
  await writeTinyModel(model);
});

afterAll(async () => {
  for (const engine of opened) await engine.dispose();
  await root.remove();
});

async function open(options: Partial<OnnxEngineOptions> = {}): Promise<OnnxEngine> {
  const engine = await openOnnxEngine({ model, threads: 1, device: 'cpu', spinning: false, ...options });
  opened.push(engine);
  return engine;
}

/** Three rounds on six transcripts: choices, messages and free turns, so that lengths differ. */
async function play(engine: OnnxEngine, policy: Policy, key = '', temperature = 1): Promise<Transcript[]> {
  const { tokenizer } = engine;
  const transcripts = openTranscripts(engine, policy, 6);
  for (let round = 0; round < 3; round++) {
    const turns = transcripts.map((transcript, i) => ({
      transcript,
      name: `${key}${i}`,
      read: tokenizer.observe(i % 2 === 0 ? `r${round} play` : `r${round} you A they B play`, { first: round === 0, kind: 'action' }),
      constraint: i % 3 === 0 ? tokenizer.constrain(CHOICE) : i % 3 === 1 ? tokenizer.constrain(MESSAGE) : null,
    }));
    await playTurn(engine, turns, temperature);
  }
  engine.close(transcripts.map(({ lane }) => lane));
  return transcripts;
}

/** A learner that has moved away from the base model. */
async function trained(engine: OnnxEngine, adapter: AdapterSettings, steps = 2): Promise<Learner> {
  const learner = await engine.createLearner(adapter, TINY_OPTIMIZER);
  for (let step = 0; step < steps; step++) {
    const transcripts = await play(engine, learner, `step ${step} `);
    await engine.train(
      transcripts.map((transcript) => trainSequence(transcript, step)),
      LOSS,
    );
  }
  return learner;
}

function nameOf(adapter: AdapterSettings): string {
  return adapter.kind === 'full' ? 'full' : `lora ${adapter.targets?.join(' ') ?? 'everywhere'}`;
}

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!));
  return largest;
}

describe('sampling', () => {
  for (const adapter of [FULL, LORA, SOME]) {
    it(`and training see the same log-probabilities (${nameOf(adapter)})`, async () => {
      const engine = await open();
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
    const engine = await open();
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
    const engine = await open();
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
    const engine = await open();
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
    const engine = await open();
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
    const engine = await open();
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
    const engine = await open();
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

describe('training', () => {
  it('in micro-batches gives the gradient of one batch', async () => {
    for (const adapter of [FULL, LORA]) {
      const [one, many] = [await open({ tokensARun: 4096 }), await open({ tokensARun: 48 })];
      const sequences = (await play(one, await trained(one, adapter))).map((transcript) => trainSequence(transcript));
      await trained(many, adapter);
      const whole = await one.gradients(sequences, LOSS);
      const parts = await many.gradients(sequences, LOSS);
      expect(parts.loss).toBeCloseTo(whole.loss, 5);
      const scale = Math.max(...[...whole.gradients.values()].flatMap((gradient) => [...gradient].map(Math.abs)));
      // The learners were trained in other batches too, so that they differ in the last bits.
      for (const [name, gradient] of whole.gradients)
        expect(largestDifference(parts.gradients.get(name)!, gradient)).toBeLessThan(2e-3 * scale);
    }
  });

  it('counts transcripts that are alike as often as they come', async () => {
    const engine = await open();
    const played = (await play(engine, await trained(engine, FULL))).map((transcript) => trainSequence(transcript));
    const [first, second] = played as [TrainSequence, TrainSequence];
    const again = {
      ...first,
      credits: first.credits.map((credit) => 1 - 3 * credit),
      weights: first.weights.map((weight, i) => (i > 0 ? weight : 0)),
    };
    const together = await engine.gradients([first, second, again], LOSS);
    const counted = (sequence: TrainSequence): number => sequence.weights.reduce((sum, weight) => sum + weight, 0);
    const total = counted(first) + counted(second) + counted(again);
    let loss = 0;
    const gradient = new Map<string, Float32Array>();
    for (const sequence of [first, second, again]) {
      const alone = await engine.gradients([sequence], LOSS);
      loss += (alone.loss * counted(sequence)) / total;
      for (const [name, values] of alone.gradients) {
        const sum = gradient.get(name) ?? new Float32Array(values.length);
        gradient.set(
          name,
          sum.map((value, i) => value + (values[i]! * counted(sequence)) / total),
        );
      }
    }
    expect(together.loss).toBeCloseTo(loss, 5);
    for (const [name, values] of gradient) expect(largestDifference(together.gradients.get(name)!, values)).toBeLessThan(1e-5);
    expect(together.tokens[2]).toBe(together.tokens[0]);
  });

  it('starts a LoRA learner as the base model', async () => {
    const engine = await open();
    const learner = await engine.createLearner(LORA, TINY_OPTIMIZER);
    const [result] = [
      await engine.train(
        (await play(engine, learner)).map((transcript) => trainSequence(transcript)),
        LOSS,
      ),
    ];
    for (const { logProbs, referenceLogProbs, ratios, entropies } of result.tokens) {
      expect(ratios.every((ratio) => Math.abs(ratio - 1) < 1e-4)).toBe(true);
      expect(entropies.every((entropy) => entropy > 0)).toBe(true);
      expect(logProbs.length).toBe(referenceLogProbs.length);
    }
    expect(learner.steps).toBe(1);
  });

  it('learns to imitate by cross-entropy', async () => {
    const engine = await open();
    await engine.createLearner(FULL, { ...TINY_OPTIMIZER, learningRate: 1e-2 });
    const tokens = Int32Array.from([
      ...engine.tokenizer.observe('r1 you A they B play', { first: true, kind: 'action' }),
      ...engine.tokenizer.observe('B', { first: true, kind: 'action' }),
    ]);
    const sequence = crossEntropySequence(
      tokens,
      Int32Array.from({ length: tokens.length - 1 }, (_, i) => i + 1),
    );
    const losses: number[] = [];
    for (let step = 0; step < 60; step++) losses.push((await engine.train([sequence], CROSS_ENTROPY)).loss);
    expect(losses[0]).toBeGreaterThan(2);
    expect(losses.at(-1)).toBeLessThan(0.1);
  });

  it('refuses sequences that do not add up', async () => {
    const engine = await open();
    await engine.createLearner(FULL, TINY_OPTIMIZER);
    const sequence = crossEntropySequence(Int32Array.of(2, 3, 4), Int32Array.of(1, 2));
    await expect(engine.train([{ ...sequence, credits: new Float32Array(1) }], CROSS_ENTROPY)).rejects.toThrow(
      'sequence 0: 1 credits for 2 produced tokens',
    );
    await expect(engine.train([{ ...sequence, positions: Int32Array.of(0, 2) }], CROSS_ENTROPY)).rejects.toThrow(
      'positions must ascend from 1',
    );
    await expect(engine.train([{ ...sequence, tokens: Int32Array.of(2, 3, 999) }], CROSS_ENTROPY)).rejects.toThrow(
      'token 999 of a vocabulary of 20',
    );
  });
});

describe('checkpoints', () => {
  async function save(engine: OnnxEngine, learner: Policy, name: string): Promise<string> {
    const folder = join(root.path, name);
    await mkdir(folder);
    await engine.savePolicy(learner, folder);
    await engine.saveOptimizer(folder);
    return folder;
  }

  async function fingerprint(engine: OnnxEngine, learner: Policy): Promise<string> {
    const transcripts = await play(engine, learner, 'print');
    const sequences = transcripts.map((transcript) => trainSequence(transcript));
    const result = await engine.train(sequences, LOSS);
    const again = await play(engine, learner, 'again');
    const bits = (numbers: readonly number[]): string => Buffer.from(Float32Array.from(numbers).buffer).toString('hex');
    return [
      bits([result.loss, result.gradNorm]),
      ...[...transcripts, ...again].map(({ tokens, logProbs }) => `${tokens} ${bits(logProbs)}`),
    ].join('\n');
  }

  for (const adapter of [FULL, LORA, SOME]) {
    it(`restore a learner bit for bit (${nameOf(adapter)}), as training repeats bit for bit`, async () => {
      const [one, two, three] = [await open(), await open(), await open()];
      const learner = await trained(one, adapter);
      const folder = await save(one, learner, `exact ${nameOf(adapter)}`);
      const uninterrupted = await fingerprint(one, learner);
      const restored = await two.restoreLearner(folder, adapter, TINY_OPTIMIZER);
      expect(restored.steps).toBe(2);
      expect(await fingerprint(two, restored)).toBe(uninterrupted);
      expect(await fingerprint(three, await trained(three, adapter))).toBe(uninterrupted);
    });
  }

  it('hold the chosen linear layers and no others, and a run that trains others does not go on from them', async () => {
    const engine = await open();
    const learner = await trained(engine, SOME);
    const folder = await save(engine, learner, 'some layers');
    expect(learner.parameters).toBe(2 * 4 * (16 + 16 + 24 + 16));
    expect(JSON.parse(await readFile(join(folder, 'adapter_config.json'), 'utf8')).target_modules).toEqual(['v_proj', 'down_proj']);
    const { entries } = await openSafetensors(join(folder, 'adapter_model.safetensors'));
    expect([...entries.keys()].map((name) => /\w+_proj/.exec(name)![0])).toEqual(
      [0, 1].flatMap(() => ['v_proj', 'v_proj', 'down_proj', 'down_proj']),
    );
    const loaded = await engine.loadPolicy(folder, 'loaded');
    const text = (transcripts: Transcript[]): string => JSON.stringify(transcripts.map(({ tokens, logProbs }) => [tokens, logProbs]));
    expect(text(await play(engine, loaded, 's'))).toBe(text(await play(engine, learner, 's')));
    await expect(engine.restoreLearner(folder, LORA, TINY_OPTIMIZER)).rejects.toThrow(
      'holds LoRA of rank 4, alpha 8 on v_proj, down_proj, but the run trains LoRA of rank 4, alpha 8 on all linear layers',
    );
    await expect(engine.createLearner({ ...LORA, targets: [] }, TINY_OPTIMIZER)).rejects.toThrow('at least one linear layer');
  });

  it('load as policies that speak as they did, snapshots stay as they were', async () => {
    const engine = await open();
    const learner = await trained(engine, LORA);
    const snapshot = await engine.snapshot(learner, 'then');
    const folder = join(root.path, 'policy');
    await mkdir(folder);
    await engine.savePolicy(learner, folder);
    const loaded = await engine.loadPolicy(folder, 'loaded');
    const before = await play(engine, learner, 's');
    await engine.train(
      before.map((transcript) => trainSequence(transcript)),
      LOSS,
    );
    const text = (transcripts: Transcript[]): string => JSON.stringify(transcripts.map(({ tokens, logProbs }) => [tokens, logProbs]));
    expect(text(await play(engine, snapshot, 's'))).toBe(text(before));
    expect(text(await play(engine, loaded, 's'))).toBe(text(before));
    expect(text(await play(engine, learner, 's'))).not.toBe(text(before));
    engine.release(snapshot);
    expect(() => engine.open(snapshot, 1, 8)).toThrow('policy then was released');
    expect(() => engine.release(learner)).toThrow('learner is not a snapshot');
    const header = (await readFile(join(folder, 'adapter_model.safetensors'))).subarray(8).toString('latin1');
    expect(header).toContain('base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight');
    expect(JSON.parse(await readFile(join(folder, 'adapter_config.json'), 'utf8'))).toMatchObject({
      peft_type: 'LORA',
      r: 4,
      lora_alpha: 8,
    });
  });

  it('are refused when changed, cut, foreign or of other settings, naming the file', async () => {
    const engine = await open();
    const learner = await trained(engine, LORA, 1);
    const folder = await save(engine, learner, 'broken');
    const path = join(folder, 'adapter_model.safetensors');
    const bytes = await readFile(path);
    const changed = Buffer.from(bytes);
    changed[bytes.length - 5]! ^= 1;
    await writeFile(path, changed);
    await expect(engine.loadPolicy(folder, 'x')).rejects.toThrow(`${path} is corrupt`);
    await writeFile(path, bytes.subarray(0, bytes.length - 100));
    await expect(engine.loadPolicy(folder, 'x')).rejects.toThrow(`${path} is not a whole safetensors file`);
    await writeFile(path, bytes);
    await expect(engine.restoreLearner(folder, { ...LORA, rank: 8 }, TINY_OPTIMIZER)).rejects.toThrow(
      'holds LoRA of rank 4, alpha 8 on all linear layers, but the run trains LoRA of rank 8',
    );
    await expect(engine.restoreLearner(folder, FULL, TINY_OPTIMIZER)).rejects.toThrow('but the run trains all weights');
    const other = join(root.path, 'other model');
    await writeTinyModel(other, { seed: 2 });
    const stranger = await open({ model: other });
    await expect(stranger.loadPolicy(folder, 'x')).rejects.toThrow('trained from another base model');
    await expect(engine.loadPolicy(root.path, 'x')).rejects.toThrow(`${root.path} holds no policy`);
  });
});

describe('a model folder', () => {
  it('is refused by name when something is missing', async () => {
    const folder = join(root.path, 'incomplete');
    await writeTinyModel(folder, { layers: 1 });
    const config = JSON.parse(await readFile(join(folder, 'config.json'), 'utf8'));
    const write = (changes: object): Promise<void> => writeFile(join(folder, 'config.json'), JSON.stringify({ ...config, ...changes }));
    await write({ num_hidden_layers: 2 });
    await expect(open({ model: folder })).rejects.toThrow('tensor model.layers.1.input_layernorm.weight is missing');
    await write({ intermediate_size: 32 });
    await expect(open({ model: folder })).rejects.toThrow(
      'tensor model.layers.0.mlp.gate_proj.weight is [24,16], config.json makes it [32,16]',
    );
    await write({ architectures: ['MambaForCausalLM'] });
    await expect(open({ model: folder })).rejects.toThrow('architecture MambaForCausalLM is not supported');
    await write({ vocab_size: 'many' });
    await expect(open({ model: folder })).rejects.toThrow('vocab_size must be a whole number above 0, not "many"');
    await expect(open({ model: join(root.path, 'nowhere') })).rejects.toThrow('config.json is missing');
  });
});
