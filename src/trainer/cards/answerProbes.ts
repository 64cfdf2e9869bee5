import { setImmediate as nextTask } from 'node:timers/promises';
import type { ProbeTranscript } from '../../domain/probes';
import type { Random } from '../../domain/random';
import type { Engine, Policy, SamplingSettings, Tokenizer } from '../../engine/engine';
import { constraintBinder } from '../tokenConstraints';

/** What is asked of a policy. */
export interface ProbeOptions {
  readonly engine: Engine;
  readonly policy: Policy;
  readonly probes: readonly ProbeTranscript[];
  readonly temperature: number;
  /** How often each probe is answered by drawing. */
  readonly draws: number;
  /** Draws are keyed from here by (draw, probe), so that no probe's depend on another's. */
  readonly uniforms: Random;
  readonly signal?: AbortSignal;
}

/** Answers to one probe. */
export interface ProbeAnswers {
  readonly greedy: string;
  /** `[draw]` */
  readonly sampled: readonly string[];
}

/**
 * What a policy answers to probe transcripts, the likeliest answer and some drawn ones, all under the mask of valid answers. Each
 * transcript is read once; after every answer it is rewound.
 */
export async function answerProbes(options: ProbeOptions): Promise<ProbeAnswers[]> {
  const { engine, policy, probes, draws, temperature, uniforms, signal } = options;
  if (probes.length === 0) return [];
  const { tokenizer } = engine;
  const bind = constraintBinder(tokenizer);
  const bound = probes.map(({ request }) => bind(request.constraint));
  const prefixes = probes.map((probe) => prefixOf(probe, tokenizer));
  const capacity = Math.max(...prefixes.map((prefix, i) => prefix.length + bound[i]!.longest));
  const lanes = engine.open(policy, probes.length, capacity);
  const answer = async (settings: SamplingSettings, uniform: (probe: number) => (n: number) => number): Promise<string[]> => {
    // A sampling call blocks the event loop: let messages in before the next.
    await nextTask();
    signal?.throwIfAborted();
    const requests = lanes.map((lane, i) => ({
      lane,
      read: prefixes[i]!.slice(lane.length),
      constraint: bound[i]!.tokens,
      validAgainst: null,
      maxTokens: bound[i]!.longest,
      uniform: uniform(i),
    }));
    const samples = await engine.sample(requests, settings);
    // The last token of the prompt is read again: the answer is drawn from what follows it.
    engine.rewind(lanes.map((lane, i) => ({ lane, length: prefixes[i]!.length - 1 })));
    return samples.map(({ tokens }) => tokenizer.decode([...tokens]));
  };
  try {
    const greedy = await answer({ temperature: 1, topP: 1, topK: 1 }, () => () => 0.5);
    const sampled: string[][] = [];
    for (let draw = 0; draw < draws; draw++) {
      const drawn = (probe: number): ((n: number) => number) => {
        const stream = uniforms.fork(draw, probe);
        return () => stream.uniform();
      };
      sampled.push(await answer({ temperature, topP: 1, topK: 0 }, drawn));
    }
    return probes.map((_, i) => ({ greedy: greedy[i]!, sampled: sampled.map((texts) => texts[i]!) }));
  } finally {
    engine.close(lanes);
  }
}

/** All that the seat has read and said before its answer. */
function prefixOf({ spoken, request }: ProbeTranscript, tokenizer: Tokenizer): number[] {
  const tokens: number[] = [];
  const read = (observation: string, kind: 'message' | 'action'): void => {
    tokens.push(...tokenizer.observe(observation, { first: tokens.length === 0, kind }));
  };
  for (const { observation, kind, text } of spoken) {
    read(observation, kind);
    tokens.push(...tokensOf(text, tokenizer));
  }
  read(request.observation, request.kind);
  return tokens;
}

/** The tokens of a text that is taken as said, the stop token included. */
function tokensOf(text: string, tokenizer: Tokenizer): number[] {
  const tokens: number[] = [];
  let state: ReturnType<typeof tokenizer.constrain>['start'] | null = tokenizer.constrain({ kind: 'choice', choices: [text] }).start;
  while (state !== null) {
    const token: number = state.mask.allowed[0]!;
    tokens.push(token);
    state = state.after(token);
  }
  return tokens;
}
