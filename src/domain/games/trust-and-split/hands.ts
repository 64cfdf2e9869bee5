import type { Random } from '../../random';
import { other, type Pair, pair, type Seat } from '../../seat';
import type { Hand, RoundDeal } from '../game';
import { COINS } from '../sharing/coins';
import { openers } from '../sharing/talk';
import { HANDS } from '../vocabulary';

/** Points per coin to the holder of the upper hand. */
export const UPPER = 10;

/** Points per coin to the holder of the lower hand. */
export const LOWER = 1;

/** Whether the first hand beats the second. */
export function beats(hand: Hand, against: Hand): boolean {
  return (HANDS.indexOf(against) + 1) % HANDS.length === HANDS.indexOf(hand);
}

/** The deal of two hands that differ. */
export function handDeal(hands: Pair<Hand>, opener: Seat): RoundDeal {
  return { quantities: [COINS], values: pair((seat) => [beats(hands[seat], hands[other(seat)]) ? UPPER : LOWER]), hands, opener };
}

/** Hands that differ, drawn anew in every round, and an opener that alternates. */
export function handDeals(random: Random): (round: number) => RoundDeal {
  const opener = openers(random);
  return (round) => {
    const dealing = random.fork('hands', round);
    const first = dealing.integer(HANDS.length);
    const second = (first + 1 + dealing.integer(HANDS.length - 1)) % HANDS.length;
    return handDeal([HANDS[first]!, HANDS[second]!], opener(round));
  };
}
