import type { Negotiation } from '../domain/games/game';
import type { Random } from '../domain/random';
import { type PendingTurn, type PlayedNegotiation, play } from '../domain/rollout';
import type { Pair } from '../domain/seat';
import type { Engine, Policy } from '../engine/engine';
import { Seats, type SeatTranscript, type SpeechSettings } from './seats';

/** A negotiation that was played, with what each seat read and said as tokens; nothing where the player has none of its own. */
export interface PlayedTranscript extends PlayedNegotiation {
  readonly transcripts: Pair<SeatTranscript>;
}

/** What self-play, or play against a fixed opponent, produced. */
export interface SelfPlay {
  readonly negotiations: readonly PlayedTranscript[];
  /** Failed attempts that were discarded. */
  readonly retries: number;
  /** Tokens drawn, discarded ones included. */
  readonly sampledTokens: number;
}

/** Turns that were just taken, in the order of `pending`; for the eye only. */
export type TurnListener = (
  pending: readonly PendingTurn[],
  texts: readonly string[],
  transcripts: readonly Pair<SeatTranscript>[],
) => void;

/** What is played, and by whom. */
export interface SelfPlayOptions {
  readonly engine: Engine;
  readonly positions: readonly Negotiation[];
  /** `[negotiation][seat]`. */
  readonly policies: readonly Pair<Policy>[];
  readonly speech: SpeechSettings;
  /** Token draws are keyed from here by (negotiation, seat, turn, attempt), then by token. */
  readonly uniforms: Random;
  readonly capacity: number;
  readonly signal?: AbortSignal;
  readonly onTurns?: TurnListener;
}

/** Plays negotiations to their end, all live ones together, one sampling call a policy and step. */
export async function selfPlay(options: SelfPlayOptions): Promise<SelfPlay> {
  const seats = new Seats(options);
  try {
    const played = await play(options.positions, async (pending) => {
      const texts = await seats.answer(pending);
      options.onTurns?.(pending, texts, seats.transcripts);
      return texts;
    });
    const { transcripts, retries, sampledTokens } = seats;
    return { negotiations: played.map((negotiation, n) => ({ ...negotiation, transcripts: transcripts[n]! })), retries, sampledTokens };
  } finally {
    seats.close();
  }
}
