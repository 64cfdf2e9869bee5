import { describe, expect, it } from 'vitest';
import { sampleConfig, sampleRows } from '../../test/runs/sampleRun';
import { negotiationView } from './negotiation';
import { outlineOf } from './outline';

const config = sampleConfig();
const rows = sampleRows(config, 1);
const turns = rows.filter((row) => row.negotiation === 3);
const group = rows.filter((row) => row.seed_group === 1);
const place = { run: 'sample', iteration: 1, negotiation: 3 };

describe('negotiationView', () => {
  const view = negotiationView(place, config, turns, group);

  it('pairs both seats of every round', () => {
    expect(view?.rounds).toEqual(
      [0, 1].map((round) => ({
        round,
        deal: { quantities: [], values: [[], []] },
        actions: [
          { kind: 'choice', choice: 'A' },
          { kind: 'choice', choice: 'B' },
        ],
        rewards: [0, 5],
        shares: [[], []],
        bestJointReward: 6,
      })),
    );
  });

  it('names in one line a cell that is not what it has to be', () => {
    const spoiled = (change: object): (() => unknown) => {
      const [first, ...rest] = turns;
      return () => negotiationView(place, config, [{ ...first!, ...change }, ...rest], group);
    };
    expect(spoiled({ action: '{"kind":"choice","choice":"C"}' })).toThrow(
      /^the action of turn 0 in negotiation 3 is none \(choice: [^\n]*\): the rollout file was damaged, or written by another program: restore it/,
    );
    expect(spoiled({ deal: '{' })).toThrow(/^the deal of turn 0 in negotiation 3 is none \([^\n]*\): /);
    expect(spoiled({ share: '"x"' })).toThrow(/^the share of turn 0 /);
  });

  it('fills the seed group in and lists its other negotiations, by round and seat', () => {
    expect(view?.place).toEqual({ ...place, group: 1 });
    expect(view?.members.map(({ negotiation }) => negotiation)).toEqual([2]);
    expect(view?.members[0]).toMatchObject({
      players: ['policy', 'policy'],
      rewards: [
        [3, 3],
        [3, 3],
      ],
      own: [
        [0.5, 0.5],
        [1.5, 1.5],
      ],
      credits: [
        [0.5, 0.625],
        [1.5, 1.625],
      ],
      actions: [
        ['A', 'A'],
        ['A', 'A'],
      ],
    });
  });

  it('gives each turn its credit, own advantage and alignment term apart', () => {
    expect(view?.turns[3]).toMatchObject({
      turn: 3,
      round: 1,
      seat: 1,
      tokens: { texts: ['B', '<end>'], forced: [false, true] },
      credit: { return: 2, baseline: 0.25, own: 1.75, opponent: 0.5, weight: 0.5, alignment: 0.125, credit: 1.875 },
    });
  });

  it('works the credit out where no token carries it, by the algorithm of the run', () => {
    const bare = turns.map((row) => ({ ...row, own_advantage: [], alignment_term: [], credit: [], weight: 2 }));
    const creditWith = (algorithm: 'rl' | 'aa' | 'sum') =>
      negotiationView(place, { ...config, algorithm }, bare, [])?.turns[0]?.credit?.credit;
    // own = return − baseline = 0.75; the opponent's advantage is 0.5; β is 0.5.
    expect(creditWith('rl')).toBe(0.75);
    expect(creditWith('aa')).toBe(0.75 + 0.5 * 2 * 0.5);
    expect(creditWith('sum')).toBe(0.75 + 0.5);
  });

  it('carries the numbers that the formula of the credit is filled with', () => {
    const settings = { ...config, algorithm: 'aa-jit' as const, gamma: 0.9, beta: 2, rewardScale: 3 };
    for (const matchedGamma of [true, false]) {
      expect(negotiationView(place, { ...settings, matchedGamma }, turns, group)).toMatchObject({
        algorithm: 'aa-jit',
        gamma: 0.9,
        beta: 2,
        rewardScale: 3,
        matchedGamma,
      });
    }
  });

  it('leaves a round out in which a seat has not acted', () => {
    expect(negotiationView(place, config, turns.slice(0, 3), group)?.rounds).toHaveLength(1);
  });

  it('is null where there are no turns', () => {
    expect(negotiationView(place, config, [], group)).toBeNull();
  });
});

describe('outlineOf', () => {
  it('lists rounds with choices and rewards, and turns with words and credits', () => {
    const { rounds } = outlineOf(turns, config);
    expect(rounds).toHaveLength(2);
    expect(rounds[1]).toEqual({
      round: 1,
      actions: ['A', 'B'],
      rewards: [0, 5],
      turns: [
        { turn: 2, seat: 0, text: 'A', valid: true, credit: 0.875 },
        { turn: 3, seat: 1, text: 'B', valid: true, credit: 1.875 },
      ],
    });
  });
});
