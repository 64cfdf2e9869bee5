import { type Credits, RATIO_CAP } from '../domain/advantage';
import type { RoundOutcome } from '../domain/games/game';
import { swapSeats } from '../domain/games/seating';
import { meanValidMass, measure, type TokenStats } from '../domain/metrics';
import { pair, SEATS, type Seat } from '../domain/seat';
import type { TokenScores, TrainResult } from '../engine/engine';
import type { RunConfig } from '../protocol/runConfig';
import type { IterationLine, MeasuresFile, NegotiationSummaries } from '../protocol/runFiles';
import { type TrainingBatch, trainedRounds } from './batch';
import { learnerSeat, type PlannedNegotiation, playerName } from './plan';
import type { TokenTurn } from './seats';
import type { PlayedTranscript, SelfPlay } from './selfPlay';

/** An iteration once it was played and trained on. */
export interface TrainedIteration {
  readonly config: RunConfig;
  readonly plan: readonly PlannedNegotiation[];
  readonly played: SelfPlay;
  readonly credits: Credits;
  readonly batch: TrainingBatch;
  readonly result: TrainResult;
}

/**
 * Measures of the live policy against itself: games against snapshots are left out. With a fixed opponent, against whom it plays
 * all of them, those of the learner's seat.
 */
export function iterationMeasures({ config, plan, played, batch, result }: TrainedIteration): MeasuresFile {
  const seats = plan.flatMap((negotiation) => learnerSeat(negotiation) ?? []);
  if (seats.length > 0) {
    const sequences = played.negotiations.map(({ transcripts }, n) => ({
      scores: result.tokens[batch.index[n]![seats[n]!]!]!,
      turns: transcripts[seats[n]!]!.turns,
    }));
    return againstMeasures(config, played.negotiations, seats, meanKl(config, sequences));
  }
  const alone = plan.flatMap(({ players }, n) => (players.every((player) => player.kind === 'policy') ? [n] : []));
  const scored = alone.flatMap((n) =>
    SEATS.flatMap((seat) => {
      const sequence = batch.index[n]![seat];
      if (sequence === null) return [];
      return [{ scores: result.tokens[sequence]!, turns: played.negotiations[n]!.transcripts[seat].turns }];
    }),
  );
  const kl = meanKl(config, scored);
  return selfPlayMeasures(
    config,
    alone.map((n) => played.negotiations[n]!),
    kl,
  );
}

/** Measures of negotiations that one policy played with itself, with the KL that was computed elsewhere. */
export function selfPlayMeasures(config: RunConfig, negotiations: SelfPlay['negotiations'], kl: number | null): MeasuresFile {
  const turns = negotiations.flatMap(({ transcripts }) => transcripts.flatMap((transcript) => transcript.turns));
  const rounds: (readonly RoundOutcome[])[] = negotiations.map(({ negotiation }) => negotiation.rounds);
  return plain(measure(config.game, rounds, tokenStats(turns, kl)));
}

/**
 * Measures of the learner against a fixed opponent: `meanReward` is `[learner's, opponent's]`, what only one of them does
 * (cooperating, keeping, saying) and what its tokens tell is the learner's.
 * @param seats the learner's, `[negotiation]`.
 */
export function againstMeasures(
  config: RunConfig,
  negotiations: readonly PlayedTranscript[],
  seats: readonly Seat[],
  kl: number | null,
): MeasuresFile {
  const rounds = negotiations.map(({ negotiation }, n) => (seats[n] === 0 ? negotiation.rounds : negotiation.rounds.map(swapSeats)));
  const turns = negotiations.flatMap(({ transcripts }, n) => transcripts[seats[n]!].turns);
  return plain(measure(config.game, rounds, tokenStats(turns, kl), [0]));
}

/** Valid mass and entropy of turns, with the KL that was computed elsewhere. */
export function tokenStats(turns: readonly TokenTurn[], kl: number | null): TokenStats {
  let entropy = 0;
  let tokens = 0;
  for (const turn of turns) {
    for (const nats of turn.entropy) entropy += nats;
    tokens += turn.tokens.length;
  }
  return {
    validMass: known(meanValidMass(turns.map((turn) => turn.validMass))),
    entropy: tokens === 0 ? null : entropy / tokens,
    kl,
  };
}

/**
 * Schulman's estimate of KL(π ‖ π_ref) from one token drawn from π, nats: k3 = exp(d) − d − 1, d = log π_ref − log π; never negative.
 * @param mass the valid mass where `logProb` is of the masked distribution and the reference of the full one: log π = log π_masked + log of it
 */
export function k3(referenceLogProb: number, logProb: number, mass = 1): number {
  const d = referenceLogProb - logProb - Math.log(mass);
  return Math.expm1(d) - d;
}

/** Mean k3 estimate of the KL to the base model, nats a token, both distributions full or both masked as `klOver` says. */
export function meanKl(
  config: RunConfig,
  sequences: readonly { readonly scores: TokenScores; readonly turns: readonly TokenTurn[] }[],
): number | null {
  const full = config.klOver === 'full' && config.decoding === 'masked';
  let sum = 0;
  let count = 0;
  for (const { scores, turns } of sequences) {
    let at = 0;
    for (const { validMass } of turns) {
      for (const mass of validMass) {
        sum += k3(scores.referenceLogProbs[at]!, scores.logProbs[at]!, full ? mass : 1);
        count++;
        at++;
      }
    }
  }
  return count === 0 ? null : sum / count;
}

/** What the optimizer step and the credits looked like. */
export function trainingStatistics({ plan, played, credits, batch, result }: TrainedIteration): NonNullable<IterationLine['training']> {
  let rhoMax = 0;
  let clipped = 0;
  let gap = 0;
  for (const [s, sequence] of batch.sequences.entries()) {
    const { ratios, logProbs } = result.tokens[s]!;
    for (let i = 0; i < ratios.length; i++) {
      rhoMax = Math.max(rhoMax, ratios[i]!);
      if (ratios[i]! > RATIO_CAP && sequence.weights[i]! > 0) clipped++;
      gap = Math.max(gap, Math.abs(logProbs[i]! - sequence.samplingLogProbs[i]!));
    }
  }
  let own = 0;
  let alignment = 0;
  let flips = 0;
  let rounds = 0;
  for (const { seat, negotiation: n, round: t } of trainedRounds(plan, credits)) {
    const advantage = credits.advantages[seat][n]![t]!;
    own += advantage ** 2;
    alignment += credits.alignment[seat][n]![t]! ** 2;
    if (advantage * credits.credits[seat][n]![t]! < 0) flips++;
    rounds++;
  }
  return {
    loss: result.loss,
    gradNorm: known(result.gradNorm),
    rhoMax,
    rhoClipFraction: batch.countedTokens === 0 ? 0 : clipped / batch.countedTokens,
    samplerTrainerGap: gap,
    rmsOwn: rounds === 0 ? 0 : Math.sqrt(own / rounds),
    rmsAlignment: rounds === 0 ? 0 : Math.sqrt(alignment / rounds),
    signFlip: rounds === 0 ? 0 : flips / rounds,
    retries: played.retries,
    sequences: batch.sequences.length,
    sampledTokens: played.sampledTokens,
    trainedTokens: batch.countedTokens,
  };
}

/** The journal's compact line on each negotiation; numbers to four decimals. */
export function summarize({ config, plan, played, credits }: TrainedIteration): NegotiationSummaries {
  const rounds = played.negotiations.map(({ negotiation }) => negotiation.rounds);
  const perRound = (value: (round: RoundOutcome) => number): number[] => rounds.map((all) => short(mean(all.map(value))));
  return {
    group: plan.map(({ group }) => group),
    reward: mutable(pair((seat) => perRound((round) => round.rewards[seat]))),
    efficiency: perRound(({ rewards, bestJointReward }) => (rewards[0] + rewards[1]) / bestJointReward),
    player: mutable(pair((seat) => plan.map(({ players }) => playerName(players[seat])))),
    invalid: played.negotiations.map(({ turns }) => turns.filter((turn) => !turn.valid).length),
    credit: mutable(pair((seat) => credits.credits[seat].map((all) => short(mean(all))))),
    ...(config.game === 'ipd' && {
      cooperation: mutable(
        pair((seat) =>
          perRound(({ actions }) => {
            const action = actions[seat];
            return action.kind === 'choice' && action.choice === 'A' ? 1 : 0;
          }),
        ),
      ),
    }),
  };
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** JSON has no NaN, which is what engines say where they cannot tell. */
function known(value: number | null): number | null {
  return Number.isNaN(value) ? null : value;
}

function short(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}

function mutable<T>([first, second]: readonly [T, T]): [T, T] {
  return [first, second];
}

/** Measures as the file schema has them; the domain's are read-only. */
export function plain(measures: ReturnType<typeof measure>): MeasuresFile {
  const { meanReward, ...rest } = measures;
  return { ...rest, meanReward: meanReward === null ? null : mutable(meanReward) };
}
