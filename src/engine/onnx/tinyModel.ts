import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { random } from '../../domain/random';
import type { Engine, Lane, OptimizerSettings, Policy, Sample, SampleRequest, TokenConstraint, TrainSequence } from '../engine';
import { type FreshModel, writeFreshModel } from './model/initialise';

/** Words of the tiny model that tests train. */
export const TINY_WORDS = ['A', 'B', 'you', 'they', 'play', 'say', 'rock', 'paper', ...Array.from({ length: 10 }, (_, i) => `r${i}`)];

/** A folder for one test file, and the function that removes it. */
export async function temporaryFolder(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'parley-engine-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Writes a model of a few thousand weights. */
export async function writeTinyModel(folder: string, changes: Partial<FreshModel> = {}): Promise<void> {
  await writeFreshModel(folder, {
    hiddenSize: 16,
    layers: 2,
    heads: 2,
    intermediateSize: 24,
    maxPositions: 128,
    words: TINY_WORDS,
    seed: 1,
    ...changes,
  });
}

export const TINY_OPTIMIZER: OptimizerSettings = {
  learningRate: 1e-2,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0,
  clipNorm: 1,
};

/** A transcript under way in a test: everything read and produced. */
export interface Transcript {
  readonly lane: Lane;
  readonly tokens: number[];
  readonly positions: number[];
  readonly logProbs: number[];
  readonly masks: Sample['masks'][number][];
}

export function openTranscripts(engine: Engine, policy: Policy, count: number): Transcript[] {
  return engine.open(policy, count, 64).map((lane) => ({ lane, tokens: [], positions: [], logProbs: [], masks: [] }));
}

/** One turn on each transcript; uniforms are keyed by `key` and the transcript's own name. */
export async function playTurn(
  engine: Engine,
  turns: readonly { transcript: Transcript; name: string; read: readonly number[]; constraint: TokenConstraint | null }[],
  temperature = 1,
): Promise<Sample[]> {
  const requests = turns.map(({ transcript, name, read, constraint }): SampleRequest => {
    const draw = random('turn', name, transcript.tokens.length);
    const uniforms = Array.from({ length: 8 }, () => draw.uniform());
    return { lane: transcript.lane, read, constraint, validAgainst: null, maxTokens: 8, uniform: (n) => uniforms[n]! };
  });
  const samples = await engine.sample(requests, { temperature, topP: 1, topK: 0 });
  for (const [i, { transcript, read }] of turns.entries()) {
    const sample = samples[i]!;
    transcript.tokens.push(...read);
    for (const [j, token] of sample.tokens.entries()) {
      transcript.positions.push(transcript.tokens.length);
      transcript.tokens.push(token);
      transcript.logProbs.push(sample.logProbs[j]!);
      transcript.masks.push(sample.masks[j]!);
    }
  }
  return samples;
}

/** A transcript as something to train on, with credits that differ from token to token. */
export function trainSequence({ tokens, positions, logProbs, masks }: Transcript, seed = 0): TrainSequence {
  return {
    tokens: Int32Array.from(tokens),
    positions: Int32Array.from(positions),
    credits: Float32Array.from(positions, (_, i) => Math.sin(i + seed)),
    samplingLogProbs: Float32Array.from(logProbs),
    masks,
    weights: Float32Array.from(positions, () => 1),
  };
}
