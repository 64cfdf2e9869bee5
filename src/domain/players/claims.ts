import type { SeatView, SeenRound } from '../games/game';
import { beats, LOWER, UPPER } from '../games/trust-and-split/hands';
import { statedHand } from '../games/trust-and-split/measures';
import type { Seat } from '../seat';

/** What there is to know of a round, finished or under way. */
type Table = Pick<SeatView | SeenRound, 'values' | 'othersValues' | 'hand' | 'messages'>;

/** Points per unit of both, as one of them takes them to be. */
export interface Beliefs {
  readonly own: readonly number[];
  readonly others: readonly number[];
}

/**
 * What a seat takes the values of a round to be: what it knows, else what follows from what the other said of itself
 * last in the round, taken at its word; null where that says nothing that can be understood.
 */
export function beliefs(seat: Seat, table: Table): Beliefs | null {
  if (table.values && table.othersValues) return { own: table.values, others: table.othersValues };
  let believed: Beliefs | null = null;
  for (const said of table.messages) {
    if (said.seat !== seat) believed = trusting(said.text, table) ?? believed;
  }
  return believed;
}

function trusting(text: string, { values, hand }: Table): Beliefs | null {
  if (hand !== undefined) {
    const stated = statedHand(text);
    // The hands of a round always differ.
    if (stated === null || stated === hand) return null;
    return beats(hand, stated) ? { own: [UPPER], others: [LOWER] } : { own: [LOWER], others: [UPPER] };
  }
  const numbers = (text.match(/\d+/g) ?? []).map(Number);
  return values && numbers.length === values.length ? { own: values, others: numbers } : null;
}

/** What one holds: a hand, or values. */
export type Held = Pick<SeatView, 'hand' | 'values'>;

/** The plain and true statement of what one holds, in words that every prompt can show. */
export function statement({ hand, values }: Held): string {
  if (hand !== undefined) return `i have ${hand}`;
  return values?.length === 1 ? `my value is ${values[0]}` : `value ${values?.join(' ')}`;
}
