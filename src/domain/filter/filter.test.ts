import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { completeFilter, FILTER_FIELDS, FilterError, type FilterSubject, matches, parseFilter, readsTexts, type SaidText } from './index';

const subject: FilterSubject = {
  game: 'trust-and-split',
  algorithm: 'aa',
  run: 'night run',
  iteration: 120,
  group: 3,
  negotiation: 27,
  reward: [62, 38],
  efficiency: 0.9,
  invalid: 0,
  credit: [0.2, -0.4],
  cooperation: null,
  player: ['policy', 'snapshot:40'],
};
const said: SaidText[] = [
  { seat: 0, text: 'I hold Rock.' },
  { seat: 1, text: 'paper' },
];
const passes = (text: string, texts: readonly SaidText[] | null = said): boolean | undefined => {
  const filter = parseFilter(text);
  return filter === null ? true : matches(filter, subject, texts);
};

describe('filters', () => {
  it.each([
    ['game == "trust-and-split" and reward.alice > 60 and iteration >= 100 and not invalid', true],
    ['', true],
    ['   ', true],
    ['reward.alice > 62', false],
    ['reward.alice >= 62 and reward == 50', true],
    ['not (reward.bob < 40 or invalid)', false],
    ['credit.bob < -0.3', true],
    ['player.bob == "snapshot:40" or algorithm != \'aa\'', true],
    ['reward.alice > reward.bob', true],
    ['NOT invalid AND Iteration == 120', true],
    ['says("rock")', true],
    ['says.bob("rock")', false],
    ['says("rock") and says.bob("PAPER")', true],
    // Not a dilemma: there is no cooperation, so that every comparison with it is false.
    ['cooperation > 0', false],
    ['cooperation <= 0', false],
  ])('%s → %s', (text, expected) => {
    expect(passes(text)).toBe(expected);
  });

  it('binds and before or', () => {
    expect(passes('invalid and invalid or reward > 0')).toBe(true);
    expect(passes('invalid and (invalid or reward > 0)')).toBe(false);
  });

  it('says what it cannot know before the texts are read, and only then', () => {
    expect(passes('says("rock")', null)).toBeUndefined();
    expect(passes('not says("rock")', null)).toBeUndefined();
    expect(passes('reward > 0 or says("rock")', null)).toBe(true);
    expect(passes('says("rock") and reward < 0', null)).toBe(false);
    expect(readsTexts(parseFilter('reward > 0 or not says("rock")')!)).toBe(true);
    expect(readsTexts(parseFilter('reward > 0')!)).toBe(false);
  });

  it.each([
    ['reward.alice >', 14, 'ends too early'],
    ['reward.alise > 3', 0, 'there is no “reward.alise”'],
    ['reward = 3', 7, 'write “==”'],
    ['game > "ipd"', 5, 'by == and != only'],
    ['game == 3', 8, 'cannot be compared'],
    ['game', 4, 'expected a comparison'],
    ['says(rock)', 5, 'takes a text in quotes'],
    ['says("rock', 5, 'no closing "'],
    ['(reward > 3', 11, 'to close the bracket'],
    ['reward > 3 reward > 2', 11, 'expected “and”'],
    ['reward > 3 & invalid', 11, 'means nothing'],
  ])('refuses %s at %i', (text, at, words) => {
    expect(() => parseFilter(text)).toThrowError(FilterError);
    try {
      parseFilter(text);
    } catch (error) {
      expect(error).toMatchObject({ at });
      expect((error as FilterError).message).toContain(words);
    }
  });

  it('never fails otherwise than by FilterError, whatever is typed', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('and', 'or', 'not', '(', ')', 'reward', '>', '==', '3', '"x"', 'says', '-', '.', ' ')),
        (words) => {
          try {
            const filter = parseFilter(words.join(' '));
            if (filter !== null) matches(filter, subject, said);
          } catch (error) {
            expect(error).toBeInstanceOf(FilterError);
          }
        },
      ),
    );
  });
});

describe('completeFilter', () => {
  const options = (text: string): string[] => completeFilter(text, text.length).options.map((option) => option.text);

  it('offers names where a test begins', () => {
    expect(options('')).toEqual(expect.arrayContaining(FILTER_FIELDS.map(({ name }) => name)));
    expect(options('reward > 3 and co')).toEqual(['cooperation', 'cooperation.alice', 'cooperation.bob']);
    expect(options('not (sa')).toEqual(['says("', 'says.alice("', 'says.bob("']);
  });
  it('offers values after a comparison and joints after a test', () => {
    expect(options('algorithm == ')).toEqual(['"rl"', '"aa"', '"aa-jit"', '"sum"']);
    expect(options('algorithm == "aa')).toEqual(['"aa"', '"aa-jit"']);
    expect(options('reward > 3 ')).toEqual(['and', 'or']);
    expect(options('says("rock") a')).toEqual(['and']);
  });
  it('is silent inside a text and after a comparison with a number', () => {
    expect(options('says("re')).toEqual([]);
    expect(options('reward > ')).toEqual([]);
  });
});
