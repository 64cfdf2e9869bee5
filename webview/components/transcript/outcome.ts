import type { Action, RoundDeal } from '../../../src/domain/games/game';
import { AGENT_NAMES, SEATS, type Seat } from '../../../src/domain/seat';
import type { RoundView } from '../../../src/protocol/webview';
import { points, signed } from '../numbers';

/** An action in words; the games' own neutral labels stay visible. */
export function actionWords(action: Action): string {
  if (action.kind === 'choice') return action.choice === 'A' ? 'cooperates (A)' : 'defects (B)';
  return `asks ${action.amounts.map((amount) => points(amount)).join(' / ')}`;
}

/** What both did and got, in one line. */
export function outcomeLine(round: RoundView): string {
  const both = SEATS.map((seat) => `${AGENT_NAMES[seat]} ${actionWords(round.actions[seat])}`).join(', ');
  const [alice, bob] = round.shares;
  const got = alice.length === 0 ? '' : ` → ${alice.map(points).join(' / ')} and ${bob.map(points).join(' / ')}`;
  return `${both}${got}`;
}

/** Points of both, and how they compare with the best that was possible. */
export function rewardLine(round: RoundView): string {
  const [alice, bob] = round.rewards;
  return `${signed(alice, alice % 1 === 0 ? 0 : 1)} / ${signed(bob, bob % 1 === 0 ? 0 : 1)} · ${points(alice + bob)} of ${points(round.bestJointReward)}`;
}

/** What was dealt to a seat: hand and values. */
export function dealWords(deal: RoundDeal, seat: Seat): string {
  const values = deal.values[seat];
  if (values.length === 0) return '';
  const worth = values.length === 1 ? `${points(values[0])} a coin` : `values ${values.map(points).join(' / ')}`;
  return deal.hands === undefined ? worth : `${deal.hands[seat]} · ${worth}`;
}
