import type { TurnView } from '../../../src/protocol/webview';

/** A turn and its index among the negotiation's turns. */
export interface IndexedTurn {
  readonly turn: TurnView;
  readonly index: number;
}

/** A line of the two-column transcript: what both seats did at once stands side by side, what was said in turn does not. */
export type TurnLine = readonly [alice: IndexedTurn | null, bob: IndexedTurn | null];

/** Turns of one round. */
export interface RoundTurns {
  readonly round: number;
  readonly turns: readonly IndexedTurn[];
  readonly lines: readonly TurnLine[];
}

/** The turns by round, rounds in order of play. */
export function roundsOf(turns: readonly TurnView[]): RoundTurns[] {
  const rounds = new Map<number, IndexedTurn[]>();
  turns.forEach((turn, index) => {
    const known = rounds.get(turn.round);
    if (known === undefined) rounds.set(turn.round, [{ turn, index }]);
    else known.push({ turn, index });
  });
  return [...rounds].map(([round, indexed]) => ({ round, turns: indexed, lines: linesOf(indexed) }));
}

/** Two actions of different seats in a row were made at once; everything else has a line of its own. */
function linesOf(turns: readonly IndexedTurn[]): TurnLine[] {
  const lines: TurnLine[] = [];
  for (let i = 0; i < turns.length; i++) {
    const first = turns[i]!;
    const second = turns[i + 1];
    if (first.turn.kind === 'action' && second?.turn.kind === 'action' && second.turn.seat !== first.turn.seat) {
      lines.push(first.turn.seat === 0 ? [first, second] : [second, first]);
      i++;
    } else lines.push(first.turn.seat === 0 ? [first, null] : [null, first]);
  }
  return lines;
}
