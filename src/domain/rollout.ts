import type { Negotiation, TurnRequest } from './games/game';
import type { Seat } from './seat';

/** A turn that is due. */
export interface PendingTurn {
  /** Index into the negotiations that were passed in. */
  readonly negotiation: number;
  readonly seat: Seat;
  /** 0-based place in the negotiation; simultaneous actions follow each other in seat order. */
  readonly turn: number;
  readonly request: TurnRequest;
}

/** A turn that was taken. */
export interface PlayedTurn {
  readonly turn: number;
  /** 0-based. */
  readonly round: number;
  readonly seat: Seat;
  readonly kind: 'message' | 'action';
  /** What the seat was newly shown before it. */
  readonly observation: string;
  readonly text: string;
  /** False for an action that did not parse; a message is never invalid. */
  readonly valid: boolean;
}

/** A negotiation with all that led to its position from where `play` took it up. */
export interface PlayedNegotiation {
  readonly negotiation: Negotiation;
  readonly turns: readonly PlayedTurn[];
}

/** How far to play, and where turns are counted from. */
export interface PlayOptions {
  /** Stops before this 0-based round, or before these, `[negotiation]`; plays to the end unless given. */
  readonly untilRound?: number | readonly number[];
  /** Turns taken before, `[negotiation]`, where negotiations are taken up in the middle; 0 unless given. */
  readonly turnsBefore?: readonly number[];
}

/**
 * Plays negotiations in lockstep: in every step, all turns that are due in any of them are answered together.
 * @param answer returns one text for each pending turn, in their order.
 * @throws RangeError when it returns another number of texts.
 */
export async function play(
  negotiations: readonly Negotiation[],
  answer: (pending: readonly PendingTurn[]) => Promise<readonly string[]>,
  options: PlayOptions = {},
): Promise<PlayedNegotiation[]> {
  const positions = [...negotiations];
  const turns = negotiations.map((): PlayedTurn[] => []);
  const until = (n: number): number =>
    (typeof options.untilRound === 'object' ? options.untilRound[n] : options.untilRound) ?? Number.POSITIVE_INFINITY;
  for (;;) {
    const pending = positions.flatMap((position, n) =>
      position.round < until(n) ? due(position, n, (options.turnsBefore?.[n] ?? 0) + turns[n]!.length) : [],
    );
    if (pending.length === 0) return positions.map((negotiation, n) => ({ negotiation, turns: turns[n]! }));
    const texts = await answer(pending);
    if (texts.length !== pending.length) throw new RangeError(`${pending.length} turns were due, ${texts.length} texts were given`);
    let next = 0;
    while (next < pending.length) {
      const n = pending[next]!.negotiation;
      const before = positions[n]!;
      const replies = texts.slice(next, next + before.requests.length);
      const after = before.advance(replies);
      positions[n] = after;
      const finished = after.rounds.length > before.rounds.length ? after.rounds.at(-1) : undefined;
      for (const [i, text] of replies.entries()) {
        const { turn, seat, request } = pending[next + i]!;
        const valid = request.kind === 'message' || finished === undefined || finished.valid[seat];
        turns[n]!.push({ turn, round: before.round, seat, kind: request.kind, observation: request.observation, text, valid });
      }
      next += replies.length;
    }
  }
}

function due(position: Negotiation, negotiation: number, turnsBefore: number): PendingTurn[] {
  return position.requests.map((request, i) => ({ negotiation, seat: request.seat, turn: turnsBefore + i, request }));
}
