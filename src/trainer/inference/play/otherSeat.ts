import type { GameId, Negotiation } from '../../../domain/games/game';
import type { Random } from '../../../domain/random';
import type { PendingTurn } from '../../../domain/rollout';
import { type Pair, pair, type Seat } from '../../../domain/seat';
import { ChatPlayer } from '../../../engine/chat-api/chatPlayer';
import { PERSON } from '../../../protocol/play';
import type { Player, ScriptedSeatPlayer } from '../../players/player';
import { Table } from '../../players/table';
import type { SeatTranscript } from '../../seats';

/** Whoever sits across from a person. */
export interface OtherSeat {
  /** One text for each of its turns that is due, in their order. @throws whatever kept it from answering */
  answer(pending: readonly PendingTurn[], signal: AbortSignal): Promise<readonly string[]>;
  /** Whether it can be asked again for a turn that it did not answer. */
  readonly patient: boolean;
  /** What it read and said as tokens; null for a player without tokens of its own. */
  readonly transcript: SeatTranscript | null;
  close(): void;
}

/** What it plays. */
export interface OtherSeatOptions {
  readonly game: GameId;
  readonly position: Negotiation;
  readonly seat: Seat;
  /** Draws are keyed from here as at any table. */
  readonly uniforms: Random;
}

/** The person's chair at a table that answers for the other seat alone. */
export const PERSONS_CHAIR: ScriptedSeatPlayer = {
  kind: 'scripted',
  name: PERSON,
  player: {
    name: PERSON,
    reply: () => {
      throw new RangeError('nobody answers for a person');
    },
  },
};

/** Seats a player across from a person. */
export function otherSeat(player: Player, { game, position, seat, uniforms }: OtherSeatOptions): OtherSeat {
  if (player.kind === 'chat') {
    // Not through a table, which is done with once a player failed: an endpoint may just be busy.
    const chat = new ChatPlayer(player.client, player);
    return { answer: (pending, signal) => chat.answer(pending, signal), patient: true, transcript: null, close: () => undefined };
  }
  const stop = new AbortController();
  const players: Pair<Player> = pair((at) => (at === seat ? player : PERSONS_CHAIR));
  const table = new Table({ game, positions: [position], players: [players], uniforms, signal: stop.signal });
  return {
    answer: async (pending, signal) => {
      const onAbort = (): void => stop.abort(signal.reason);
      if (signal.aborted) onAbort();
      signal.addEventListener('abort', onAbort, { once: true });
      try {
        return await table.answer(pending);
      } finally {
        signal.removeEventListener('abort', onAbort);
      }
    },
    patient: false,
    get transcript() {
      return table.transcripts[0]?.[seat] ?? null;
    },
    close: () => table.close(),
  };
}
