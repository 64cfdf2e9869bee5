import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { GameId, Negotiation, RoundOutcome } from '../games/game';
import { defaultGameSettings, GAME_IDS, games } from '../games/index';
import { negotiate } from '../games/negotiation';
import { splitRules } from '../games/split/split';
import { handDeal } from '../games/trust-and-split/hands';
import { trustAndSplitRules } from '../games/trust-and-split/trustAndSplit';
import { random } from '../random';
import { bootstrapInterval, overSeeds, quantile, runIntervals } from './interval';
import { meanValidMass, measure } from './measures';
import { cooperateAfterProbe, planProbe } from './probe';

function playTexts(start: Negotiation, ...steps: (readonly string[])[]): readonly RoundOutcome[] {
  return steps.reduce((position, texts) => position.advance(texts), start).rounds;
}

describe('measure', () => {
  const COMMON = ['meanReward', 'jointReward', 'efficiency', 'validMass', 'entropy', 'kl'];
  const OWN: Record<GameId, string[]> = {
    ipd: ['cooperationRate', 'cooperateAfter'],
    split: ['keptWhenValuingLess', 'keptWhenValuingMore', 'keptAfter', 'contestedEfficiency'],
    'trust-and-split': ['keptWhenValuingLess', 'keptWhenValuingMore', 'keptAfter', 'statesHandRate', 'truthfulRate'],
    'trust-and-split-values': ['keptWhenValuingLess', 'keptWhenValuingMore', 'keptAfter'],
    'deal-or-no-deal': ['keptWhenValuingLess', 'keptWhenValuingMore', 'keptAfter'],
  };

  it.each(GAME_IDS)('%s: has the measures of the game, null where there is nothing to measure', (id) => {
    const measures = measure(id, []);
    expect(Object.keys(measures).sort()).toEqual([...COMMON, ...OWN[id]].sort());
    const { cooperateAfter, keptAfter, ...rest } = measures;
    expect(Object.values(rest).every((value) => value === null)).toBe(true);
    for (const group of [cooperateAfter, keptAfter?.less, keptAfter?.more])
      if (group) expect(Object.values(group)).toEqual([null, null, null, null, null]);
  });

  it('takes means over rounds', () => {
    const start = games.ipd.start({ ...defaultGameSettings('ipd'), rounds: 2 }, random(0));
    const rounds = playTexts(start, ['A', 'A'], ['B', 'A']);
    const measures = measure('ipd', [rounds], { validMass: 0.9, entropy: 0.5, kl: 0.1 });
    expect(measures).toEqual({
      meanReward: [4, 1.5],
      jointReward: 5.5,
      efficiency: (6 / 6 + 5 / 6) / 2,
      cooperationRate: 0.75,
      cooperateAfter: { start: 1, CC: 0.5, CD: null, DC: null, DD: null },
      validMass: 0.9,
      entropy: 0.5,
      kl: 0.1,
    });
  });

  it('counts units proposed by value, leaving out ties and invalid acts', () => {
    const rules = splitRules(defaultGameSettings('split'), () => ({
      quantities: [10, 10, 10],
      values: [
        [10, 1, 1],
        [1, 1, 10],
      ],
    }));
    const measures = measure('split', [playTexts(negotiate(rules), ['9 5 2', 'all of it'], ['8 1 4', '6 5 10'])]);
    expect(measures.keptWhenValuingMore).toBeCloseTo((9 + 8 + 10) / 3);
    expect(measures.keptWhenValuingLess).toBeCloseTo((2 + 4 + 6) / 3);
  });

  it('tells what was kept by what the other proposed for itself in the round before', () => {
    const rules = splitRules(defaultGameSettings('split'), () => ({
      quantities: [10, 10, 10],
      values: [
        [10, 1, 1],
        [1, 1, 10],
      ],
    }));
    // Alice values the first kind more, Bob the last; the table is 30.
    const rounds = playTexts(negotiate(rules), ['9 5 2', '0 0 3'], ['8 1 4', '10 10 10'], ['10 0 0', 'all of it'], ['7 7 7', '1 1 6']);
    const alone = measure('split', [rounds], undefined, [0]).keptAfter!;
    expect(alone.more).toEqual({ start: 9, '0-2': (8 + 7) / 2, '3-5': null, '6-8': null, '9-10': 10 });
    expect(alone.less).toEqual({ start: 2, '0-2': (4 + 7) / 2, '3-5': null, '6-8': null, '9-10': 0 });
    const other = measure('split', [rounds], undefined, [1]).keptAfter!;
    // What did not parse is left out; what counted in its place is what Alice answers to.
    expect(other.more).toEqual({ start: 3, '0-2': null, '3-5': (10 + 6) / 2, '6-8': null, '9-10': null });
  });

  it('gives pure greed 0.55 of the contested kinds', () => {
    const start = games.split.start(defaultGameSettings('split'), random(5));
    const greedy = Array.from({ length: 10 }, () => ['10 10 10', '10 10 10']);
    expect(measure('split', [playTexts(start, ...greedy)]).contestedEfficiency).toBeCloseTo(0.55);
  });

  it('tells who states a hand from who states it truly', () => {
    const rules = trustAndSplitRules(defaultGameSettings('trust-and-split', 'full'), () => handDeal(['rock', 'paper'], 0));
    const rounds = playTexts(
      negotiate(rules),
      ['I hold ROCK.'],
      ['I have scissors, trust me'],
      ['5', '5'],
      ['Rock or paper?'],
      ['my hand is paper'],
      ['5', '5'],
    );
    const measures = measure('trust-and-split', [rounds]);
    expect(measures.statesHandRate).toBe(3 / 4);
    expect(measures.truthfulRate).toBe(2 / 3);
  });
});

describe('meanValidMass', () => {
  it('multiplies over a turn’s positions, then averages over turns', () => {
    expect(meanValidMass([])).toBeNull();
    expect(meanValidMass([[0.5, 0.5], [1], new Float32Array([0.5])])).toBeCloseTo((0.25 + 1 + 0.5) / 3);
  });
});

describe('cooperateAfterProbe', () => {
  const settings = defaultGameSettings('ipd');
  const starts = (n: number, rounds = 10): Negotiation[] =>
    Array.from({ length: n }, () => games.ipd.start({ ...settings, rounds }, random(0)));
  const policy = { start: 0.9, CC: 0.8, CD: 0.3, DC: 0.6, DD: 0.1 } as const;

  it('reads the probabilities of a memory-one policy off exactly', async () => {
    const draws = random(4);
    let turns = 0;
    const found = await cooperateAfterProbe(starts(64), planProbe(64, 10, random(1)), async (pending) =>
      pending.map(({ request, forced }) => {
        turns++;
        if (forced) return { text: '', cooperate: null };
        const last = /you ([AB]) they ([AB])/.exec(request.observation);
        const key = last ? (`${last[1]}${last[2]}`.replaceAll('A', 'C').replaceAll('B', 'D') as 'CC' | 'CD' | 'DC' | 'DD') : 'start';
        return { text: draws.uniform() < policy[key] ? 'A' : 'B', cooperate: policy[key] };
      }),
    );
    for (const key of ['start', 'CC', 'CD', 'DC', 'DD'] as const) expect(found[key]).toBeCloseTo(policy[key], 12);
    expect(turns).toBeLessThan(64 * 2 * 10);
  });

  it('forces any round but the last, and all four pairs equally often', () => {
    const plan = planProbe(256, 10, random(1));
    expect(new Set(plan.map((forced) => forced!.round))).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7, 8]));
    expect(plan.filter((forced) => forced!.choices.join('') === 'AB').length).toBe(64);
  });

  it('reads only the start of games of one round', async () => {
    const found = await cooperateAfterProbe(starts(4, 1), planProbe(4, 1, random(1)), async (pending) =>
      pending.map(() => ({ text: 'A', cooperate: 0.25 })),
    );
    expect(found).toEqual({ start: 0.25, CC: null, CD: null, DC: null, DD: null });
  });
});

describe('bootstrapInterval', () => {
  it('holds the mean, repeats itself, and does not shrink when groups repeat their values', () => {
    const values = fc.array(fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 1, maxLength: 4 }), {
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(values, (groups) => {
        const interval = bootstrapInterval(groups, random(1), { resamples: 200 })!;
        const all = groups.flat();
        expect(interval.mean).toBeCloseTo(all.reduce((a, b) => a + b, 0) / all.length);
        expect(interval.low).toBeLessThanOrEqual(interval.high);
        expect(bootstrapInterval(groups, random(1), { resamples: 200 })).toEqual(interval);
        const repeated = bootstrapInterval(
          groups.map((group) => [...group, ...group]),
          random(1),
          { resamples: 200 },
        )!;
        expect(repeated.low).toBeCloseTo(interval.low);
        expect(repeated.high).toBeCloseTo(interval.high);
      }),
      { numRuns: 40 },
    );
  });

  it('is what runIntervals gives for runs that are units of their own', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 1, maxLength: 9 }), (values) => {
        const slow = bootstrapInterval(
          values.map((value) => [value]),
          random(3),
          { resamples: 100 },
        )!;
        const fast = runIntervals(values.length, random(3), { resamples: 100 });
        for (let again = 0; again < 2; again++) {
          expect(fast(values).mean).toBeCloseTo(slow.mean, 12);
          expect(fast(values).low).toBeCloseTo(slow.low, 12);
          expect(fast(values).high).toBeCloseTo(slow.high, 12);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('comes close to the normal interval of many groups', () => {
    const draws = random(11);
    const groups = Array.from({ length: 200 }, () => [draws.uniform()]);
    const { low, high } = bootstrapInterval(groups, random(2))!;
    expect(high - low).toBeGreaterThan(0.9 * 2 * 1.96 * Math.sqrt(1 / 12 / 200));
    expect(high - low).toBeLessThan(1.1 * 2 * 1.96 * Math.sqrt(1 / 12 / 200));
  });

  it('is null of nothing and the mean of one group', () => {
    expect(bootstrapInterval([[], []], random(1))).toBeNull();
    expect(bootstrapInterval([[1, 2]], random(1))).toEqual({ mean: 1.5, low: 1.5, high: 1.5 });
    expect(quantile([], 0.5)).toBeUndefined();
    expect(quantile([1, 2, 4], 0.75)).toBe(3);
  });
});

describe('overSeeds', () => {
  it('is the mean of the runs, with an interval that lies among them', () => {
    const { mean, low, high } = overSeeds([0.1, 0.2, 0.9])!;
    expect(mean).toBeCloseTo(0.4);
    // Of 27 equally likely resamples of three runs one in 27 is the lowest run three times: beyond 2.5 %.
    expect([low, high]).toEqual([expect.closeTo(0.1), expect.closeTo(0.9)]);
    expect(overSeeds([0.5])).toEqual({ mean: 0.5, low: 0.5, high: 0.5 });
    expect(overSeeds([])).toBeNull();
  });
});
