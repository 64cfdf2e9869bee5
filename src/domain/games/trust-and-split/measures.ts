import { SEATS, type Seat } from '../../seat';
import type { Hand, Measures, RoundOutcome } from '../game';
import { HANDS } from '../vocabulary';

/** The one hand that a message names; null when it names none or several. */
export function statedHand(text: string): Hand | null {
  const words = new Set(text.toLowerCase().match(/[a-z]+/g) ?? []);
  const named = HANDS.filter((hand) => words.has(hand));
  return named.length === 1 ? named[0]! : null;
}

/** How often a message of these seats states a hand, and how often a stated hand is the speaker's own; null where there was none. */
export function honesty(
  negotiations: readonly (readonly RoundOutcome[])[],
  seats: readonly Seat[] = SEATS,
): Required<Pick<Measures, 'statesHandRate' | 'truthfulRate'>> {
  let said = 0;
  let stated = 0;
  let truthful = 0;
  for (const { deal, messages } of negotiations.flat()) {
    for (const { seat, text } of messages) {
      if (!seats.includes(seat)) continue;
      said++;
      const hand = statedHand(text);
      if (hand === null) continue;
      stated++;
      if (hand === deal.hands?.[seat]) truthful++;
    }
  }
  return { statesHandRate: said === 0 ? null : stated / said, truthfulRate: stated === 0 ? null : truthful / stated };
}
