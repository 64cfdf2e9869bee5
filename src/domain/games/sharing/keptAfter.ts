import { other, SEATS, type Seat } from '../../seat';
import type { Action, KeptAfter, RoundDeal, RoundOutcome } from '../game';
import { amounts } from './proposals';

/** What the other last proposed for itself, as 0 … 10 of all that was on the table, in ranges; `start` is the first round. */
export const LAST_PROPOSALS = ['start', '0-2', '3-5', '6-8', '9-10'] as const;

/** See `LAST_PROPOSALS`. */
export type LastProposal = (typeof LAST_PROPOSALS)[number];

/**
 * Mean units that these seats proposed for themselves, as 0 … 10 of a kind, by whether they value the kind less or more than the
 * other does, and by what the other proposed in the round before. Equal values, kinds that are not on the table and invalid acts
 * are left out; null where nothing is left.
 * @param negotiations finished rounds, `[negotiation][round]`
 */
export function keptAfterProposal(negotiations: readonly (readonly RoundOutcome[])[], seats: readonly Seat[] = SEATS): KeptAfter {
  const sums = { less: emptySums(), more: emptySums() };
  for (const rounds of negotiations) {
    rounds.forEach(({ deal, actions, valid }, index) => {
      for (const seat of seats) {
        if (!valid[seat]) continue;
        const before = rounds[index - 1];
        const last = before === undefined ? 'start' : rangeOf(before.actions[other(seat)], before.deal);
        amounts(actions[seat]).forEach((kept, kind) => {
          const quantity = deal.quantities[kind]!;
          const edge = deal.values[seat][kind]! - deal.values[other(seat)][kind]!;
          if (quantity === 0 || edge === 0) return;
          const sum = sums[edge < 0 ? 'less' : 'more'][last];
          sum.kept += (10 * kept) / quantity;
          sum.count++;
        });
      }
    });
  }
  return { less: means(sums.less), more: means(sums.more) };
}

/** The range of a proposal. What counted is looked at, which is what the other player was shown. */
function rangeOf(action: Action, { quantities }: RoundDeal): LastProposal {
  const total = quantities.reduce((sum, quantity) => sum + quantity, 0);
  const asked = amounts(action).reduce((sum, units) => sum + units, 0);
  const ofTen = total === 0 ? 0 : Math.round((10 * asked) / total);
  return ofTen <= 2 ? '0-2' : ofTen <= 5 ? '3-5' : ofTen <= 8 ? '6-8' : '9-10';
}

type Sums = Record<LastProposal, { kept: number; count: number }>;

function emptySums(): Sums {
  return byProposal(() => ({ kept: 0, count: 0 }));
}

function means(sums: Sums): Record<LastProposal, number | null> {
  return byProposal((last) => (sums[last].count === 0 ? null : sums[last].kept / sums[last].count));
}

function byProposal<T>(value: (last: LastProposal) => T): Record<LastProposal, T> {
  return { start: value('start'), '0-2': value('0-2'), '3-5': value('3-5'), '6-8': value('6-8'), '9-10': value('9-10') };
}
