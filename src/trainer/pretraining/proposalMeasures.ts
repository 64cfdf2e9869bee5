import type { RoundOutcome } from '../../domain/games/game';
import { amounts } from '../../domain/games/sharing/proposals';
import { other, SEATS, type Seat } from '../../domain/seat';

/** What proposals in a game of agreement are like, as means over rounds and seats; NaN where there is nothing to count. */
export interface ProposalMeasures {
  /** Share of rounds whose proposals fit together. */
  readonly agreed: number;
  /** Share of the items that a seat proposes for itself. */
  readonly kept: number;
  /** How often everything, in the round after the other proposed everything for itself, minus how often after it did not. */
  readonly repaid: number;
}

/** Measures rounds, `[negotiation][round]`; proposals that did not parse are left out. */
export function proposalMeasures(negotiations: readonly (readonly RoundOutcome[])[]): ProposalMeasures {
  const kept: number[] = [];
  const afterAll: number[] = [];
  const afterLess: number[] = [];
  for (const rounds of negotiations) {
    for (const [t, round] of rounds.entries()) {
      for (const seat of SEATS) {
        const own = share(round, seat);
        if (own === null) continue;
        kept.push(own);
        const before = rounds[t - 1] && share(rounds[t - 1]!, other(seat));
        if (before != null) (before === 1 ? afterAll : afterLess).push(own === 1 ? 1 : 0);
      }
    }
  }
  const all = negotiations.flat();
  const agreed = all.filter(({ shares }) => shares.some((units) => units.some((n) => n > 0)));
  return { agreed: agreed.length / all.length, kept: mean(kept), repaid: mean(afterAll) - mean(afterLess) };
}

function share({ actions, valid, deal }: RoundOutcome, seat: Seat): number | null {
  if (!valid[seat]) return null;
  return sum(amounts(actions[seat])) / sum(deal.quantities);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}

function mean(numbers: readonly number[]): number {
  return sum(numbers) / numbers.length;
}
