import type { Random } from '../../random';
import type { Pair } from '../../seat';
import type { Game, GameSettings, RoundDeal } from '../game';
import { negotiate, type RoundRules } from '../negotiation';
import { COMMON_SETTINGS, checkSettings } from '../settings';
import { contestedEfficiency, keptMeasures } from '../sharing/measures';
import { keepConstraint, keepNothing, parseKeep, settleByShare } from '../sharing/proposals';
import { fullPrompts, shortPrompts } from './prompts';

/** Units of each kind on the table in every round. */
const UNITS = 10;

/** Points per unit of a kind that a player cares about, and of one that it doesn't. */
const HIGH = 10;
const LOW = 1;

/** Split: three kinds of item, values known to both, no talk. */
export const split: Game = {
  id: 'split',
  title: 'Split',
  settingNames: ['showRound'],
  defaults: (prompts) => ({ ...COMMON_SETTINGS, prompts }),
  start(settings, random) {
    checkSettings(settings);
    return negotiate(splitRules(settings, splitDeals(random)));
  },
  measures: (negotiations, seats) => ({ ...keptMeasures(negotiations, seats), contestedEfficiency: contestedEfficiency(negotiations) }),
};

/** The rules over given deals. */
export function splitRules(settings: GameSettings, deal: RoundRules['deal']): RoundRules {
  return {
    rounds: settings.rounds,
    reveal: { own: 'at once', others: 'at once' },
    messagesPerRound: 0,
    messageConstraint: { kind: 'message', maxTokens: 0 },
    prompts: settings.prompts === 'short' ? shortPrompts(settings) : fullPrompts(settings),
    deal,
    actionConstraint: keepConstraint,
    parse: parseKeep,
    defaultAction: keepNothing,
    settle: settleByShare,
    hear: (text) => text,
  };
}

/** All pairs of values that have equal sums and differ somewhere. */
const VALUE_PAIRS: readonly Pair<readonly number[]>[] = [
  [HIGH, LOW, LOW],
  [LOW, HIGH, LOW],
  [LOW, LOW, HIGH],
].flatMap((one, i, ones) =>
  ones.flatMap((another, j): Pair<readonly number[]>[] => {
    const inverse = (values: readonly number[]): number[] => values.map((value) => (value === HIGH ? LOW : HIGH));
    return i === j
      ? []
      : [
          [one, another],
          [inverse(one), inverse(another)],
        ];
  }),
);

/** Values drawn anew in every round, uniformly from all that are possible. */
export function splitDeals(random: Random): (round: number) => RoundDeal {
  return (round) => ({
    quantities: [UNITS, UNITS, UNITS],
    values: VALUE_PAIRS[random.fork('values', round).integer(VALUE_PAIRS.length)]!,
  });
}
