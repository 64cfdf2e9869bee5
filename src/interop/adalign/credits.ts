import { assignCredit, type CreditSettings } from '../../domain/advantage';
import { other, type Pair, pair, SEATS, type Seat } from '../../domain/seat';
import type { LoadedNegotiation } from './iteration';

/** Everything on the way from rewards to credit of one negotiation, `[seat][round]`. */
export interface NegotiationCredits {
  readonly returns: Pair<readonly number[]>;
  readonly baselines: Pair<readonly number[]>;
  /** A¹. */
  readonly own: Pair<readonly number[]>;
  /** A². */
  readonly opponent: Pair<readonly number[]>;
  readonly weights: Pair<readonly number[]>;
  readonly alignment: Pair<readonly number[]>;
  readonly credits: Pair<readonly number[]>;
}

/** How far recomputed credits are from those that the run logged. */
export interface CreditCheck {
  /** Tokens that were compared. */
  readonly tokens: number;
  /** Largest |logged − recomputed|; null where nothing was logged. */
  readonly largestDifference: number | null;
  /** Where that was. */
  readonly at: {
    readonly file: string;
    readonly seat: Seat;
    readonly round: number;
    readonly logged: number;
    readonly recomputed: number;
  } | null;
}

/**
 * Seed groups by their common random numbers, counted in order of first appearance.
 * @returns the group of each negotiation
 */
export function seedGroups(negotiations: readonly LoadedNegotiation[]): number[] {
  const known = new Map<number, number>();
  return negotiations.map(({ tree }) => {
    const group = known.get(tree.crnId) ?? known.size;
    known.set(tree.crnId, group);
    return group;
  });
}

/**
 * Own advantages, alignment terms and credits of an iteration's negotiations, recomputed from their rewards. Baselines are
 * over negotiations of equally many rounds, so that one that was cut short does not stop the rest.
 */
export function recomputeCredits(negotiations: readonly LoadedNegotiation[], settings: CreditSettings): NegotiationCredits[] {
  const groups = seedGroups(negotiations);
  const byLength = new Map<number, number[]>();
  negotiations.forEach(({ rounds }, n) => {
    const same = byLength.get(rounds.length);
    if (same === undefined) byLength.set(rounds.length, [n]);
    else same.push(n);
  });
  const result = new Array<NegotiationCredits>(negotiations.length);
  for (const members of byLength.values()) {
    const rewards = pair((seat) => members.map((n) => negotiations[n]!.rounds.map((round) => round.rewards[seat])));
    const batch = assignCredit({ rewards, groups: members.map((n) => groups[n]!) }, settings);
    members.forEach((n, i) => {
      const of = (ledger: Pair<readonly (readonly number[])[]>): Pair<readonly number[]> => pair((seat) => ledger[seat][i]!);
      const own = of(batch.advantages);
      result[n] = {
        returns: of(batch.returns),
        baselines: of(batch.baselines),
        own,
        opponent: pair((seat) => own[other(seat)]),
        weights: of(batch.weights),
        alignment: of(batch.alignment),
        credits: of(batch.credits),
      };
    });
  }
  return result;
}

/** Compares every logged credit with the recomputed one of its round. */
export function checkCredits(negotiations: readonly LoadedNegotiation[], credits: readonly NegotiationCredits[]): CreditCheck {
  let tokens = 0;
  let largest = -1;
  let at: CreditCheck['at'] = null;
  negotiations.forEach(({ file, turns, logs }, n) => {
    for (const seat of SEATS) {
      const log = logs[seat];
      if (log === null) continue;
      let line = 0;
      for (const turn of turns) {
        if (turn.seat !== seat) continue;
        const recomputed = credits[n]!.credits[seat][turn.round]!;
        for (let i = 0; i < turn.tokens.length; i++) {
          if (log.timesteps[line] !== turn.position + i - 1) continue;
          const logged = log.credits[line++]!;
          if (Number.isNaN(logged)) continue;
          tokens += 1;
          const difference = Math.abs(logged - recomputed);
          if (difference > largest) {
            largest = difference;
            at = { file, seat, round: turn.round, logged, recomputed };
          }
        }
      }
    }
  });
  return { tokens, largestDifference: at === null ? null : largest, at };
}

/** The worse of two checks, over the tokens of both. */
export function worseCheck(a: CreditCheck, b: CreditCheck): CreditCheck {
  const worse = (b.largestDifference ?? -1) > (a.largestDifference ?? -1) ? b : a;
  return { ...worse, tokens: a.tokens + b.tokens };
}
