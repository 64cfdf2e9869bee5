import { other, SEATS, type Seat } from '../../seat';
import type { Measures, RoundOutcome } from '../game';
import { keptAfterProposal } from './keptAfter';
import { amounts } from './proposals';

/** What was kept: by value, and by value and the other's last proposal. */
export function keptMeasures(
  negotiations: readonly (readonly RoundOutcome[])[],
  seats: readonly Seat[] = SEATS,
): Required<Pick<Measures, 'keptWhenValuingLess' | 'keptWhenValuingMore' | 'keptAfter'>> {
  return { ...keptByValue(negotiations, seats), keptAfter: keptAfterProposal(negotiations, seats) };
}

/**
 * Mean units that these seats proposed for themselves, as 0 … 10 of a kind, where one values the kind less and where more than the other
 * does. Equal values, kinds that are not on the table and invalid acts are left out; null where nothing is left.
 */
function keptByValue(
  negotiations: readonly (readonly RoundOutcome[])[],
  seats: readonly Seat[],
): Required<Pick<Measures, 'keptWhenValuingLess' | 'keptWhenValuingMore'>> {
  const less: number[] = [];
  const more: number[] = [];
  for (const { deal, actions, valid } of negotiations.flat()) {
    for (const seat of seats) {
      if (!valid[seat]) continue;
      amounts(actions[seat]).forEach((kept, kind) => {
        const quantity = deal.quantities[kind]!;
        const edge = deal.values[seat][kind]! - deal.values[other(seat)][kind]!;
        if (quantity === 0 || edge === 0) return;
        (edge < 0 ? less : more).push((10 * kept) / quantity);
      });
    }
  }
  return { keptWhenValuingLess: mean(less), keptWhenValuingMore: mean(more) };
}

/** Points made of contested kinds (valued differently) over the best possible, mean over rounds that have such kinds. */
export function contestedEfficiency(negotiations: readonly (readonly RoundOutcome[])[]): number | null {
  const ratios: number[] = [];
  for (const { deal, shares } of negotiations.flat()) {
    let made = 0;
    let best = 0;
    deal.quantities.forEach((quantity, kind) => {
      const [first, second] = [deal.values[0][kind]!, deal.values[1][kind]!];
      if (first === second) return;
      made += shares[0][kind]! * first + shares[1][kind]! * second;
      best += quantity * Math.max(first, second);
    });
    if (best > 0) ratios.push(made / best);
  }
  return mean(ratios);
}

function mean(numbers: readonly number[]): number | null {
  return numbers.length === 0 ? null : numbers.reduce((sum, n) => sum + n, 0) / numbers.length;
}
