import type { Game, GameSettings, SeatView } from '../game';
import { negotiate, type RoundRules } from '../negotiation';
import { COMMON_SETTINGS, checkSettings } from '../settings';
import { fullCoinPrompts, shortCoinPrompts } from '../sharing/coins';
import { keptMeasures } from '../sharing/measures';
import { keepConstraint, keepNothing, parseKeep, settleByShare } from '../sharing/proposals';
import { talk } from '../sharing/talk';
import { MESSAGE_WORDS } from '../vocabulary';
import { handDeals, LOWER, UPPER } from './hands';
import { honesty } from './measures';

/** Trust-and-Split with hands of rock, paper, scissors. */
export const trustAndSplit: Game = {
  id: 'trust-and-split',
  title: 'Trust-and-Split',
  settingNames: ['showRound', 'messagesPerRound', 'messageTokens'],
  defaults: (prompts) => ({ ...COMMON_SETTINGS, prompts, messagesPerRound: 1, messageTokens: prompts === 'short' ? 4 : 80 }),
  start(settings, random) {
    checkSettings(settings);
    return negotiate(trustAndSplitRules(settings, handDeals(random)));
  },
  measures: (negotiations, seats) => ({ ...keptMeasures(negotiations, seats), ...honesty(negotiations, seats) }),
};

/** The rules over given deals. */
export function trustAndSplitRules(settings: GameSettings, deal: RoundRules['deal']): RoundRules {
  return {
    rounds: settings.rounds,
    reveal: { own: 'after the round', others: 'after the round' },
    ...talk(settings, MESSAGE_WORDS.hands),
    prompts:
      settings.prompts === 'short'
        ? shortCoinPrompts(settings, highOrLow, (view) => view.hand ?? '')
        : fullCoinPrompts(settings, HAND_RULES, dealt),
    deal,
    actionConstraint: keepConstraint,
    parse: parseKeep,
    defaultAction: keepNothing,
    settle: settleByShare,
  };
}

const HAND_RULES = `At the start of a round each of you is dealt a hand: rock, paper or scissors. The two hands always differ, and you see only your own. Paper beats rock, rock beats scissors, scissors beat paper. To the player with the winning hand a coin is worth ${UPPER} points, to the other player ${LOWER} point.`;

function highOrLow(value: number): string {
  return value === UPPER ? 'high' : 'low';
}

function dealt(view: SeatView): string {
  return `Your hand is ${view.hand}.`;
}
