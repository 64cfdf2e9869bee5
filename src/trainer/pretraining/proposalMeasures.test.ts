import { describe, expect, it } from 'vitest';
import { defaultGameSettings } from '../../domain/games';
import { dealOrNoDealRules } from '../../domain/games/deal-or-no-deal/dealOrNoDeal';
import { negotiate } from '../../domain/games/negotiation';
import { proposalMeasures } from './proposalMeasures';

/** Three items of one kind, four of another; both value all alike, and nobody talks. */
function played(...rounds: readonly (readonly [string, string])[]) {
  const settings = { ...defaultGameSettings('deal-or-no-deal'), rounds: rounds.length, messagesPerRound: 0 };
  const deal = () => ({
    quantities: [3, 4, 1],
    values: [
      [2, 1, 0],
      [2, 1, 0],
    ] as const,
    opener: 0 as const,
  });
  let position = negotiate(dealOrNoDealRules(settings, deal));
  for (const texts of rounds) position = position.advance(texts);
  return position.rounds;
}

describe('measures of proposals', () => {
  it('count agreement, greed, and greed that is repaid', () => {
    const rounds = played(['3 4 1', '0 0 0'], ['2 2 0', '3 4 1'], ['1 0 0', '2 4 1'], ['3 4 1', '1 1 1']);
    const measures = proposalMeasures([rounds]);
    expect(measures.agreed).toBeCloseTo(2 / 4);
    expect(measures.kept).toBeCloseTo((8 + 0 + 4 + 8 + 1 + 7 + 8 + 3) / 8 / 8);
    // After everything: Bob's everything in round 2, Alice's one item in round 3. After less: Alice's 4, Bob's 7, Alice's everything, Bob's 3.
    expect(measures.repaid).toBeCloseTo(1 / 2 - 1 / 4);
  });

  it('leave out what did not parse', () => {
    const measures = proposalMeasures([played(['9 9 9', '0 4 1'], ['3 4 1', 'no'])]);
    expect(measures.kept).toBeCloseTo((5 + 8) / 16);
    // Whoever says nothing that counts keeps nothing, which fits with keeping all.
    expect(measures.agreed).toBe(0.5);
    expect(measures.repaid).toBeNaN();
  });
});
