import type { TurnView } from '../../../src/protocol/webview';

/** Two columns' turns at one step: the same words, other words, another action, or only one of them there. */
export type Difference = 'same' | 'words' | 'action' | 'missing';

/** One step of the comparison. */
export interface Step {
  readonly left: TurnView | null;
  readonly right: TurnView | null;
  /** Indices among each side's turns. */
  readonly leftIndex: number;
  readonly rightIndex: number;
  readonly difference: Difference;
}

/** Pairs the turns of the same round, seat and kind, in order of play; what has no counterpart stands alone. */
export function stepsOf(left: readonly TurnView[], right: readonly TurnView[]): Step[] {
  const waiting = new Map<string, number[]>();
  const key = (turn: TurnView): string => `${turn.round}/${turn.seat}/${turn.kind}`;
  right.forEach((turn, index) => {
    const known = waiting.get(key(turn));
    if (known === undefined) waiting.set(key(turn), [index]);
    else known.push(index);
  });
  const steps = left.map((turn, leftIndex): Step => {
    const rightIndex = waiting.get(key(turn))?.shift() ?? -1;
    const across = right[rightIndex] ?? null;
    return { left: turn, right: across, leftIndex, rightIndex, difference: differenceOf(turn, across) };
  });
  for (const [, indices] of waiting) {
    for (const rightIndex of indices) {
      const turn = right[rightIndex]!;
      const before = steps.findLastIndex((step) => (step.left?.round ?? step.right?.round ?? 0) <= turn.round);
      steps.splice(before + 1, 0, { left: null, right: turn, leftIndex: -1, rightIndex, difference: 'missing' });
    }
  }
  return steps;
}

function differenceOf(left: TurnView, right: TurnView | null): Difference {
  if (right === null) return 'missing';
  if (left.text === right.text && left.valid === right.valid) return 'same';
  return left.kind === 'action' ? 'action' : 'words';
}

/** What differs, in a sentence or two. */
export function summary(all: readonly Step[]): string {
  const both = all.filter((step) => step.left !== null && step.right !== null);
  const count = (kind: TurnView['kind']): readonly [differ: number, total: number] => {
    const these = both.filter((step) => step.left?.kind === kind);
    return [these.filter((step) => step.difference !== 'same').length, these.length];
  };
  const first = both.find((step) => step.difference !== 'same');
  if (first?.left === undefined || first.left === null)
    return both.length === 0 ? '' : 'Both policies said and did the same, to the letter.';
  const [actions, ofActions] = count('action');
  const [messages, ofMessages] = count('message');
  const parts = [`${actions} of ${ofActions} actions`, ...(ofMessages === 0 ? [] : [`${messages} of ${ofMessages} messages`])];
  return `They part in round ${first.left.round + 1}: ${parts.join(' and ')} differ.`;
}
