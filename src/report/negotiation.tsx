import type { VNode } from 'preact';
import { plain, signed } from '../../webview/components/numbers';
import { dealWords, outcomeLine, rewardLine } from '../../webview/components/transcript/outcome';
import { AGENT_NAMES, SEATS } from '../domain/seat';
import { fullScale, type Measure, measureOf, trainingLogProb } from '../domain/tokens/measures';
import { lifted, paint } from '../domain/tokens/paint';
import { turnText } from '../domain/tokens/turnText';
import { inlineText } from '../domain/tokens/visibleText';
import type { RoundView, TurnView } from '../protocol/webview';
import type { ReportNegotiation, ReportNote } from './report';

/** Steps of a tint: classes, since a page without inline styles needs no leave for them. */
export const TINTS = 10;

/** What colours the tokens of all negotiations, and the value at which the colour is full. */
export interface TokenScale {
  readonly measure: Measure;
  readonly full: number;
  readonly clipped: boolean;
}

/** The push, which shows where training moved each token; how surprising it was where nothing was trained. */
export function tokenScaleOf(negotiations: readonly ReportNegotiation[]): TokenScale {
  const turns = negotiations.flatMap(({ view }) => view.turns);
  const pushes = measureOf('push');
  const isTrained = turns.some((turn) => turn.tokens.texts.some((_, token) => pushes.value(turn, token) !== null));
  const measure = isTrained ? pushes : measureOf('logProb');
  return { measure, ...fullScale(measure, turns) };
}

/** What the colours mean. */
export function Legend({ scale: { measure, full, clipped } }: { readonly scale: TokenScale }): VNode {
  const digits = full < 0.1 ? 3 : 2;
  const swatch = (value: number): VNode => (
    <span class={`token ${tintOf(measure, full, value)}`}>
      {measure.scale === 'diverging' ? signed(value, digits) : plain(value, digits)}
    </span>
  );
  return (
    <p class="legend">
      Tokens are coloured by <strong>{measure.label}</strong>: {measure.meaning}.{' '}
      {measure.scale === 'diverging' && (
        <>
          {swatch(-full)} {swatch(-full / 2)}{' '}
        </>
      )}
      {swatch(full / 2)} {swatch(full)} {clipped && '(a few tokens lie beyond) '}
      Solid lines are positive, dashed ones negative; their weight is the size. Point at a token for its numbers.
    </p>
  );
}

/** A negotiation, whole: rounds, turns, tokens, and what was noted at them. */
export function Negotiation(props: { readonly shown: ReportNegotiation; readonly scale: TokenScale; readonly id: string }): VNode {
  const { shown, scale, id } = props;
  const { name, where, view } = shown;
  const { negotiation } = view.place;
  const rounds = [...new Set(view.turns.map(({ round }) => round))];
  const players = SEATS.map((seat) => `${AGENT_NAMES[seat]}: ${view.players[seat]}`).join(' · ');
  return (
    <section class="negotiation" aria-labelledby={id}>
      <h3 id={id}>
        {name}, {where}, negotiation {negotiation}
        {view.branch !== undefined && `, branch ${view.branch.branch}`}
      </h3>
      <p class="dim">
        {view.game} · {players} · seed group {view.group}
      </p>
      {rounds.map((round) => (
        <Round
          key={round}
          round={round}
          outcome={view.rounds.find((each) => each.round === round)}
          turns={view.turns.filter((turn) => turn.round === round)}
          notes={shown.notes}
          scale={scale}
          id={id}
        />
      ))}
    </section>
  );
}

function Round(props: {
  readonly round: number;
  readonly outcome: RoundView | undefined;
  readonly turns: readonly TurnView[];
  readonly notes: readonly ReportNote[];
  readonly scale: TokenScale;
  readonly id: string;
}): VNode {
  const { round, outcome, turns, notes, scale, id } = props;
  const deals = outcome === undefined ? [] : SEATS.map((seat) => ({ seat, words: dealWords(outcome.deal, seat) }));
  return (
    <div class="round">
      <h4>
        Round {round + 1}{' '}
        <span class="dim">{deals.flatMap(({ seat, words }) => (words === '' ? [] : `${AGENT_NAMES[seat]}: ${words}`)).join(' · ')}</span>
      </h4>
      {turns.map((turn) => (
        <Turn
          key={turn.turn}
          turn={turn}
          notes={notes.filter((note) => note.turn === turn.turn)}
          scale={scale}
          id={`${id}-t${turn.turn}`}
        />
      ))}
      {outcome !== undefined && (
        <p class="outcome">
          {outcomeLine(outcome)} <span class="dim">{rewardLine(outcome)}</span>
        </p>
      )}
    </div>
  );
}

function Turn(props: {
  readonly turn: TurnView;
  readonly notes: readonly ReportNote[];
  readonly scale: TokenScale;
  readonly id: string;
}): VNode {
  const { turn, notes, scale, id } = props;
  const { text, tokenRanges } = turnText(turn.tokens.texts, turn.text);
  const marks = notes.map((note) => ({ note, anchored: isAnchored(note, text, tokenRanges) }));
  const credit = turn.credit === null ? '' : `${turn.trained ? '' : 'not trained: '}credit ${signed(turn.credit.credit)}`;
  return (
    <div class={`turn seat-${turn.seat}`}>
      <p class="said">
        <span class="who">{AGENT_NAMES[turn.seat]}</span>{' '}
        {turn.tokens.texts.length === 0
          ? inlineText(turn.text)
          : tokenRanges.map(([start, end], token) => {
              const number = marks.findIndex(({ note, anchored }) => anchored && note.tokens.end - 1 === token);
              const noted = marks.some(({ note, anchored }) => anchored && note.tokens.start <= token && token < note.tokens.end);
              return (
                <>
                  <span
                    class={`token ${tintOf(scale.measure, scale.full, scale.measure.value(turn, token))}${noted ? ' noted' : ''}`}
                    title={tokenTitle(turn, token, scale.measure)}
                  >
                    {text.slice(start, end)}
                  </span>
                  {number >= 0 && (
                    <sup>
                      <a href={`#${id}-n${number + 1}`}>note {number + 1}</a>
                    </sup>
                  )}
                </>
              );
            })}{' '}
        {!turn.valid && <span class="problem">invalid</span>} <span class="credit dim">{credit}</span>
      </p>
      {marks.length > 0 && (
        <ol class="notes">
          {marks.map(({ note, anchored }, index) => (
            <Note key={index} note={note} anchored={anchored} id={`${id}-n${index + 1}`} />
          ))}
        </ol>
      )}
    </div>
  );
}

function Note({ note, anchored, id }: { readonly note: ReportNote; readonly anchored: boolean; readonly id: string }): VNode {
  return (
    <li id={id}>
      <span class="dim">
        {note.author}
        {note.quote !== '' && (
          <>
            {' '}
            on <q>{note.quote}</q>
          </>
        )}
        {!anchored && ', which the turn no longer says'}
        {note.tags.map((tag) => ` #${tag}`)}
        {note.resolved && ' · resolved'}
      </span>
      <p class="body">{note.body}</p>
      {note.replies.map(({ author, body }, index) => (
        <p key={index} class="body reply">
          <span class="dim">{author}:</span> {body}
        </p>
      ))}
    </li>
  );
}

/** Whether the tokens of a note still say what it quotes. */
function isAnchored({ tokens, quote }: ReportNote, text: string, ranges: readonly (readonly [number, number])[]): boolean {
  const start = ranges[tokens.start]?.[0];
  const end = ranges[tokens.end - 1]?.[1];
  return start !== undefined && end !== undefined && text.slice(start, end) === quote;
}

function tintOf(measure: Measure, full: number, value: number | null): string {
  const { hue, strength } = paint(measure, full, value);
  return hue === 'none' ? '' : `${hue} m${Math.max(1, Math.round(lifted(strength) * TINTS))}`;
}

function tokenTitle(turn: TurnView, token: number, measure: Measure): string {
  const logProb = trainingLogProb(turn, token);
  const value = measure.value(turn, token);
  return [
    ...(value === null ? [] : [`${measure.label} ${signed(value, 3)}`]),
    ...(logProb === null ? [] : [`probability ${plain(Math.exp(logProb), 3)}`]),
    ...(turn.tokens.forced[token] === true ? ['forced by the mask'] : []),
  ].join(' · ');
}
