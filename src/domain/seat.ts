/** One of the two places at the table. Every per-agent quantity is a `Pair`, indexed by seat. */
export type Seat = 0 | 1;

/** Something that each of the two seats has, in seat order. */
export type Pair<T> = readonly [T, T];

/** Both seats, in order. */
export const SEATS = [0, 1] as const;

/** How a seat is called wherever a person reads it; lower case in files and filters. */
export const AGENT_NAMES: Pair<string> = ['Alice', 'Bob'];

/** The seat across the table. */
export function other(seat: Seat): Seat {
  return seat === 0 ? 1 : 0;
}

/** A pair made by one function of the seat. */
export function pair<T>(make: (seat: Seat) => T): Pair<T> {
  return [make(0), make(1)];
}
