import { setImmediate as nextTask } from 'node:timers/promises';
import type { Negotiation } from '../domain/games/game';
import type { Random } from '../domain/random';
import type { PendingTurn } from '../domain/rollout';
import { type Pair, pair, SEATS, type Seat } from '../domain/seat';
import type { Engine, Lane, Policy, Sample, SampleRequest, TokenMask, TokenState } from '../engine/engine';
import type { RunConfig } from '../protocol/runConfig';
import { type BoundConstraint, constraintBinder } from './tokenConstraints';

/** A turn as tokens. Per-token arrays have one entry a produced token, the stop token included. */
export interface TokenTurn {
  /** Place in the negotiation. */
  readonly turn: number;
  /** Prompt tokens that were newly read before it. */
  readonly read: readonly number[];
  /** Index in the seat's transcript of the first produced token. */
  readonly start: number;
  readonly tokens: Int32Array;
  /** log π of the distribution that training uses (masked in masked mode), nats. */
  readonly logProbs: Float32Array;
  /** Probability that the unmasked policy gave to the allowed tokens. */
  readonly validMass: Float32Array;
  /** Entropy of the unmasked distribution, nats. */
  readonly entropy: Float32Array;
  /** Masks that the trainer has to apply; null where it has none to. */
  readonly masks: readonly (TokenMask | null)[];
}

/** What one seat read and said in a negotiation. */
export interface SeatTranscript {
  /** Prompt and produced tokens in order. */
  readonly tokens: number[];
  readonly turns: TokenTurn[];
}

/** How seats speak. */
export interface SpeechSettings extends Pick<RunConfig, 'decoding' | 'retries' | 'temperature'> {
  /** Takes the likeliest token each time instead of drawing one. */
  readonly greedy?: boolean;
  /**
   * Truncation (Holtzman et al. 2020), for play alone: what was drawn has another probability then than under the policy that
   * would be trained, so that ρ ≠ 1 from the start and the gradient is biased. A run's settings have none.
   */
  readonly topP?: number | undefined;
  readonly topK?: number | undefined;
}

/** What a table of seats is set with. */
export interface SeatsOptions {
  readonly engine: Engine;
  readonly positions: readonly Negotiation[];
  /** `[negotiation][seat]`; null where somebody else answers, whose turns are not put to these seats. */
  readonly policies: readonly Pair<Policy | null>[];
  readonly speech: SpeechSettings;
  /** Token draws are keyed from here by (negotiation, seat, turn, attempt), then by token. */
  readonly uniforms: Random;
  /** Longest transcript in tokens, as a hint. */
  readonly capacity: number;
  readonly signal?: AbortSignal;
}

/** A turn that was taken before, elsewhere. */
export interface PastTurn extends PendingTurn {
  readonly text: string;
  /** Its tokens, where the seat's policy would read and say the same words as the same tokens; null where they have to be made anew. */
  readonly tokens: Pick<TokenTurn, 'read' | 'tokens'> | null;
}

interface Chair {
  readonly policy: Policy;
  readonly lane: Lane;
  readonly transcript: SeatTranscript;
}

interface Utterance {
  readonly sample: Sample;
  readonly text: string;
  /** Whether the tokens were drawn under a mask. */
  readonly masked: boolean;
}

/** Tokens beyond the longest valid answer that free sampling may spend before it is cut off. */
const FREE_SLACK = 8;

/** The seats of negotiations that are played together, each with its lane on the engine and its transcript in tokens. */
export class Seats {
  /** Failed attempts that were discarded. */
  retries = 0;
  /** Tokens drawn, discarded ones included. */
  sampledTokens = 0;
  readonly #chairs: Pair<Chair | null>[];
  readonly #bind: ReturnType<typeof constraintBinder>;

  constructor(private readonly options: SeatsOptions) {
    this.#bind = constraintBinder(options.engine.tokenizer);
    this.#chairs = seat(options);
  }

  /** `[negotiation][seat]`; nothing where somebody else answers. */
  get transcripts(): readonly Pair<SeatTranscript>[] {
    return this.#chairs.map((chairs) => pair((at) => chairs[at]?.transcript ?? { tokens: [], turns: [] }));
  }

  /** Frees the engine's lanes. */
  close(): void {
    this.options.engine.close(this.#chairs.flatMap((chairs) => chairs.flatMap((chair) => (chair ? [chair.lane] : []))));
  }

  /** Puts turns on record that were taken before, token for token; their sampling is not known here (NaN), and nothing is sampled. */
  async replay(turns: readonly PastTurn[]): Promise<void> {
    const reads = turns.map((turn) => {
      const { lane, transcript } = this.#chair(turn);
      const { read, tokens } = turn.tokens ?? { read: this.#read(turn), tokens: this.#tokensOf(turn.text) };
      const unknown = new Float32Array(tokens.length).fill(Number.NaN);
      transcript.tokens.push(...read);
      const start = transcript.tokens.length;
      for (const token of tokens) transcript.tokens.push(token);
      const masks = Array.from(tokens, () => null);
      transcript.turns.push({ turn: turn.turn, read, start, tokens, logProbs: unknown, validMass: unknown, entropy: unknown, masks });
      return { lane, tokens: [...read, ...tokens] };
    });
    await this.options.engine.read(reads);
  }

  /**
   * Answers pending turns, all of a policy in one batch; one text for each, in order.
   * @param forced a choice that a turn must take, by its index; null lets the policy speak.
   */
  async answer(pending: readonly PendingTurn[], forced?: (index: number) => string | null): Promise<string[]> {
    const reads = pending.map((turn) => this.#read(turn));
    const utterances = new Array<Utterance>(pending.length);
    const all = pending.map((_, i) => i);
    await this.#speak(pending, reads, utterances, all, 0, this.#masked(0), forced);
    if (this.options.speech.decoding === 'retry') await this.#tryAgain(pending, reads, utterances, forced);
    pending.forEach((turn, i) => {
      record(this.#chair(turn).transcript, turn.turn, reads[i]!, utterances[i]!, this.options.speech.decoding === 'masked');
    });
    return utterances.map((utterance) => utterance.text);
  }

  /** Free attempts until one parses or the retries are spent; the last attempt is masked, where the engine can. */
  async #tryAgain(
    pending: readonly PendingTurn[],
    reads: readonly (readonly number[])[],
    utterances: Utterance[],
    forced: ((index: number) => string | null) | undefined,
  ): Promise<void> {
    const { engine, speech } = this.options;
    for (let attempt = 1; ; attempt++) {
      const failed = attempt > speech.retries ? [] : [...pending.keys()].filter((i) => !pending[i]!.request.parses(utterances[i]!.text));
      if (failed.length === 0) break;
      this.retries += failed.length;
      engine.rewind(
        failed.map((i) => {
          const { lane, transcript } = this.#chair(pending[i]!);
          return { lane, length: transcript.tokens.length };
        }),
      );
      await this.#speak(pending, reads, utterances, failed, attempt, this.#masked(attempt), forced);
    }
  }

  async #speak(
    pending: readonly PendingTurn[],
    reads: readonly (readonly number[])[],
    utterances: Utterance[],
    indices: readonly number[],
    attempt: number,
    masked: boolean,
    forced: ((index: number) => string | null) | undefined,
  ): Promise<void> {
    const { engine, speech, signal } = this.options;
    for (const members of groupBy(indices, (i) => this.#chair(pending[i]!).policy).values()) {
      // A sampling call blocks the event loop: let signals, heartbeats and messages in before the next.
      await nextTask();
      signal?.throwIfAborted();
      const requests = members.map((i) => this.#request(pending[i]!, reads[i]!, attempt, masked, forced?.(i) ?? null));
      const { temperature, topP = 1, topK = 0 } = speech;
      const samples = await engine.sample(requests, { temperature, topP, topK: speech.greedy ? 1 : topK });
      members.forEach((i, k) => {
        const sample = samples[k]!;
        this.sampledTokens += sample.tokens.length;
        utterances[i] = { sample, text: engine.tokenizer.decode([...sample.tokens]), masked: requests[k]!.constraint !== null };
      });
    }
  }

  #request(pending: PendingTurn, read: readonly number[], attempt: number, masked: boolean, forced: string | null): SampleRequest {
    const { request, negotiation, seat: at, turn } = pending;
    const bound = this.#bind(forced === null ? request.constraint : { kind: 'choice', choices: [forced] });
    const constrained = masked || forced !== null;
    const draws = this.options.uniforms.fork(negotiation, at, turn, attempt);
    const drawn: number[] = [];
    return {
      lane: this.#chair(pending).lane,
      read,
      constraint: constrained ? bound.tokens : null,
      validAgainst: constrained ? null : bound.tokens,
      maxTokens: constrained ? bound.longest : freeLength(bound, request.kind),
      uniform: (n) => {
        while (drawn.length <= n) drawn.push(draws.uniform());
        return drawn[n]!;
      },
    };
  }

  /** A text as a policy would have said it: the tokens of a choice that is forced. */
  #tokensOf(text: string): Int32Array {
    if (text === '') return Int32Array.of(this.options.engine.tokenizer.stopToken);
    const tokens: number[] = [];
    for (let state: TokenState | null = this.#bind({ kind: 'choice', choices: [text] }).tokens.start; state !== null; ) {
      const token = state.mask.allowed[0]!;
      tokens.push(token);
      state = state.after(token);
    }
    return Int32Array.from(tokens);
  }

  /** What a seat newly reads; a turn that was cut off before its stop token is ended first. */
  #read({ negotiation, seat: at, request }: PendingTurn): readonly number[] {
    const { tokenizer } = this.options.engine;
    const { tokens, turns } = this.#chairAt(negotiation, at).transcript;
    const observed = tokenizer.observe(request.observation, { first: turns.length === 0, kind: request.kind });
    return turns.length > 0 && tokens.at(-1) !== tokenizer.stopToken ? [tokenizer.stopToken, ...observed] : observed;
  }

  /** Whether an attempt (0 is the first) is drawn under the mask: the last of several is, where the engine can. */
  #masked(attempt: number): boolean {
    const { engine, speech } = this.options;
    const last = speech.decoding === 'retry' && attempt >= speech.retries && engine.canConstrain !== false;
    return speech.decoding === 'masked' || last;
  }

  #chair({ negotiation, seat: at }: PendingTurn): Chair {
    return this.#chairAt(negotiation, at);
  }

  #chairAt(negotiation: number, at: Seat): Chair {
    const chair = this.#chairs[negotiation]?.[at];
    if (!chair) throw new RangeError(`seat ${at} of negotiation ${negotiation} has no policy here`);
    return chair;
  }
}

/** Opens the lanes: those of one policy that speak at the same time in one call. */
function seat({ engine, positions, policies, capacity }: SeatsOptions): Pair<Chair | null>[] {
  const seats = positions.flatMap((position, n) =>
    SEATS.flatMap((at) => {
      const policy = policies[n]![at];
      return policy ? [{ n, at, policy, opens: position.requests.some((request) => request.seat === at) }] : [];
    }),
  );
  const lanes = new Map<(typeof seats)[number], Lane>();
  for (const byPolicy of groupBy(seats, ({ policy }) => policy).values()) {
    for (const members of groupBy(byPolicy, ({ opens }) => opens).values()) {
      const opened = engine.open(members[0]!.policy, members.length, capacity);
      members.forEach((member, k) => {
        lanes.set(member, opened[k]!);
      });
    }
  }
  const chairs = positions.map((): [Chair | null, Chair | null] => [null, null]);
  for (const member of seats) {
    chairs[member.n]![member.at] = { policy: member.policy, lane: lanes.get(member)!, transcript: { tokens: [], turns: [] } };
  }
  return chairs;
}

function record(transcript: SeatTranscript, turn: number, read: readonly number[], utterance: Utterance, masked: boolean): void {
  const { tokens, logProbs, validMass, entropy, masks } = utterance.sample;
  transcript.tokens.push(...read);
  const start = transcript.tokens.length;
  for (const token of tokens) transcript.tokens.push(token);
  // A masked last attempt trains on the policy's own probabilities: log π = log π_masked + log of the mass it was renormalised by.
  const own = utterance.masked && !masked;
  transcript.turns.push({
    turn,
    read,
    start,
    tokens,
    logProbs: own ? logProbs.map((logProb, i) => logProb + Math.log(validMass[i]!)) : logProbs,
    validMass,
    entropy,
    masks: own ? masks.map(() => null) : masks,
  });
}

function freeLength(bound: BoundConstraint, kind: 'message' | 'action'): number {
  return kind === 'message' ? bound.longest : bound.longest + FREE_SLACK;
}

function groupBy<T, K>(items: readonly T[], key: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group) group.push(item);
    else groups.set(key(item), [item]);
  }
  return groups;
}
