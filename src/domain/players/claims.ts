import type { Said, SeatView, SeenRound } from '../games/game';
import { beats, LOWER, UPPER } from '../games/trust-and-split/hands';
import { statedHand } from '../games/trust-and-split/measures';
import type { Seat } from '../seat';

/** What there is to know of a round, finished or under way. */
type Table = Pick<SeatView | SeenRound, 'values' | 'othersValues' | 'hand' | 'messages'>;

/**
 * The other's points per unit, as far as a seat knows or was told: what is open to both, else what the other said of
 * itself last in the round; null where it said nothing that can be understood.
 */
export function believedValues(seat: Seat, table: Table): readonly number[] | null {
  if (table.othersValues) return table.othersValues;
  let believed: readonly number[] | null = null;
  for (const said of table.messages) {
    if (said.seat !== seat) believed = claim(said, table) ?? believed;
  }
  return believed;
}

function claim({ text }: Said, { values, hand }: Table): readonly number[] | null {
  if (hand !== undefined) {
    const stated = statedHand(text);
    // The hands of a round always differ.
    return stated === null || stated === hand ? null : [beats(stated, hand) ? UPPER : LOWER];
  }
  const numbers = (text.match(/\d+/g) ?? []).map(Number);
  return numbers.length === values.length ? numbers : null;
}

/** The plain and true statement of what one holds, in words that every prompt can show. */
export function statement({ hand, values }: Pick<SeatView, 'hand' | 'values'>): string {
  if (hand !== undefined) return `i have ${hand}`;
  return values.length === 1 ? `my value is ${values[0]}` : `value ${values.join(' ')}`;
}
