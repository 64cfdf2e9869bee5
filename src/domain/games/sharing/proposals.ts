import { type Pair, pair, SEATS } from '../../seat';
import type { Action, Constraint, RoundDeal } from '../game';
import type { Settlement } from '../negotiation';

/** Units of one kind that each seat gets: its proposal, or its part in proportion where the proposals exceed what is there. */
export function share(quantity: number, proposals: Pair<number>): Pair<number> {
  const total = proposals[0] + proposals[1];
  return total <= quantity ? proposals : [(quantity * proposals[0]) / total, (quantity * proposals[1]) / total];
}

/** Settles a round by proportional sharing, kind by kind. */
export function settleByShare(deal: RoundDeal, actions: Pair<Action>): Settlement {
  const perKind = deal.quantities.map((quantity, kind) => share(quantity, [amounts(actions[0])[kind]!, amounts(actions[1])[kind]!]));
  const shares = pair((seat) => perKind.map((both) => both[seat]));
  return { shares, rewards: pair((seat) => worth(shares[seat], deal.values[seat])), bestJointReward: bestJointReward(deal) };
}

/** Settles a round by agreement: each gets its proposal if they complement each other exactly, else nothing. */
export function settleByAgreement(deal: RoundDeal, actions: Pair<Action>): Settlement {
  const agreed = deal.quantities.every((quantity, kind) => amounts(actions[0])[kind]! + amounts(actions[1])[kind]! === quantity);
  const shares = pair((seat) => (agreed ? amounts(actions[seat]) : deal.quantities.map(() => 0)));
  return { shares, rewards: pair((seat) => worth(shares[seat], deal.values[seat])), bestJointReward: bestJointReward(deal) };
}

/** Points of both together when every unit goes to whoever values it more. */
export function bestJointReward({ quantities, values }: RoundDeal): number {
  return quantities.reduce((sum, quantity, kind) => sum + quantity * Math.max(...SEATS.map((seat) => values[seat][kind]!)), 0);
}

/** Points of some units. */
export function worth(units: readonly number[], values: readonly number[]): number {
  return units.reduce((sum, n, kind) => sum + n * values[kind]!, 0);
}

/** Units that an action keeps, `[item kind]`; none for an action of another game. */
export function amounts(action: Action): readonly number[] {
  return action.kind === 'keep' ? action.amounts : [];
}

/** Keeps nothing: what counts when a text does not parse. */
export function keepNothing(deal: RoundDeal): Action {
  return { kind: 'keep', amounts: deal.quantities.map(() => 0) };
}

/**
 * A number for each kind, each from 0 to what is there, apart by spaces or commas: `7`, `10 0 5`. Null for anything else.
 */
export function parseKeep(text: string, { quantities }: RoundDeal): Action | null {
  const words = text
    .trim()
    .replace(/\.$/, '')
    .split(/\s*,\s*|\s+/);
  if (words.length !== quantities.length || !words.every((word) => /^\d{1,4}$/.test(word))) return null;
  const numbers = words.map(Number);
  return numbers.every((n, kind) => n <= quantities[kind]!) ? { kind: 'keep', amounts: numbers } : null;
}

/** How an action of keeping is written. */
export function keepText(units: readonly number[]): string {
  return units.join(' ');
}

const constraints = new Map<string, Constraint>();

/** All proposals that are possible over these quantities; the same object for the same quantities. */
export function keepConstraint({ quantities }: RoundDeal): Constraint {
  const key = quantities.join(' ');
  let constraint = constraints.get(key);
  if (!constraint) {
    constraint = { kind: 'choice', choices: proposals(quantities).map(keepText) };
    constraints.set(key, constraint);
  }
  return constraint;
}

function proposals(quantities: readonly number[]): number[][] {
  const [quantity, ...rest] = quantities;
  if (quantity === undefined) return [[]];
  const tails = proposals(rest);
  return Array.from({ length: quantity + 1 }, (_, n) => tails.map((tail) => [n, ...tail])).flat();
}
