import { describe, expect, it } from 'vitest';
import type { Distributions } from '../../../src/protocol/branches';
import { saysRows, share } from './layout';

const said: Distributions = {
  isMasked: true,
  temperature: 1,
  tokens: [
    { id: 1, text: 'A', isSaid: false, isAllowed: true },
    { id: 2, text: 'B', isSaid: true, isAllowed: true },
    { id: 3, text: 'play', isSaid: false, isAllowed: false },
    { id: 4, text: 'you', isSaid: false, isAllowed: false },
  ],
  policies: [
    { name: 'aa@10', free: [0.7, 0.0009, 0.2, 0.001], masked: [0.9987, 0.0013, 0, 0], rest: [0.0981, 0], entropy: 0.8, validMass: 0.7009 },
    { name: 'rl@10', free: [0.1, 0.85, 0.03, 0.0015], masked: [0.105, 0.895, 0, 0], rest: [0.0185, 0], entropy: 0.5, validMass: 0.95 },
  ],
};

describe('what they would say', () => {
  it('shows what is likely by any policy and what was said, and sums up the rest', () => {
    const rows = saysRows(said);
    expect(rows.map(({ token }) => token?.text)).toEqual(['A', 'B', 'play', undefined]);
    expect(rows[0]!.bars).toEqual([{ sampled: 0.9987, other: 0.7 }, { sampled: 0.105, other: 0.1 }]); // biome-ignore format: one line
    for (const p of [0, 1]) {
      const sum = (read: (bar: (typeof rows)[number]['bars'][number]) => number) =>
        rows.reduce((total, { bars }) => total + read(bars[p]!), 0);
      expect(sum(({ sampled }) => sampled)).toBeCloseTo(1, 10);
      expect(sum(({ other }) => other!)).toBeCloseTo(1, 10);
    }
  });

  it('puts the free distribution first where the run samples freely, and does without a mask that nobody knows', () => {
    expect(saysRows({ ...said, isMasked: false })[1]!.bars[1]).toEqual({ sampled: 0.85, other: 0.895 });
    const unknown = saysRows({
      ...said,
      policies: said.policies.map((policy) => ({ ...policy, masked: null, rest: [policy.rest[0], null] })),
    });
    expect(unknown[1]!.bars[1]).toEqual({ sampled: 0.85, other: null });
  });

  it('writes shares so that little is not nothing', () => {
    expect([1, 0.8951, 0.0004, 0, null].map(share)).toEqual(['100.0 %', '89.5 %', '<0.1 %', '0.0 %', '–']);
  });
});
