import { type PlayedNegotiation, play } from '../../domain/rollout';
import { type Pair, pair } from '../../domain/seat';
import type { TurnRow } from '../../protocol/rollouts';
import type { SeatTranscript, TokenTurn } from '../seats';
import { type MatchupNegotiation, type MatchupOptions, openingsOf, type PlayedMatchup, seatsOfPair } from './matchups';

/** The columns that a match-up is made again from. */
export const READ_COLUMNS = [
  'negotiation',
  'turn',
  'seat',
  'text',
  'prompt_token_ids',
  'token_ids',
  'log_probs',
  'reference_log_probs',
  'entropies',
  'valid_mass',
] as const satisfies readonly (keyof TurnRow)[];

type Row = Pick<TurnRow, (typeof READ_COLUMNS)[number]>;

/**
 * A match-up as it was when it was played, from its rows: the game is dealt again and takes the same turns, so that every outcome
 * is the game's own; tokens and their numbers are those on record. Null where the rows are not a whole match-up of this game.
 */
export async function rebuildMatchup(rows: readonly Row[], players: Pair<number>, options: MatchupOptions): Promise<PlayedMatchup | null> {
  const seats = seatsOfPair(options.negotiations, players);
  const byNegotiation = seats.map((): Row[] => []);
  for (const row of rows) {
    const turns = byNegotiation[row.negotiation];
    if (turns?.length !== row.turn) return null;
    turns.push(row);
  }
  let isWhole = true;
  const played = await play(openingsOf(options, seats), async (pending) =>
    pending.map(({ negotiation, turn, seat }) => {
      const row = byNegotiation[negotiation]![turn];
      isWhole &&= row?.seat === seat;
      return row?.text ?? '';
    }),
  );
  isWhole &&= played.every(({ turns }, n) => turns.length === byNegotiation[n]!.length);
  if (!isWhole) return null;
  const negotiations = played.map((negotiation, n) => ({
    ...negotiation,
    ...seats[n]!,
    ...tokensOf(negotiation, byNegotiation[n]!, options, seats[n]!),
  }));
  return { players, negotiations };
}

type Tokens = Pick<MatchupNegotiation, 'transcripts' | 'references'>;

function tokensOf(
  { turns }: PlayedNegotiation,
  rows: readonly Row[],
  { players }: MatchupOptions,
  { seated }: Pick<MatchupNegotiation, 'seated'>,
): Tokens {
  const own = pair((seat) => (players[seated[seat]]?.kind === 'policy' ? rows.filter((_, t) => turns[t]!.seat === seat) : null));
  return {
    transcripts: pair((seat) => own[seat] && transcriptOf(own[seat])),
    references: pair((seat) => {
      const references = own[seat]?.map((row) => Float32Array.from(row.reference_log_probs));
      return references?.some(({ length }) => length > 0) ? references : null;
    }),
  };
}

/** Masks are not on record; nothing is trained or scored here that would need them. */
function transcriptOf(rows: readonly Row[]): SeatTranscript {
  const tokens: number[] = [];
  const turns = rows.map((row): TokenTurn => {
    for (const token of row.prompt_token_ids) tokens.push(token);
    const start = tokens.length;
    for (const token of row.token_ids) tokens.push(token);
    // No numbers at all where the engine could not tell.
    const mass = row.valid_mass.length === row.token_ids.length ? row.valid_mass : row.token_ids.map(() => Number.NaN);
    return {
      turn: row.turn,
      read: row.prompt_token_ids,
      start,
      tokens: Int32Array.from(row.token_ids),
      logProbs: Float32Array.from(row.log_probs),
      validMass: Float32Array.from(mass),
      entropy: Float32Array.from(row.entropies),
      masks: row.token_ids.map(() => null),
    };
  });
  return { tokens, turns };
}
