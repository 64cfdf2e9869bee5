import { other, type Pair, pair, type Seat } from '../seat';
import type { Negotiation, RoundDeal, RoundOutcome } from './game';

/**
 * One negotiation whose seats read prompts of their own: both positions are of the same game and the same deals, and
 * differ in wording alone (short for one seat, full for the other). Every text goes to both, so they move together.
 */
export function seatedWith(positions: Pair<Negotiation>): Negotiation {
  const [first, second] = positions;
  if (first === second) return first;
  return {
    requests: first.requests.map((request, i) => (request.seat === 0 ? request : second.requests[i]!)),
    round: first.round,
    rounds: first.rounds,
    deal: first.deal,
    advance: (texts) => seatedWith([first.advance(texts), second.advance(texts)]),
  };
}

/** A finished round as if the players had sat the other way round. */
export function swapSeats(round: RoundOutcome): RoundOutcome {
  return {
    ...round,
    deal: swapDeal(round.deal),
    actions: swap(round.actions),
    valid: swap(round.valid),
    rewards: swap(round.rewards),
    shares: swap(round.shares),
    messages: round.messages.map(({ seat, text }) => ({ seat: other(seat), text })),
  };
}

function swapDeal({ hands, opener, ...deal }: RoundDeal): RoundDeal {
  return {
    ...deal,
    values: swap(deal.values),
    ...(hands && { hands: swap(hands) }),
    ...(opener !== undefined && { opener: other(opener) }),
  };
}

function swap<T>(both: Pair<T>): Pair<T> {
  return pair((seat: Seat) => both[other(seat)]);
}
