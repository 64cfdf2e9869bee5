import { describe, expect, it } from 'vitest';
import type { Algorithm } from '../../../src/protocol/runConfig';
import { negotiationOf } from '../../../test/webview/world';
import type { WorldRun } from '../../../test/webview/worldPlay';
import { derivation, reading, weightBars } from './explain';
import { groupRows } from './groupRows';

const view = (algorithm: Algorithm) => {
  const run: WorldRun = { id: algorithm, game: 'ipd', algorithm, seed: 4, iterations: 200 };
  return negotiationOf(run, 60, 11)!;
};

describe('weightBars', () => {
  it.each(['aa', 'aa-jit'] as const)('sums to the weight that %s used, in every turn', (algorithm) => {
    const negotiation = view(algorithm);
    for (const turn of negotiation.turns) {
      const sum = weightBars(negotiation, turn.seat, turn.round).reduce((total, bar) => total + bar.contribution, 0);
      expect(sum).toBeCloseTo(turn.credit!.weight, 9);
    }
  });
  it('has none where there is no past in the credit', () => {
    expect(weightBars(view('rl'), 0, 5)).toEqual([]);
    expect(weightBars(view('sum'), 0, 5)).toEqual([]);
  });
});

describe('derivation', () => {
  it.each(['rl', 'aa', 'aa-jit', 'sum'] as const)('ends with the credit of %s, in its own formula', (algorithm) => {
    const negotiation = view(algorithm);
    const { credit } = negotiation.turns[9]!;
    const lines = derivation(negotiation, credit!);
    expect(lines.at(-1)).toMatchObject({
      kind: 'credit',
      result: `${credit!.credit < 0 ? '−' : '+'}${Math.abs(credit!.credit).toFixed(2)}`,
    });
    expect(lines.map((line) => line.kind)).toEqual(
      {
        rl: ['own', 'credit'],
        sum: ['own', 'aligned', 'credit'],
        aa: ['own', 'weight', 'aligned', 'credit'],
        'aa-jit': ['own', 'weight', 'aligned', 'credit'],
      }[algorithm],
    );
    expect(lines.find((line) => line.kind === 'weight')?.symbols.includes('k<t')).toBe(
      algorithm === 'aa' ? true : algorithm === 'aa-jit' ? false : undefined,
    );
  });
  it('says in words what the signs say', () => {
    const negotiation = view('aa');
    const turn = negotiation.turns.find(({ credit, round }) => round > 2 && credit!.weight > 0.2 && credit!.opponent < -0.2)!;
    expect(reading(negotiation, turn, turn.credit!)).toContain('failing to answer in kind is debited');
    expect(reading(negotiation, negotiation.turns[0]!, negotiation.turns[0]!.credit!)).toContain('no past to answer to');
  });
});

describe('groupRows', () => {
  it('holds the whole seed group in order, and own advantages that average to nothing', () => {
    const negotiation = view('aa');
    const rows = groupRows(negotiation, negotiation.turns[6]!);
    expect(rows.map((row) => row.negotiation)).toEqual([8, 9, 10, 11, 12, 13, 14, 15]);
    expect(rows.filter((row) => row.here).map((row) => row.negotiation)).toEqual([11]);
    expect(rows.reduce((sum, row) => sum + row.own!, 0)).toBeCloseTo(0, 9);
  });
});
