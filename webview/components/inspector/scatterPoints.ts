import { SEATS } from '../../../src/domain/seat';
import type { NegotiationView } from '../../../src/protocol/webview';
import type { ScatterPoint } from '../../charts/scatter/layout';

/** Own advantage and alignment term of every round and seat of the seed group. */
export function scatterPoints(view: NegotiationView | null): ScatterPoint[] {
  if (view === null) return [];
  const others = view.members.flatMap((member) =>
    SEATS.flatMap((seat) =>
      member.own[seat].map(
        (own, round): ScatterPoint => ({
          negotiation: member.negotiation,
          round,
          seat,
          own,
          alignment: (member.credits[seat][round] ?? own) - own,
          here: false,
        }),
      ),
    ),
  );
  const seen = new Set<string>();
  const here = view.turns.flatMap((turn): ScatterPoint[] => {
    const key = `${turn.seat}/${turn.round}`;
    if (turn.credit === null || seen.has(key)) return [];
    seen.add(key);
    return [
      {
        negotiation: view.place.negotiation ?? -1,
        round: turn.round,
        seat: turn.seat,
        own: turn.credit.own,
        alignment: turn.credit.alignment,
        here: true,
      },
    ];
  });
  return [...others, ...here];
}
