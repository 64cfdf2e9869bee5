import { AGENT_NAMES } from '../../../src/domain/seat';
import type { TurnView } from '../../../src/protocol/webview';

/** A column's turn against the first column's: the same words, other words, another action, or only one of them there. */
export type Difference = 'same' | 'words' | 'action' | 'missing';

/** One step of the comparison: what every column has at the same round, seat and kind. */
export interface Step {
  readonly round: number;
  /** Per column; null where it has no such turn. */
  readonly turns: readonly (TurnView | null)[];
  /** Index of the turn among its column's; −1 where it has none. */
  readonly indices: readonly number[];
  /** Per column, against the first; the first's own are `same`. */
  readonly differences: readonly Difference[];
}

/** Pairs the columns' turns of the same round, seat and kind, in order of play; what the first column lacks stands in its round. */
export function stepsOf(columns: readonly (readonly TurnView[])[]): Step[] {
  const rows: { readonly round: number; readonly indices: number[] }[] = [];
  const byKey = new Map<string, { readonly indices: number[] }>();
  columns.forEach((turns, column) => {
    const seen = new Map<string, number>();
    turns.forEach((turn, index) => {
      const kind = `${turn.round}/${turn.seat}/${turn.kind}`;
      const count = seen.get(kind) ?? 0;
      seen.set(kind, count + 1);
      const key = `${kind}/${count}`;
      let row = byKey.get(key);
      if (row === undefined) {
        const added = { round: turn.round, indices: columns.map(() => -1) };
        const after = rows.findLastIndex(({ round }) => round <= turn.round);
        rows.splice(after + 1, 0, added);
        byKey.set(key, added);
        row = added;
      }
      row.indices[column] = index;
    });
  });
  return rows.map(({ round, indices }) => {
    const turns = indices.map((index, column) => columns[column]?.[index] ?? null);
    const first = turns[0] ?? null;
    return { round, turns, indices, differences: turns.map((turn, column) => (column === 0 ? 'same' : differenceOf(first, turn))) };
  });
}

function differenceOf(first: TurnView | null, turn: TurnView | null): Difference {
  if (first === null && turn === null) return 'same';
  if (first === null || turn === null) return 'missing';
  if (first.text === turn.text && first.valid === turn.valid) return 'same';
  return first.kind === 'action' ? 'action' : 'words';
}

/** The step from which a column goes its own way; −1 if it never does. */
export function parting(steps: readonly Step[], column: number): number {
  return steps.findIndex(({ differences }) => (differences[column] ?? 'same') !== 'same');
}

/** What differs between a column and the first, in a sentence. */
export function summary(steps: readonly Step[], column: number): string {
  const both = steps.filter(({ turns }) => turns[0] !== null && (turns[column] ?? null) !== null);
  if (both.length === 0) return '';
  const first = steps[parting(steps, column)];
  if (first === undefined) return 'The same, to the letter.';
  const count = (kind: TurnView['kind']): readonly [differ: number, total: number] => {
    const these = both.filter(({ turns }) => turns[0]?.kind === kind);
    return [these.filter(({ differences }) => differences[column] !== 'same').length, these.length];
  };
  const [actions, ofActions] = count('action');
  const [messages, ofMessages] = count('message');
  const parts = [`${actions} of ${ofActions} actions`, ...(ofMessages === 0 ? [] : [`${messages} of ${ofMessages} messages`])];
  const turn = first.turns[column] ?? first.turns[0];
  const where = turn === null || turn === undefined ? '' : `, at ${AGENT_NAMES[turn.seat]}’s ${turn.kind}`;
  return `Parts in round ${first.round + 1}${where}: ${parts.join(' and ')} differ.`;
}
