import { useComputed } from '@preact/signals';
import type { VNode } from 'preact';
import { AGENT_NAMES } from '../../../src/domain/seat';
import type { Place, TurnView } from '../../../src/protocol/webview';
import { choose, cursor } from '../../state';
import { signed } from '../numbers';
import { measureOf } from '../tokens/measures';
import { paint, tint, tokenScale } from '../tokens/scale';
import { Strip } from '../tokens/Strip';
import { CARD_ID, pointed } from '../tokens/TokenCard';
import { inlineText } from '../tokens/visibleText';
import { promptsShown, togglePrompt } from './prompts';

/** Control tokens of chat templates. */
const SPECIAL = /^<[|｜/\w].*>$/;

/** One agent's turn: its tokens, the strip above the next one, its credit, and whatever there is to be said against it. */
export function TurnCell(props: {
  readonly turn: TurnView;
  /** Index among the negotiation's turns. */
  readonly index: number;
  readonly place: Place;
  readonly named: boolean;
  /** Follows the cursor, but is not where the reader steps (the other column of a comparison). */
  readonly passive?: boolean;
}): VNode {
  const { turn, index, place, named, passive = false } = props;
  const here = useComputed(() => (cursor.value?.turn === index ? cursor.value.token : -1));
  const open = useComputed(() => promptsShown.value.all || promptsShown.value.turns.has(turn.turn));
  const { measure, full } = tokenScale.value;
  const name = AGENT_NAMES[turn.seat];
  const at = here.value;
  const pick = (token: number): void => {
    void choose({ ...place, round: turn.round, turn: turn.turn, token });
  };
  return (
    <div class={`turn seat-tint-${turn.seat}${at >= 0 ? ' current' : ''}${turn.valid ? '' : ' invalid'}`} data-turn={index}>
      {named && <span class={`who seat-name-${turn.seat}`}>{name}</span>}
      <div class={turn.tokens.texts.length <= 4 ? 'said short' : 'said'}>
        {open.value && (
          <div class="prompt">
            <span class="prompt-head dim">{name} read</span>
            <pre tabIndex={0} aria-label={`What ${name} read before this turn`}>
              {turn.prompt === '' ? '(nothing new)' : turn.prompt}
            </pre>
          </div>
        )}
        <div
          class="tokens"
          role="listbox"
          aria-orientation="horizontal"
          aria-label={`${name}, round ${turn.round + 1}, ${turn.kind}, credit ${signed(turn.credit?.credit)}`}
        >
          {turn.tokens.texts.map((text, token) => {
            const value = measure.value(turn, token);
            const { hue, strength } = paint(measure, full, value);
            const isHere = !passive && token === at;
            return (
              <span
                key={token}
                class={`token ${hue}${turn.tokens.forced[token] === true ? ' forced' : ''}${SPECIAL.test(text) ? ' special' : ''}`}
                role="option"
                aria-selected={token === at}
                tabIndex={isHere ? 0 : -1}
                data-token={token}
                {...(isHere ? { 'aria-describedby': CARD_ID } : {})}
                style={{ '--m': tint(strength) }}
                onClick={() => pick(token)}
                onPointerEnter={(event) => show(turn, token, event.currentTarget, 'pointer')}
                onPointerLeave={hide}
                onFocus={(event) => show(turn, token, event.currentTarget, 'keyboard')}
                onBlur={hide}
              >
                {inlineText(text)}
              </span>
            );
          })}
        </div>
        <Strip turn={turn} measure={measure} full={full} cursor={at} />
        <Marks turn={turn} />
        {at >= 0 && !passive && (
          <button type="button" class="link ask" onClick={() => togglePrompt(turn.turn)}>
            {open.value ? `hide what ${name} read` : `show what ${name} read`}
          </button>
        )}
      </div>
      <span class="turn-credit number" title={`credit of ${name} in round ${turn.round + 1}`}>
        {turn.credit === null ? <span class="dim">preview</span> : signed(measureOf(measure.id).id === 'own' ? turn.credit.own : turn.credit.credit)}
      </span>
    </div>
  );
}

function Marks({ turn }: { readonly turn: TurnView }): VNode | null {
  const marks = [
    turn.valid ? '' : 'invalid: did not parse, the game’s default counted',
    turn.trained || turn.credit === null ? '' : 'not trained',
    turn.tokens.texts.length === 0 ? 'no tokens on record' : '',
  ].filter(Boolean);
  if (marks.length === 0) return null;
  return (
    <span class={turn.valid ? 'marks dim' : 'marks problem'}>
      {turn.valid ? '' : '⚠ '}
      {marks.join(' · ')}
      {turn.tokens.texts.length === 0 && turn.text !== '' ? ` · “${turn.text}”` : ''}
    </span>
  );
}

function show(turn: TurnView, token: number, element: EventTarget & Element, by: 'pointer' | 'keyboard'): void {
  pointed.value = { turn, token, at: element.getBoundingClientRect(), by };
}

function hide(): void {
  pointed.value = null;
}
