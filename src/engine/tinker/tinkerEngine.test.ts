import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { seededUniforms } from '../../../test/tinker/serverModel';
import { TrainingServer, type TrainingServerOptions } from '../../../test/tinker/trainingServer';
import type { Engine, LossSettings, Policy, Sample, TrainSequence } from '../engine';
import { type OnnxEngine, openOnnxEngine } from '../onnx/engine';
import { openChecked, readTensor } from '../onnx/model/safetensors';
import { TINY_OPTIMIZER, temporaryFolder, writeTinyModel } from '../onnx/tinyModel';
import type { Patience } from './http';
import { openTinkerEngine, type TinkerEngineOptions } from './openTinkerEngine';
import type { TinkerEngine } from './tinkerEngine';

// Models are loaded and trained, on a machine that may have much else to do.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 60_000 });

const ADAPTER = { kind: 'lora', rank: 4, alpha: 8, seed: 3 } as const;
const LOSS: LossSettings = { klCoefficient: 0, klOver: 'full', entropyCoefficient: 0, temperature: 1, ratioCap: 2 };
const OPTIMIZER = { ...TINY_OPTIMIZER, clipNorm: 1e9 };
/** Nobody waits in a test. */
const IMPATIENT: Partial<Patience> = { firstWait: 1, longestWait: 2, retries: 3 };

let folder: { path: string; remove(): Promise<void> };
let model: string;
let server: TrainingServer | undefined;
let engine: TinkerEngine | undefined;

beforeAll(async () => {
  folder = await temporaryFolder();
  model = join(folder.path, 'model');
  await mkdir(model);
  await writeTinyModel(model);
});
afterAll(() => folder.remove());
afterEach(async () => {
  await engine?.dispose();
  await server?.close();
  [engine, server] = [undefined, undefined];
});

async function start(options: Partial<TrainingServerOptions> = {}): Promise<TrainingServer> {
  server = await TrainingServer.start({ model, alpha: ADAPTER.alpha, ...options });
  return server;
}

async function open(of: TrainingServer, options: Partial<TinkerEngineOptions> = {}): Promise<TinkerEngine> {
  engine = await openTinkerEngine({
    baseUrl: of.url,
    baseModel: of.baseModel,
    tokenizer: model,
    normalisation: 'sum',
    signal: new AbortController().signal,
    version: 'test',
    patience: IMPATIENT,
    ...options,
  });
  return engine;
}

/** Two turns on each of five transcripts, drawn by the server's own streams. */
async function play(on: Engine, policy: Policy): Promise<{ sequences: TrainSequence[]; samples: Sample[] }> {
  const seeds = [0.1, 0.3, 0.5, 0.7, 0.9];
  const lanes = on.open(policy, seeds.length, 64);
  const transcripts = seeds.map(() => ({ tokens: [] as number[], positions: [] as number[], logProbs: [] as number[] }));
  const all: Sample[] = [];
  for (const turn of [0, 1]) {
    const reads = seeds.map((_, i) =>
      on.tokenizer.observe(i % 2 === 0 ? 'you play' : 'they say rock you', { first: turn === 0, kind: 'action' }),
    );
    const samples = await on.sample(
      lanes.map((lane, i) => {
        const first = (seeds[i]! + turn / 7) % 1;
        const draws = seededUniforms(Math.floor(first * 2 ** 31));
        // The remote engine draws its seed from the first uniform, the local one the tokens.
        const uniform = on.canConstrain === false ? (): number => first : draws;
        return { lane, read: reads[i]!, constraint: null, validAgainst: null, maxTokens: 2 + i, uniform };
      }),
      { temperature: 1, topP: 1, topK: 0 },
    );
    samples.forEach(({ tokens, logProbs }, i) => {
      const transcript = transcripts[i]!;
      transcript.tokens.push(...reads[i]!);
      tokens.forEach((token, j) => {
        transcript.positions.push(transcript.tokens.length);
        transcript.tokens.push(token);
        transcript.logProbs.push(logProbs[j]!);
      });
    });
    all.push(...samples);
  }
  on.close(lanes);
  const sequences = transcripts.map(
    ({ tokens, positions, logProbs }, s): TrainSequence => ({
      tokens: Int32Array.from(tokens),
      positions: Int32Array.from(positions),
      credits: Float32Array.from(positions, (_, i) => Math.sin(1 + i + 3 * s)),
      samplingLogProbs: Float32Array.from(logProbs),
      masks: positions.map(() => null),
      weights: Float32Array.from(positions, () => 1),
    }),
  );
  return { sequences, samples: all };
}

async function adapterOf(of: Engine, policy: Policy, name: string): Promise<Map<string, Float32Array>> {
  const saved = join(folder.path, name);
  await mkdir(saved);
  await of.savePolicy(policy, saved);
  const file = await openChecked(join(saved, 'adapter_model.safetensors'));
  return new Map([...file.entries.keys()].map((tensor) => [tensor, readTensor(file, tensor)]));
}

function furthest(a: ReadonlyMap<string, Float32Array>, b: ReadonlyMap<string, Float32Array>): number {
  expect([...a.keys()].sort()).toEqual([...b.keys()].sort());
  return Math.max(...[...a].flatMap(([name, values]) => Array.from(values, (value, i) => Math.abs(value - b.get(name)![i]!))));
}

describe.each(['sum', 'mean-of-means'] as const)('a step on a server that takes the %s', (normalisation) => {
  it.each([0, 0.3])('is the local engine’s, with c_KL %s', async (klCoefficient) => {
    const loss = { ...LOSS, klCoefficient };
    const remote = await open(await start({ normalisation, leadingNull: normalisation === 'sum' }), { normalisation });
    const local: OnnxEngine = await openOnnxEngine({ model, threads: 1, device: 'cpu' });
    try {
      const learners = [await remote.createLearner(ADAPTER, OPTIMIZER), await local.createLearner(ADAPTER, OPTIMIZER)] as const;
      // The second step starts away from the base model, so that the KL has a gradient.
      for (const step of [1, 2]) {
        const [there, here] = [await play(remote, learners[0]), await play(local, learners[1])];
        expect(there.samples.map(({ tokens }) => [...tokens])).toEqual(here.samples.map(({ tokens }) => [...tokens]));
        const [theirs, ours] = [await remote.train(there.sequences, loss), await local.train(here.sequences, loss)];
        expect(Math.abs(theirs.loss - ours.loss)).toBeLessThan(1e-4);
        for (const [s, scores] of theirs.tokens.entries()) {
          for (const [i, value] of scores.logProbs.entries()) expect(value).toBeCloseTo(ours.tokens[s]!.logProbs[i]!, 4);
          for (const [i, value] of scores.referenceLogProbs.entries()) expect(value).toBeCloseTo(ours.tokens[s]!.referenceLogProbs[i]!, 4);
        }
        expect(theirs.gradNorm / ours.gradNorm).toBeCloseTo(1, 3);
        expect(learners.map(({ steps }) => steps)).toEqual([step, step]);
      }
      const name = `${normalisation}-${klCoefficient}`;
      const far = furthest(
        await adapterOf(server!.model.engine, server!.model.policy, `${name}-there`),
        await adapterOf(local, learners[1], `${name}-here`),
      );
      expect(far).toBeLessThan(1e-4);
    } finally {
      await local.dispose();
    }
  });
});

it('goes elsewhere where the server normalises another way than the settings say', async () => {
  const remote = await open(await start({ normalisation: 'mean-of-means' }), { normalisation: 'sum' });
  const local: OnnxEngine = await openOnnxEngine({ model, threads: 1, device: 'cpu' });
  try {
    const learners = [await remote.createLearner(ADAPTER, OPTIMIZER), await local.createLearner(ADAPTER, OPTIMIZER)] as const;
    await remote.train((await play(remote, learners[0])).sequences, LOSS);
    await local.train((await play(local, learners[1])).sequences, LOSS);
    const there = await adapterOf(server!.model.engine, server!.model.policy, 'wrong-there');
    expect(furthest(there, await adapterOf(local, learners[1], 'wrong-here'))).toBeGreaterThan(1e-3);
  } finally {
    await local.dispose();
  }
});
