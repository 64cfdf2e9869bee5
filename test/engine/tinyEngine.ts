import { join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import type { AdapterSettings, Learner, LossSettings, Policy } from '../../src/engine/engine';
import { type OnnxEngine, type OnnxEngineOptions, openOnnxEngine } from '../../src/engine/onnx/engine';
import {
  openTranscripts,
  playTurn,
  TINY_OPTIMIZER,
  type Transcript,
  temporaryFolder,
  trainSequence,
  writeTinyModel,
} from '../../src/engine/onnx/tinyModel';

export const LOSS: LossSettings = { klCoefficient: 0.1, klOver: 'full', entropyCoefficient: 0.05, temperature: 1, ratioCap: 2 };
export const LORA = { kind: 'lora', rank: 4, alpha: 8, seed: 5 } as const;
export const SOME: AdapterSettings = { ...LORA, targets: ['v_proj', 'down_proj'] };
export const FULL: AdapterSettings = { kind: 'full' };
export const CHOICE = { kind: 'choice', choices: ['A', 'B', 'rock paper'] } as const;
export const MESSAGE = { kind: 'message', maxTokens: 3 } as const;

/** A folder with the tiny model, and engines on it that are closed with the file's tests. */
export interface TinyEngines {
  /** The folder that is removed at the end; the model lies in it. */
  folder(): string;
  open(options?: Partial<OnnxEngineOptions>): Promise<OnnxEngine>;
}

/** One tiny model for all tests of a file. */
export function useTinyEngines(): TinyEngines {
  let root: { path: string; remove: () => Promise<void> };
  const opened: OnnxEngine[] = [];
  beforeAll(async () => {
    root = await temporaryFolder();
    await writeTinyModel(join(root.path, 'model'));
  });
  afterAll(async () => {
    for (const engine of opened) await engine.dispose();
    await root.remove();
  });
  return {
    folder: () => root.path,
    open: async (options = {}) => {
      const engine = await openOnnxEngine({ model: join(root.path, 'model'), threads: 1, device: 'cpu', spinning: false, ...options });
      opened.push(engine);
      return engine;
    },
  };
}

/** Three rounds on six transcripts: choices, messages and free turns, so that lengths differ. */
export async function play(engine: OnnxEngine, policy: Policy, key = '', temperature = 1): Promise<Transcript[]> {
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
export async function trained(engine: OnnxEngine, adapter: AdapterSettings, steps = 2): Promise<Learner> {
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

/** How an adapter is called in a test’s name. */
export function nameOf(adapter: AdapterSettings): string {
  return adapter.kind === 'full' ? 'full' : `lora ${adapter.targets?.join(' ') ?? 'everywhere'}`;
}

/** Of two lists that are equally long. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let largest = 0;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!));
  return largest;
}
