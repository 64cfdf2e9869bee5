import { other, pair } from '../../seat';
import type { Action, Constraint, Game, GameSettings, RoundDeal } from '../game';
import { negotiate, type RoundRules } from '../negotiation';
import { COMMON_SETTINGS, checkSettings } from '../settings';
import { cooperateAfter, cooperationRate } from './measures';
import { fullPrompts, shortPrompts } from './prompts';

const CHOICES: Constraint = { kind: 'choice', choices: ['A', 'B'] };
const NOTHING: RoundDeal = { quantities: [], values: [[], []] };

/** The Iterated Prisoner's Dilemma: A cooperates, B defects. */
export const ipd: Game = {
  id: 'ipd',
  title: "Iterated Prisoner's Dilemma",
  settingNames: ['showRound', 'payoffs'],
  defaults: (prompts) => ({ ...COMMON_SETTINGS, prompts, showRound: false }),
  start(settings) {
    checkSettings(settings);
    checkDilemma(settings.payoffs);
    return negotiate(rules(settings));
  },
  measures: (negotiations, seats) => ({
    cooperationRate: cooperationRate(negotiations, seats),
    cooperateAfter: cooperateAfter(negotiations, seats),
  }),
};

function rules(settings: GameSettings): RoundRules {
  const { T, R, P, S } = settings.payoffs;
  const points = { A: { A: R, B: S }, B: { A: T, B: P } };
  return {
    rounds: settings.rounds,
    reveal: { own: 'at once', others: 'at once' },
    messagesPerRound: 0,
    messageConstraint: { kind: 'message', maxTokens: 0 },
    prompts: settings.prompts === 'short' ? shortPrompts(settings) : fullPrompts(settings),
    deal: () => NOTHING,
    actionConstraint: () => CHOICES,
    parse: parseChoice,
    defaultAction: () => ({ kind: 'choice', choice: 'B' }),
    settle: (_, actions) => ({
      rewards: pair((seat) => points[choice(actions[seat])][choice(actions[other(seat)])]),
      shares: [[], []],
      bestJointReward: 2 * R,
    }),
    hear: (text) => text,
  };
}

/** `A` or `B`, with or without white space, quotes or a full stop around it. */
export function parseChoice(text: string): Action | null {
  const letter = /^[\s"'`*(]*([AB])[\s"'`*).]*$/.exec(text)?.[1];
  return letter === 'A' || letter === 'B' ? { kind: 'choice', choice: letter } : null;
}

function choice(action: Action): 'A' | 'B' {
  return action.kind === 'choice' ? action.choice : 'B';
}

function checkDilemma({ T, R, P, S }: GameSettings['payoffs']): void {
  const given = `payoffs T ${T}, R ${R}, P ${P}, S ${S} are no prisoner's dilemma`;
  if (!(T > R && R > P && P > S)) throw new RangeError(`${given}: choose T > R > P > S`);
  if (!(2 * R > T + S)) throw new RangeError(`${given}: choose 2R > T + S, or taking turns would beat cooperation`);
}
