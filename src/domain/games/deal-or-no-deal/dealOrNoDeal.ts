import type { Game, GameSettings } from '../game';
import { negotiate, type RoundRules } from '../negotiation';
import { COMMON_SETTINGS, checkSettings } from '../settings';
import { keptMeasures } from '../sharing/measures';
import { keepConstraint, keepNothing, parseKeep, settleByAgreement } from '../sharing/proposals';
import { talk } from '../sharing/talk';
import { MESSAGE_WORDS } from '../vocabulary';
import { itemDeals } from './deals';
import { fullPrompts, shortPrompts } from './prompts';

/** Deal or No Deal: proposals must complement each other exactly, or both get nothing. */
export const dealOrNoDeal: Game = {
  id: 'deal-or-no-deal',
  title: 'Deal or No Deal',
  settingNames: ['showRound', 'messagesPerRound', 'messageTokens'],
  defaults: (prompts) => ({ ...COMMON_SETTINGS, prompts, messagesPerRound: 1, messageTokens: prompts === 'short' ? 5 : 120 }),
  start(settings, random) {
    checkSettings(settings);
    return negotiate(dealOrNoDealRules(settings, itemDeals(random)));
  },
  measures: keptMeasures,
};

/** The rules over given deals. */
export function dealOrNoDealRules(settings: GameSettings, deal: RoundRules['deal']): RoundRules {
  return {
    rounds: settings.rounds,
    reveal: { own: 'at once', others: 'never' },
    ...talk(settings, MESSAGE_WORDS.items),
    prompts: settings.prompts === 'short' ? shortPrompts(settings) : fullPrompts(settings),
    deal,
    actionConstraint: keepConstraint,
    parse: parseKeep,
    defaultAction: keepNothing,
    settle: settleByAgreement,
  };
}
