import { describe, expect, it } from 'vitest';
import { VOCABULARY } from '../../domain/games';
import { PRETRAINING_MIXES } from '../../domain/players';
import { EMBEDDED_POLICIES } from '../../runs/embeddedPolicy';
import { learningRate, POLICIES, pretrainedGames, stageLessons } from './schedule';

/** What the shipped bytes of `seed` and `seed-sharing` were made from. */
const SHIPPED = {
  seed: { broad: { ipd: 12 }, final: { ipd: 16 } },
  'seed-sharing': {
    broad: { ipd: 12, split: 6, 'trust-and-split': 14, 'trust-and-split-values': 6, 'deal-or-no-deal': 8 },
    final: { ipd: 16, split: 8, 'trust-and-split': 12, 'trust-and-split-values': 6, 'deal-or-no-deal': 10 },
  },
} as const;

describe('pretraining schedules', () => {
  it.each(['seed', 'seed-sharing'] as const)('%s is made by the steps, mixes and words that its bytes were made by', (folder) => {
    const { vocabulary, stages } = POLICIES[folder];
    expect(VOCABULARY.slice(0, vocabulary).at(-1)).toBe('r9');
    expect(stages.map(({ name, steps, learningRate: highest }) => [name, steps, highest])).toEqual([
      ['broad', 1500, 3e-3],
      ['final', 320, 1e-3],
    ]);
    for (const stage of stages) {
      const name = stage.name as 'broad' | 'final';
      const lessons = stageLessons(stage);
      expect(lessons.map(([game, { negotiations }]) => [game, negotiations])).toEqual(Object.entries(SHIPPED[folder][name]));
      for (const [game, { mix }] of lessons) expect(mix).toBe(PRETRAINING_MIXES[game][name]);
    }
  });

  it('teach every game to the policy that is there for it, in words that it knows', () => {
    for (const [game, folder] of Object.entries(EMBEDDED_POLICIES)) expect(pretrainedGames(POLICIES[folder])).toContain(game);
    for (const { vocabulary } of Object.values(POLICIES)) expect(vocabulary).toBeLessThanOrEqual(VOCABULARY.length);
  });

  it('warm up, hold and cool down', () => {
    const stage = { name: 's', steps: 100, learningRate: 2, games: {} };
    expect([1, 20, 60, 80, 100].map((step) => learningRate(stage, step))).toEqual([0.1, 2, 2, expect.closeTo(1.05), expect.closeTo(0.1)]);
  });
});
