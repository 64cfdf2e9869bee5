import type { Random } from '../../random';
import { type Pair, pair } from '../../seat';
import type { Game, GameSettings, RoundDeal, SeatView } from '../game';
import { negotiate, type RoundRules } from '../negotiation';
import { COMMON_SETTINGS, checkSettings } from '../settings';
import { COINS, fullCoinPrompts, shortCoinPrompts } from '../sharing/coins';
import { keptMeasures } from '../sharing/measures';
import { keepConstraint, keepNothing, parseKeep, settleByShare } from '../sharing/proposals';
import { counted, openers, talk } from '../sharing/talk';
import { line, MESSAGE_WORDS } from '../vocabulary';

/** Values of a coin are 1 … this. */
const HIGHEST_VALUE = 20;

/** Trust-and-Split with an independent value a coin for each player, known to itself alone. */
export const trustAndSplitValues: Game = {
  id: 'trust-and-split-values',
  title: 'Trust-and-Split, values',
  settingNames: ['showRound', 'messagesPerRound', 'messageTokens'],
  defaults: (prompts) => ({ ...COMMON_SETTINGS, prompts, messagesPerRound: 1, messageTokens: prompts === 'short' ? 4 : 80 }),
  start(settings, random) {
    checkSettings(settings);
    return negotiate(trustAndSplitValuesRules(settings, valueDeals(random)));
  },
  measures: keptMeasures,
};

/** The rules over given deals. */
export function trustAndSplitValuesRules(settings: GameSettings, deal: RoundRules['deal']): RoundRules {
  return {
    rounds: settings.rounds,
    reveal: { own: 'at once', others: 'after the round' },
    ...talk(settings, MESSAGE_WORDS.values),
    prompts:
      settings.prompts === 'short'
        ? shortCoinPrompts(settings, String, (view) => line('value', view.values?.[0] ?? ''))
        : fullCoinPrompts(settings, VALUE_RULES, dealt),
    deal,
    actionConstraint: keepConstraint,
    parse: parseKeep,
    defaultAction: keepNothing,
    settle: settleByShare,
  };
}

const VALUE_RULES = `In every round a coin is worth a whole number of points from 1 to ${HIGHEST_VALUE} to you, and another to the other player. Both numbers are drawn at random, independently of each other, and each of you sees only its own.`;

function dealt(view: SeatView): string {
  return `A coin is worth ${counted(view.values?.[0] ?? 0, 'point')} to you.`;
}

/** Independent values, and an opener that alternates. */
export function valueDeals(random: Random): (round: number) => RoundDeal {
  const opener = openers(random);
  return (round) => {
    const dealing = random.fork('values', round);
    return valueDeal([1 + dealing.integer(HIGHEST_VALUE), 1 + dealing.integer(HIGHEST_VALUE)], opener(round));
  };
}

/** The deal of two values a coin. */
function valueDeal(values: Pair<number>, opener: 0 | 1): RoundDeal {
  return { quantities: [COINS], values: pair((seat) => [values[seat]]), opener };
}
