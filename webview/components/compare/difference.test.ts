import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TurnView } from '../../../src/protocol/webview';
import { negotiationOf } from '../../../test/webview/world';
import type { WorldRun } from '../../../test/webview/worldPlay';
import { parting, stepsOf, summary } from './difference';

const aa: WorldRun = { id: 'aa', game: 'trust-and-split', algorithm: 'aa', seed: 3, iterations: 400 };
const first = negotiationOf(aa, 120, 4)!.turns;
const second = negotiationOf({ ...aa, id: 'rl', algorithm: 'rl' }, 120, 4)!.turns;
const third = negotiationOf(aa, 20, 4)!.turns;

describe('stepsOf', () => {
  it('pairs turns of the same round, seat and kind, and marks what differs from the first column', () => {
    const steps = stepsOf([first, second, third]);
    expect(steps).toHaveLength(first.length);
    for (const { turns, indices, differences } of steps) {
      const [left] = turns;
      turns.forEach((turn, column) => {
        expect([turn!.round, turn!.seat, turn!.kind]).toEqual([left!.round, left!.seat, left!.kind]);
        expect([first, second, third][column]![indices[column]!]).toBe(turn);
        expect(differences[column] === 'same').toBe(left!.text === turn!.text && left!.valid === turn!.valid);
        if (differences[column] === 'action') expect(turn!.kind).toBe('action');
      });
    }
  });

  it('finds nothing to mark against itself', () => {
    const steps = stepsOf([first, first, first]);
    expect(steps.flatMap(({ differences }) => differences).every((difference) => difference === 'same')).toBe(true);
    expect(summary(steps, 2)).toBe('The same, to the letter.');
    expect(parting(steps, 1)).toBe(-1);
  });

  it('loses no turn of any column and keeps the rounds in order, whatever is missing', () => {
    const some = (turns: readonly TurnView[]) => fc.subarray([...turns]);
    fc.assert(
      fc.property(some(first), some(second), some(third), (...columns) => {
        const steps = stepsOf(columns);
        columns.forEach((turns, column) => {
          const shown = steps.flatMap(({ turns: row }) => row[column] ?? []);
          expect(new Set(shown)).toEqual(new Set(turns));
          expect(shown).toHaveLength(turns.length);
        });
        const rounds = steps.map(({ round }) => round);
        expect(rounds).toEqual([...rounds].sort((a, b) => a - b));
      }),
      { numRuns: 40 },
    );
  });

  it('marks what only one side has', () => {
    const steps = stepsOf([first.slice(0, 6), second]);
    expect(steps).toHaveLength(second.length);
    expect(steps.at(-1)).toMatchObject({ indices: [-1, second.length - 1], differences: ['same', 'missing'] });
  });

  it('says per column from which turn on it parts, and how much differs', () => {
    const steps = stepsOf([first, second, third]);
    expect(summary(steps, 1)).toMatch(
      /^Parts in round \d+, at (Alice|Bob)’s (message|action): \d+ of 20 actions and \d+ of 20 messages differ\.$/,
    );
    const at = parting(steps, 2);
    expect(steps[at]!.differences[2]).not.toBe('same');
    expect(steps.slice(0, at).every(({ differences }) => differences[2] === 'same')).toBe(true);
    expect(summary([], 1)).toBe('');
  });
});
