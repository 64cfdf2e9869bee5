import { assignCredit, type Credits } from '../domain/advantage';
import { other, type Pair, pair, SEATS, type Seat } from '../domain/seat';
import type { TrainSequence } from '../engine/engine';
import type { RunConfig } from '../protocol/runConfig';
import { learnerSeat, type PlannedNegotiation } from './plan';
import type { SeatTranscript } from './seats';
import type { PlayedTranscript } from './selfPlay';

/** What one optimizer step is taken over. */
export interface TrainingBatch {
  readonly sequences: readonly TrainSequence[];
  /** Index into `sequences`, `[negotiation][seat]`; null where a seat is not trained. */
  readonly index: readonly (readonly [number | null, number | null])[];
  /** Tokens that count in the loss. */
  readonly countedTokens: number;
}

/**
 * Credits of an iteration, snapshot games included: baselines span the whole group, per seat. Against a fixed opponent, whose
 * seat alternates by group, they are per player, so that a baseline over the batch never mixes the two players' returns.
 */
export function iterationCredits(config: RunConfig, plan: readonly PlannedNegotiation[], played: readonly PlayedTranscript[]): Credits {
  const first = plan.map((negotiation) => learnerSeat(negotiation) ?? 0);
  const byPlayer = <T>(rows: Pair<readonly T[]>): Pair<T[]> =>
    pair((at) => first.map((seat, n) => rows[at === 0 ? seat : other(seat)][n]!));
  const rewards = pair((seat) => played.map(({ negotiation }) => negotiation.rounds.map((round) => round.rewards[seat])));
  const credits = assignCredit({ rewards: byPlayer(rewards), groups: plan.map(({ group }) => group) }, config);
  // Turning a pair around is its own inverse.
  return {
    returns: byPlayer(credits.returns),
    baselines: byPlayer(credits.baselines),
    advantages: byPlayer(credits.advantages),
    weights: byPlayer(credits.weights),
    alignment: byPlayer(credits.alignment),
    credits: byPlayer(credits.credits),
  };
}

/** The trained seats' transcripts with the credit of each produced token: that of its round. */
export function trainingBatch(
  config: RunConfig,
  plan: readonly PlannedNegotiation[],
  played: readonly PlayedTranscript[],
  credits: Credits,
): TrainingBatch {
  const sequences: TrainSequence[] = [];
  let countedTokens = 0;
  const index = played.map(({ transcripts, turns }, n) =>
    pair((seat) => {
      if (!plan[n]!.trained[seat]) return null;
      const roundOf = new Map(turns.map(({ turn, round }) => [turn, round]));
      const sequence = trainSequence(transcripts[seat], (turn) => credits.credits[seat][n]![roundOf.get(turn)!]!, config.countForced);
      countedTokens += sequence.weights.reduce((sum, weight) => sum + weight, 0);
      return sequences.push(sequence) - 1;
    }),
  );
  return { sequences, index, countedTokens };
}

/** One seat's transcript as the engine trains on it. */
export function trainSequence(transcript: SeatTranscript, creditOf: (turn: number) => number, countForced: boolean): TrainSequence {
  const produced = transcript.turns.reduce((sum, { tokens }) => sum + tokens.length, 0);
  const positions = new Int32Array(produced);
  const credits = new Float32Array(produced);
  const samplingLogProbs = new Float32Array(produced);
  const weights = new Float32Array(produced);
  const masks = [];
  let at = 0;
  for (const turn of transcript.turns) {
    const credit = creditOf(turn.turn);
    for (let i = 0; i < turn.tokens.length; i++, at++) {
      const mask = turn.masks[i]!;
      positions[at] = turn.start + i;
      credits[at] = credit;
      samplingLogProbs[at] = turn.logProbs[i]!;
      weights[at] = !countForced && mask?.allowed.length === 1 ? 0 : 1;
      masks.push(mask);
    }
  }
  return { tokens: Int32Array.from(transcript.tokens), positions, credits, samplingLogProbs, masks, weights };
}

/** Rounds of trained seats, with their credits. */
export function* trainedRounds(
  plan: readonly PlannedNegotiation[],
  credits: Credits,
): Generator<{ readonly seat: Seat; readonly negotiation: number; readonly round: number }> {
  for (const [negotiation, { trained }] of plan.entries()) {
    for (const seat of SEATS) {
      if (!trained[seat]) continue;
      for (const round of credits.credits[seat][negotiation]!.keys()) yield { seat, negotiation, round };
    }
  }
}
