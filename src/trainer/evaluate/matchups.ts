import type { GameId, GameSettings, Negotiation } from '../../domain/games/game';
import { type Random, random } from '../../domain/random';
import { type PlayedNegotiation, play } from '../../domain/rollout';
import type { Pair } from '../../domain/seat';
import type { Player } from '../players/player';
import { openingFor, Table } from '../players/table';
import type { SeatTranscript } from '../seats';
import { askReferences, type SeatReference } from './reference';

/** What is played. */
export interface MatchupOptions {
  readonly game: GameId;
  readonly players: readonly Player[];
  /** Settings that all players share. */
  readonly rules: Partial<GameSettings>;
  readonly seed: number;
  /** Negotiations a cell, an even number: each deal is played in both seatings. */
  readonly negotiations: number;
  /** Negotiations that are played at the same time, at most. */
  readonly batch: number;
  /** Whether two players are to meet; all do unless given. */
  readonly meets?: (first: number, second: number) => boolean;
  /** The negotiations of two players if they are on record; asked before they are played. */
  readonly recall?: (players: Pair<number>) => Promise<PlayedMatchup | null>;
  readonly signal?: AbortSignal;
}

/** A negotiation between two players. */
export interface MatchupNegotiation extends PlayedNegotiation {
  /** Seed group: its two negotiations were dealt the same. */
  readonly group: number;
  /** Index of the player in each seat. */
  readonly seated: Pair<number>;
  /** Null for players without tokens of their own. */
  readonly transcripts: Pair<SeatTranscript | null>;
  readonly references: Pair<SeatReference>;
}

/** All negotiations of two players, or of one with itself. */
export interface PlayedMatchup {
  /** Indices of the players, the lower first. */
  readonly players: Pair<number>;
  /** By group, the first player in the first seat and then in the second. */
  readonly negotiations: readonly MatchupNegotiation[];
}

/** Seed groups are one deal in two seatings. */
const SEATINGS = 2;

/**
 * Plays every player against every other and itself, two players at a time. Deals are keyed by (seed, group) and draws by
 * (seed, negotiation, seat, turn), the same for all pairs, so that cells differ by who plays and nothing else, and no
 * number depends on the batch or on who else takes part.
 * @throws RangeError when the number of negotiations is odd.
 */
export async function* playMatchups(options: MatchupOptions): AsyncGenerator<PlayedMatchup> {
  const { players, negotiations } = options;
  if (negotiations % SEATINGS !== 0)
    throw new RangeError(`${negotiations} negotiations: give an even number, each deal is played in both seatings`);
  for (let first = 0; first < players.length; first++) {
    for (let second = first; second < players.length; second++) {
      if (options.meets?.(first, second) === false) continue;
      options.signal?.throwIfAborted();
      const both = [first, second] as const;
      yield (await options.recall?.(both)) ?? { players: both, negotiations: await playPair(options, both) };
    }
  }
}

/** Who sits where in a negotiation, and which deal it is. */
type Seating = Pick<MatchupNegotiation, 'group' | 'seated'>;

/** The seatings of two players' negotiations, in their order. */
export function seatsOfPair(negotiations: number, [first, second]: Pair<number>): Seating[] {
  return Array.from({ length: negotiations }, (_, n) => {
    return { group: Math.floor(n / SEATINGS), seated: n % SEATINGS === 0 ? [first, second] : [second, first] };
  });
}

/** The negotiations of seatings, dealt and not begun. */
export function openingsOf({ game, players, rules, seed }: MatchupOptions, seats: readonly Seating[]): Negotiation[] {
  return seats.map(({ group, seated: [a, b] }) =>
    openingFor(game, [players[a]!, players[b]!], rules, () => random(seed, 'match-up deal', group)),
  );
}

async function playPair(options: MatchupOptions, both: Pair<number>): Promise<MatchupNegotiation[]> {
  const seats = seatsOfPair(options.negotiations, both);
  const played: MatchupNegotiation[] = [];
  for (let from = 0; from < seats.length; from += options.batch) {
    played.push(...(await playBatch(options, seats.slice(from, from + options.batch), from)));
  }
  return played;
}

async function playBatch(options: MatchupOptions, seats: readonly Seating[], from: number): Promise<MatchupNegotiation[]> {
  const { game, players, seed, signal } = options;
  const seated = seats.map(({ seated: [a, b] }): Pair<Player> => [players[a]!, players[b]!]);
  const positions = openingsOf(options, seats);
  const uniforms = numberedFrom(random(seed, 'match-up token'), from);
  const table = new Table({ game, positions, players: seated, uniforms, ...(signal && { signal }) });
  try {
    const played = await play(positions, (pending) => table.answer(pending));
    const { transcripts } = table;
    const references = await askReferences(seated, transcripts, signal);
    return played.map((negotiation, n) => ({
      ...negotiation,
      ...seats[n]!,
      transcripts: transcripts[n]!,
      references: references[n]!,
    }));
  } finally {
    table.close();
  }
}

/** A stream whose forks by negotiation count from an offset, so that draws do not depend on how negotiations are batched. */
function numberedFrom(base: Random, offset: number): Random {
  const shift = (part: string | number): string | number => (typeof part === 'number' ? part + offset : part);
  return {
    ...base,
    // Scripted players put a word before the negotiation.
    fork: (first, ...rest) =>
      typeof first === 'string' ? base.fork(first, shift(rest[0]!), ...rest.slice(1)) : base.fork(shift(first!), ...rest),
  };
}
