import type { VNode } from 'preact';
import { AGENT_NAMES, SEATS, type Seat } from '../../../src/domain/seat';
import type { NegotiationView, RoundView } from '../../../src/protocol/webview';
import { choose, cursor, negotiation } from '../../state';
import { points } from '../numbers';
import { actionWords, dealWords } from '../transcript/outcome';
import { Coins } from './Coins';
import { HandIcon } from './HandIcon';

/**
 * The game's state, drawn: where the reader stands, what lies on the table, what each has won so far. A click goes to a
 * round, of the negotiation in view also from another column's board.
 */
export function Board({ view }: { readonly view: NegotiationView }): VNode {
  const current = cursor.value === null ? -1 : (negotiation.value?.turns[cursor.value.turn]?.round ?? -1);
  const choice = view.rounds[0]?.actions[0].kind === 'choice';
  return (
    <section class="board" aria-label="Game state">
      {choice ? <ChoiceBoard view={view} current={current} /> : <ShareBoard view={view} current={current} />}
    </section>
  );
}

/** Points won up to and including a round. */
function scoreAfter(rounds: readonly RoundView[], seat: Seat, round: number): number {
  return rounds.filter((played) => played.round <= round).reduce((sum, played) => sum + played.rewards[seat], 0);
}

function goTo(round: number): void {
  const view = negotiation.peek();
  if (view === null) return;
  const turn = view.turns.find((candidate) => candidate.round === round);
  void choose({ ...view.place, round, ...(turn === undefined ? {} : { turn: turn.turn, token: 0 }) });
}

function ChoiceBoard({ view, current }: { readonly view: NegotiationView; readonly current: number }): VNode {
  return (
    <div class="choices">
      <table>
        <caption class="visually-hidden">Choices by round, and points so far</caption>
        <thead>
          <tr>
            <td />
            {view.rounds.map(({ round }) => (
              <th key={round} scope="col" class={round === current ? 'current' : ''}>
                <button
                  type="button"
                  class="round-link"
                  aria-label={`Go to round ${round + 1}`}
                  aria-current={round === current ? 'step' : undefined}
                  onClick={() => goTo(round)}
                >
                  {round + 1}
                </button>
              </th>
            ))}
            <th scope="col" class="score">
              points{current >= 0 ? ` after ${current + 1}` : ''}
            </th>
          </tr>
        </thead>
        <tbody>
          {SEATS.map((seat) => (
            <tr key={seat}>
              <th scope="row" class={`seat-name-${seat}`}>
                {AGENT_NAMES[seat]}
              </th>
              {view.rounds.map((round) => (
                <td key={round.round} class={round.round === current ? 'current' : round.round > current ? 'later' : ''}>
                  <Choice round={round} seat={seat} />
                </td>
              ))}
              <td class="score number">{points(scoreAfter(view.rounds, seat, current < 0 ? Number.POSITIVE_INFINITY : current))}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p class="board-key dim">
        <ChoiceMark cooperates /> A cooperate <ChoiceMark cooperates={false} /> B defect
      </p>
    </div>
  );
}

function Choice({ round, seat }: { readonly round: RoundView; readonly seat: Seat }): VNode {
  const action = round.actions[seat];
  const cooperates = action.kind === 'choice' && action.choice === 'A';
  const text = `Round ${round.round + 1}: ${AGENT_NAMES[seat]} ${actionWords(action)}, ${points(round.rewards[seat])} points`;
  return (
    <span title={text}>
      <ChoiceMark cooperates={cooperates} />
      <span class="visually-hidden">{text}</span>
    </span>
  );
}

/** Cooperate is a full disc, defect an open square: the shape carries it, the colour helps. */
export function ChoiceMark({ cooperates }: { readonly cooperates: boolean }): VNode {
  return (
    <svg class={cooperates ? 'mark cooperate' : 'mark defect'} viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      {cooperates ? (
        <circle cx="8" cy="8" r="6" fill="currentColor" />
      ) : (
        <rect x="3" y="3" width="10" height="10" fill="none" stroke="currentColor" stroke-width="2" />
      )}
    </svg>
  );
}

function ShareBoard({ view, current }: { readonly view: NegotiationView; readonly current: number }): VNode {
  const round = view.rounds.find((played) => played.round === current) ?? view.rounds.at(-1);
  const best = Math.max(...view.rounds.map((played) => played.bestJointReward), 1);
  return (
    <div class="shares">
      {round !== undefined && (
        <div class="table">
          <Side view={view} round={round} seat={0} />
          <div class="coins-column">
            {round.deal.quantities.map((quantity, item) => (
              <Coins key={item} quantity={quantity} shares={[round.shares[0][item] ?? 0, round.shares[1][item] ?? 0]} />
            ))}
            <span class="dim coins-note">
              round {round.round + 1} · {SEATS.map((seat) => `${AGENT_NAMES[seat]} ${actionWords(round.actions[seat])}`).join(', ')}
            </span>
          </div>
          <Side view={view} round={round} seat={1} />
        </div>
      )}
      <nav class="round-bars" aria-label="Rounds">
        {view.rounds.map((played) => (
          <button
            key={played.round}
            type="button"
            class="round-bar"
            aria-current={played.round === current ? 'step' : undefined}
            title={`Round ${played.round + 1}: ${points(played.rewards[0])} + ${points(played.rewards[1])} of ${points(played.bestJointReward)}`}
            aria-label={`Go to round ${played.round + 1}: ${points(played.rewards[0])} and ${points(played.rewards[1])} of ${points(played.bestJointReward)} points`}
            onClick={() => goTo(played.round)}
          >
            <svg viewBox="0 0 20 24" width="22" height="26" aria-hidden="true">
              <rect
                class="possible"
                x="2"
                width="16"
                y={24 - (played.bestJointReward / best) * 22}
                height={(played.bestJointReward / best) * 22}
              />
              <rect class="bar-0" x="2" width="16" y={24 - (played.rewards[0] / best) * 22} height={(played.rewards[0] / best) * 22} />
              <rect
                class="bar-1"
                x="2"
                width="16"
                y={24 - ((played.rewards[0] + played.rewards[1]) / best) * 22}
                height={(played.rewards[1] / best) * 22}
              />
            </svg>
            <span>{played.round + 1}</span>
          </button>
        ))}
      </nav>
    </div>
  );
}

function Side({ view, round, seat }: { readonly view: NegotiationView; readonly round: RoundView; readonly seat: Seat }): VNode {
  const hand = round.deal.hands?.[seat];
  return (
    <div class={`side side-${seat}`}>
      {hand !== undefined && <HandIcon hand={hand} />}
      <div>
        <div class={`seat-name-${seat}`}>{AGENT_NAMES[seat]}</div>
        <div class="dim number">
          {dealWords(round.deal, seat)} · {points(scoreAfter(view.rounds, seat, round.round))} points
        </div>
      </div>
    </div>
  );
}
