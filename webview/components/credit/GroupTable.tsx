import type { VNode } from 'preact';
import type { NegotiationView, TurnView } from '../../../src/protocol/webview';
import { choose } from '../../state';
import { plain, signed } from '../numbers';
import { groupRows } from './groupRows';

/** The seed group around the negotiation in view. */
export function GroupTable({ view, turn }: { readonly view: NegotiationView; readonly turn: TurnView }): VNode {
  const rows = groupRows(view, turn);
  const kept = view.rounds[0]?.actions[0].kind === 'keep';
  return (
    <>
      <h2>
        Seed group {view.group} · {rows.length === 1 ? 'alone' : `${rows.length} negotiations`}
      </h2>
      {rows.length === 1 ? (
        <p class="dim">A group of one: its baseline is the mean over the whole batch.</p>
      ) : (
        <table class="group">
          <thead>
            <tr>
              <th scope="col">negotiation</th>
              <th scope="col">return</th>
              <th scope="col">A¹</th>
              <th scope="col">A²</th>
              <th scope="col">credit</th>
              <th scope="col">{kept ? 'asks' : 'plays'}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={row.negotiation} class={row.here ? 'here' : ''} aria-current={row.here ? 'true' : undefined}>
                <th scope="row">
                  {row.here ? (
                    row.negotiation
                  ) : (
                    <button
                      type="button"
                      class="link"
                      onClick={() => void choose({ ...view.place, negotiation: row.negotiation, round: turn.round })}
                    >
                      {row.negotiation}
                    </button>
                  )}
                </th>
                <td>{plain(row.return)}</td>
                <td>{signed(row.own)}</td>
                <td>{signed(row.opponent)}</td>
                <td>{signed(row.credit)}</td>
                <td>{row.action}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}
