import { other } from '../../../src/domain/seat';
import type { NegotiationView, TurnView } from '../../../src/protocol/webview';

/** One line of the table. */
export interface GroupRow {
  readonly negotiation: number;
  readonly here: boolean;
  readonly return: number | undefined;
  readonly own: number | undefined;
  readonly opponent: number | undefined;
  readonly credit: number | undefined;
  readonly action: string;
}

/** The negotiations that share a baseline, in the same round and seat, in order. */
export function groupRows(view: NegotiationView, turn: TurnView): GroupRow[] {
  const { seat, round } = turn;
  const action = view.rounds.find((played) => played.round === round)?.actions[seat];
  const self: GroupRow = {
    negotiation: view.place.negotiation ?? -1,
    here: true,
    return: turn.credit?.return,
    own: turn.credit?.own,
    opponent: turn.credit?.opponent,
    credit: turn.credit?.credit,
    action: action === undefined ? '' : action.kind === 'choice' ? action.choice : action.amounts.join('/'),
  };
  const others = view.members.map(
    (member): GroupRow => ({
      negotiation: member.negotiation,
      here: false,
      return: member.returns[seat][round],
      own: member.own[seat][round],
      opponent: member.own[other(seat)][round],
      credit: member.credits[seat][round],
      action: member.actions[seat][round] ?? '',
    }),
  );
  return [self, ...others.filter((member) => member.negotiation !== self.negotiation)].sort((a, b) => a.negotiation - b.negotiation);
}
