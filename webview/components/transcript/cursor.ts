import type { Place, TurnView } from '../../../src/protocol/webview';

/** Where the reader is in a negotiation: indices into its turns and into that turn's tokens. */
export interface Cursor {
  readonly turn: number;
  readonly token: number;
}

/** A step of the keyboard: tokens by arrows, turns by j/k, rounds by n/p. */
export type CursorMove =
  | 'nextToken'
  | 'previousToken'
  | 'firstToken'
  | 'lastToken'
  | 'nextTurn'
  | 'previousTurn'
  | 'nextRound'
  | 'previousRound';

/** The cursor that a place means; the first turn (of the place's round) where it names none. */
export function cursorAt(turns: readonly TurnView[], place: Place | null): Cursor | null {
  if (turns.length === 0) return null;
  let turn = turns.findIndex((candidate) => candidate.turn === place?.turn);
  if (turn < 0 && place?.round !== undefined) turn = turns.findIndex((candidate) => candidate.round === place.round);
  if (turn < 0) turn = 0;
  const tokens = turns[turn]!.tokens.texts.length;
  return { turn, token: Math.max(0, Math.min(place?.token ?? 0, tokens - 1)) };
}

/** The cursor after a move; null where there is nothing further that way. Arrows run on into the neighbouring turn. */
export function moved(turns: readonly TurnView[], from: Cursor, move: CursorMove): Cursor | null {
  const here = turns[from.turn];
  if (here === undefined) return null;
  const at = (turn: number, token = 0): Cursor | null => (turns[turn] === undefined ? null : { turn, token });
  const last = here.tokens.texts.length - 1;
  switch (move) {
    case 'nextToken':
      return from.token < last ? { turn: from.turn, token: from.token + 1 } : at(from.turn + 1);
    case 'previousToken': {
      if (from.token > 0) return { turn: from.turn, token: from.token - 1 };
      const before = turns[from.turn - 1];
      return before === undefined ? null : at(from.turn - 1, Math.max(0, before.tokens.texts.length - 1));
    }
    case 'firstToken':
      return { turn: from.turn, token: 0 };
    case 'lastToken':
      return { turn: from.turn, token: Math.max(0, last) };
    case 'nextTurn':
      return at(from.turn + 1);
    case 'previousTurn':
      return at(from.turn - 1);
    case 'nextRound':
      return at(turns.findIndex((turn, index) => index > from.turn && turn.round > here.round));
    case 'previousRound': {
      const start = turns.findIndex((turn) => turn.round === here.round);
      // As in a music player: to the start of this round first, then to the one before.
      if (from.turn > start) return at(start);
      const round = turns[start - 1]?.round;
      return round === undefined ? null : at(turns.findIndex((turn) => turn.round === round));
    }
  }
}
