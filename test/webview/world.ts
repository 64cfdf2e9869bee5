import { assignCredit, type CreditSettings, type Credits } from '../../src/domain/advantage';
import type { FilterSubject } from '../../src/domain/filter';
import type { Action } from '../../src/domain/games/game';
import { random } from '../../src/domain/random';
import { other, pair, SEATS, type Seat } from '../../src/domain/seat';
import type { MeasuresFile } from '../../src/protocol/runFiles';
import type {
  CreditView,
  CurvePoint,
  GroupMember,
  IterationView,
  NegotiationView,
  Place,
  RoundView,
  TurnView,
} from '../../src/protocol/webview';
import { choiceOf, GROUP, learnedAt, NEGOTIATIONS, type PlayedRound, play, policyOf, ROUNDS, type WorldRun } from './worldPlay';

interface Iteration {
  /** `[negotiation][round]` */
  readonly played: readonly (readonly PlayedRound[])[];
  readonly credits: Credits;
}

const cache = new Map<string, Iteration>();

/** The credit settings of a run, those of the paper. */
export function creditSettings(run: WorldRun): CreditSettings {
  const ipd = run.game === 'ipd';
  return {
    algorithm: run.algorithm,
    gamma: ipd ? 0.9 : 0.96,
    beta: ipd ? 0.5 : 2,
    rewardScale: ipd ? 5 : 100,
    baseline: 'group',
    matchedGamma: false,
  };
}

/** One iteration, whole. */
export function iterationOf(run: WorldRun, iteration: number): Iteration {
  const key = `${run.id}/${iteration}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const played = Array.from({ length: NEGOTIATIONS }, (_, negotiation) => play(run, iteration, negotiation));
  const rewards = pair((seat) => played.map((rounds) => rounds.map((round) => round.rewards[seat])));
  const groups = played.map((_, negotiation) => Math.floor(negotiation / GROUP));
  const made = { played, credits: assignCredit({ rewards, groups }, creditSettings(run)) };
  if (cache.size > 64) cache.clear();
  cache.set(key, made);
  return made;
}

function creditView(credits: Credits, seat: Seat, negotiation: number, round: number): CreditView {
  const at = (ledger: Credits['returns'], whose = seat): number => ledger[whose][negotiation]![round]!;
  return {
    return: at(credits.returns),
    baseline: at(credits.baselines),
    own: at(credits.advantages),
    opponent: at(credits.advantages, other(seat)),
    weight: at(credits.weights),
    alignment: at(credits.alignment),
    credit: at(credits.credits),
  };
}

/** A negotiation as the host would send it. */
export function negotiationOf(run: WorldRun, iteration: number, negotiation: number): NegotiationView | null {
  const { played, credits } = iterationOf(run, iteration);
  const own = played[negotiation];
  if (own === undefined) return null;
  const settings = creditSettings(run);
  const group = Math.floor(negotiation / GROUP);
  const place: Place = { run: run.id, iteration, group, negotiation };
  let turn = 0;
  const turns = own.flatMap((round, index) =>
    round.spoken.map(
      (spoken): TurnView => ({
        ...spoken,
        turn: turn++,
        round: index,
        trained: run.opponent === undefined || spoken.seat === 0,
        credit: creditView(credits, spoken.seat, negotiation, index),
      }),
    ),
  );
  return {
    place,
    game: run.game,
    algorithm: run.algorithm,
    gamma: settings.gamma,
    beta: settings.beta,
    matchedGamma: settings.matchedGamma,
    rewardScale: settings.rewardScale,
    group,
    players: ['policy', run.opponent ?? 'policy'],
    rounds: own.map(
      (round, index): RoundView => ({
        round: index,
        deal: round.deal,
        actions: round.actions,
        rewards: round.rewards,
        shares: round.shares,
        bestJointReward: round.best,
      }),
    ),
    turns,
    members: Array.from({ length: GROUP }, (_, i) => group * GROUP + i)
      .filter((member) => member !== negotiation)
      .map((member) => memberOf(played[member]!, credits, member)),
    committed: true,
  };
}

function memberOf(rounds: readonly PlayedRound[], credits: Credits, negotiation: number): GroupMember {
  return {
    negotiation,
    players: ['policy', 'policy'],
    rewards: pair((seat) => rounds.map((round) => round.rewards[seat])),
    returns: pair((seat) => credits.returns[seat][negotiation]!),
    own: pair((seat) => credits.advantages[seat][negotiation]!),
    credits: pair((seat) => credits.credits[seat][negotiation]!),
    actions: pair((seat) => rounds.map((round) => actionText(round.actions[seat]))),
  };
}

/** A negotiation as filters know it. */
export function subjectOf(run: WorldRun, iteration: number, negotiation: number): FilterSubject {
  const { played, credits } = iterationOf(run, iteration);
  const rounds = played[negotiation]!;
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  const reward = pair((seat) => mean(rounds.map((round) => round.rewards[seat])));
  return {
    game: run.game,
    algorithm: run.algorithm,
    run: run.id,
    iteration,
    group: Math.floor(negotiation / GROUP),
    negotiation,
    reward,
    efficiency: mean(rounds.map((round) => (round.rewards[0] + round.rewards[1]) / round.best)),
    invalid: rounds.flatMap((round) => round.spoken).filter((spoken) => !spoken.valid).length,
    credit: pair((seat) => mean(credits.credits[seat][negotiation]!)),
    cooperation: run.game === 'ipd' ? pair((seat) => mean(rounds.map((round) => (choiceOf(round.actions[seat]) === 'A' ? 1 : 0)))) : null,
    player: ['policy', 'policy'],
  };
}

/** Mean points a round of both seats together ÷ 2. */
export function meanReward(run: WorldRun, iteration: number, negotiation?: number): number {
  const { played } = iterationOf(run, iteration);
  const rounds = (negotiation === undefined ? played : [played[negotiation]!]).flat();
  return rounds.reduce((sum, round) => sum + round.rewards[0] + round.rewards[1], 0) / rounds.length / 2;
}

/** The curve of a run up to an iteration. */
export function curveOf(run: WorldRun, from: number, to: number): CurvePoint[] {
  const points: CurvePoint[] = [];
  for (let iteration = Math.max(1, from); iteration <= to; iteration++) points.push(pointOf(run, iteration));
  return points;
}

function pointOf(run: WorldRun, iteration: number): CurvePoint {
  const measures = measuresOf(run, iteration);
  if (run.imported) return { iteration, measures: { ...measures, entropy: null, kl: null, validMass: null }, seconds: 0 };
  const learned = learnedAt(run, iteration);
  const noise = random(run.seed, run.id, 'training', iteration);
  const about = (value: number): number => value * (0.9 + 0.2 * noise.uniform());
  const spread = 0.1 + 0.5 * (1 - learned);
  const aligned = run.algorithm === 'rl' ? 0 : 0.4;
  return {
    iteration,
    measures,
    seconds: about(0.2),
    training: {
      loss: about(0.02) - 0.02,
      gradNorm: about(0.8 - 0.5 * learned),
      rhoMax: 1 + about(1e-4),
      rhoClipFraction: 0,
      samplerTrainerGap: about(2e-6),
      rmsOwn: about(spread),
      rmsAlignment: about(spread * aligned),
      signFlip: aligned === 0 ? 0 : about(0.2),
      retries: 0,
      sequences: 2 * NEGOTIATIONS,
      sampledTokens: 2560,
      trainedTokens: 1280,
    },
    credits: [-1.6 * spread, -0.6 * spread, about(0.02), 0.6 * spread, 1.6 * spread],
  };
}

/** An iteration as a whole, as the host would send it. */
export function iterationViewOf(run: WorldRun, iteration: number): IterationView {
  const { played, credits } = iterationOf(run, iteration);
  const advantages = {
    negotiation: [] as number[],
    round: [] as number[],
    seat: [] as Seat[],
    own: [] as number[],
    alignment: [] as number[],
  };
  played.forEach((rounds, negotiation) => {
    for (let round = 0; round < rounds.length; round++) {
      for (const seat of SEATS) {
        advantages.negotiation.push(negotiation);
        advantages.round.push(round);
        advantages.seat.push(seat);
        advantages.own.push(credits.advantages[seat][negotiation]![round]!);
        advantages.alignment.push(credits.alignment[seat][negotiation]![round]!);
      }
    }
  });
  return {
    run: run.id,
    iteration,
    time: '2026-11-25T10:12:00.000Z',
    checkpoint: iteration % 10 === 0,
    negotiations: NEGOTIATIONS,
    groups: NEGOTIATIONS / GROUP,
    invalid: 3,
    opponents: [{ name: 'snapshot:40', negotiations: 16 }],
    advantages,
  };
}

function measuresOf(run: WorldRun, iteration: number): MeasuresFile {
  const noise = random(run.seed, run.id, 'noise', iteration);
  const jitter = (scale: number): number => (noise.uniform() + noise.uniform() - 1) * scale;
  const policy = policyOf(run, iteration);
  const learned = learnedAt(run, iteration);
  const clamp = (x: number): number => Math.max(0, Math.min(1, x));
  if (run.game === 'ipd') {
    // Stationary cooperation of the memory-one policy against itself, by iterating its 10 rounds.
    let both = policy[0] ** 2;
    let mixed = policy[0] * (1 - policy[0]);
    let rate = 0;
    let reward = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const none = 1 - both - 2 * mixed;
      rate += (both + mixed) / ROUNDS;
      reward += (3 * both + 5 * mixed + none) / ROUNDS;
      const next = both * policy[1] ** 2 + 2 * mixed * policy[2] * policy[3] + none * policy[4] ** 2;
      mixed =
        both * policy[1] * (1 - policy[1]) +
        mixed * (policy[2] * (1 - policy[3]) + policy[3] * (1 - policy[2])) +
        none * policy[4] * (1 - policy[4]);
      both = next;
    }
    const mean = reward + jitter(0.12);
    return {
      meanReward: [mean + jitter(0.05), mean + jitter(0.05)],
      jointReward: mean * 2,
      efficiency: clamp(mean / 3),
      cooperationRate: clamp(rate + jitter(0.05)),
      cooperateAfter: { start: policy[0], CC: policy[1], CD: policy[2], DC: policy[3], DD: iteration < 3 ? null : policy[4] },
      validMass: 0.97 + 0.02 * noise.uniform(),
      entropy: 0.66 - 0.5 * learned,
      kl: 1.4 * learned,
    };
  }
  const kept = run.algorithm === 'rl' ? 7 + 2.6 * learned : 7 - 5.6 * learned;
  const efficiency = run.algorithm === 'rl' ? 0.62 - 0.06 * learned + jitter(0.03) : 0.6 + 0.24 * learned + jitter(0.03);
  return {
    meanReward: [efficiency * 50 + jitter(1), efficiency * 50 + jitter(1)],
    jointReward: efficiency * 100,
    efficiency,
    keptWhenValuingLess: run.algorithm === 'rl' ? 7 + 2.6 * learned + jitter(0.4) : 7 - 5.6 * learned + jitter(0.4),
    keptWhenValuingMore: 8.6 + learned + jitter(0.3),
    keptAfter: {
      less: { start: kept, '0-2': 0.6 * kept, '3-5': kept, '6-8': 0.5 * (kept + 10), '9-10': 0.3 * kept + 7 },
      more: { start: 9, '0-2': 8.4, '3-5': 8.9, '6-8': 9.5, '9-10': null },
    },
    statesHandRate: clamp(0.7 + 0.2 * learned + jitter(0.03)),
    truthfulRate: clamp(0.6 + (run.algorithm === 'rl' ? -0.2 : 0.35) * learned + jitter(0.03)),
    validMass: 0.95 + 0.03 * noise.uniform(),
    entropy: 1.9 - 0.8 * learned,
    kl: 0.8 * learned,
  };
}

/** An action in a few characters. */
export function actionText(action: Action): string {
  return action.kind === 'choice' ? action.choice : action.amounts.join('/');
}
