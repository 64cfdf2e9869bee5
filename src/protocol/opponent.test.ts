import { describe, expect, it } from 'vitest';
import { hasChatOpponent, hasFixedOpponent, isOpponentPath, learnerReward, metFixedOpponent, opponentName } from './opponent';

describe('an opponent', () => {
  it.each([
    ['self', 'self', false],
    ['seed', 'seed', false],
    ['scripted:random(0.5)', 'scripted:random(0.5)', false],
    ['api:lab', 'api:lab', false],
    ['/runs/ipd-aa@200', 'ipd-aa@200', true],
    ['/adapters/aa/', 'aa', true],
    ['C:\\runs\\ipd-aa@200', 'ipd-aa@200', true],
    ['runs/aa', 'aa', true],
    // A folder that is called as the learner is would pass for it.
    ['/models/policy', '/models/policy', true],
  ])('%s is called %s', (opponent, name, path) => {
    expect([opponentName(opponent), isOpponentPath(opponent)]).toEqual([name, path]);
    expect(hasFixedOpponent({ opponent })).toBe(opponent !== 'self');
    expect(hasChatOpponent({ opponent })).toBe(opponent === 'api:lab');
  });

  it('leaves the learner’s reward to the learner', () => {
    expect(learnerReward({ opponent: 'self' }, { meanReward: [1, 3] })).toBe(2);
    expect(learnerReward({ opponent: 'seed' }, { meanReward: [1, 3] })).toBe(1);
    expect(learnerReward({ opponent: 'seed' }, { meanReward: null })).toBeNull();
  });

  it('shows in who sat across from the live policy', () => {
    const met = (...player: [string, string]): boolean =>
      metFixedOpponent({
        negotiations: {
          group: [0],
          reward: [[0], [0]],
          efficiency: [0],
          player: [[player[0]], [player[1]]],
          invalid: [0],
          credit: [[0], [0]],
        },
      });
    expect([met('policy', 'policy'), met('policy', 'snapshot:40'), metFixedOpponent({})]).toEqual([false, false, false]);
    expect([met('policy', 'scripted:greedy'), met('aa@200', 'policy')]).toEqual([true, true]);
  });
});
