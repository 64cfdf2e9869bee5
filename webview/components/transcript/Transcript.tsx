import type { VNode } from 'preact';
import { useMemo, useRef } from 'preact/hooks';
import { AGENT_NAMES, pair, SEATS, type Seat } from '../../../src/domain/seat';
import { lineText } from '../../../src/domain/tokens/visibleText';
import type { NegotiationView, RoundView } from '../../../src/protocol/webview';
import { ChoiceMark } from '../board/Board';
import { dealWords, outcomeLine, rewardLine } from './outcome';
import { roundsOf } from './rows';
import { TurnCell } from './TurnCell';
import { useTranscript } from './useTranscript';

/** One negotiation: a section a round, both agents' turns side by side (below each other where it is narrow). */
export function Transcript({ view }: { readonly view: NegotiationView }): VNode {
  const scroller = useRef<HTMLElement>(null);
  const rounds = useMemo(() => roundsOf(view.turns), [view]);
  const outcomes = useMemo(() => new Map(view.rounds.map((round) => [round.round, round])), [view]);
  const untrained = useMemo(() => pair((seat) => untrainedSeat(view, seat)), [view]);
  useTranscript(scroller);
  return (
    <section ref={scroller} class="transcript" aria-label="Transcript" tabIndex={-1}>
      <div class="transcript-names sticky-head">
        {SEATS.map((seat) => (
          <span key={seat} class={`seat-name-${seat}`}>
            {AGENT_NAMES[seat]} <span class="dim">{`${lineText(view.players[seat])}${untrained[seat] ? ' · not trained' : ''}`}</span>
          </span>
        ))}
      </div>
      {rounds.map(({ round, lines }) => (
        <section
          key={round}
          class={lines.length === 1 && lines[0]?.every((cell) => cell !== null) ? 'round single' : 'round'}
          aria-label={`Round ${round + 1}`}
        >
          <RoundHead round={round} outcome={outcomes.get(round)} />
          {lines.map(([alice, bob], line) => (
            <div key={line} class="line">
              {[alice, bob].map((cell, seat) =>
                cell === null ? (
                  <div key={seat} class="turn empty" />
                ) : (
                  <TurnCell key={seat} turn={cell.turn} index={cell.index} untrainedSeat={untrained[cell.turn.seat]} />
                ),
              )}
            </div>
          ))}
        </section>
      ))}
      {!view.committed && (
        <p class="dim notice">Preview: this negotiation is still being played; credits come when its iteration is committed.</p>
      )}
    </section>
  );
}

/** Whether none of a seat's committed turns was trained: another player sat there. */
function untrainedSeat(view: NegotiationView, seat: Seat): boolean {
  const turns = view.turns.filter((turn) => turn.seat === seat && turn.credit !== null);
  return turns.length > 0 && turns.every((turn) => !turn.trained);
}

function RoundHead({ round, outcome }: { readonly round: number; readonly outcome: RoundView | undefined }): VNode {
  const dealt = outcome === undefined ? [] : SEATS.map((seat) => dealWords(outcome.deal, seat)).filter(Boolean);
  return (
    <header class="round-head">
      <h3>Round {round + 1}</h3>
      {outcome === undefined ? (
        <span class="dim">under way</span>
      ) : (
        <>
          <span class="round-outcome dim" title={dealt.length === 2 ? `Alice: ${dealt[0]}\nBob: ${dealt[1]}` : undefined}>
            {outcomeLine(outcome)}
          </span>
          <span class="round-rewards number" title={outcomeLine(outcome)}>
            {outcome.actions.map((action, seat) =>
              action.kind === 'choice' ? <ChoiceMark key={seat} cooperates={action.choice === 'A'} /> : null,
            )}
            {rewardLine(outcome)}
          </span>
        </>
      )}
    </header>
  );
}
