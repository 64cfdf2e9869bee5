import { useComputed } from '@preact/signals';
import type { VNode } from 'preact';
import { AGENT_NAMES } from '../../../src/domain/seat';
import type { TurnView } from '../../../src/protocol/webview';
import { command, counterparts, currentRun, cursor, negotiation } from '../../state';
import { BranchMark } from '../branches/BranchMark';
import { signed } from '../numbers';
import type { Measure } from '../tokens/measures';
import { Strip } from '../tokens/Strip';
import { paint, tint, tokenScale } from '../tokens/scale';
import { CARD_ID } from '../tokens/TokenCard';
import { inlineText } from '../tokens/visibleText';
import { Prompt } from './Prompt';
import { promptsShown, togglePrompt } from './prompts';

/** Control tokens of chat templates. */
const SPECIAL = /^<[|｜/\w].*>$/;

/** One agent's turn: its tokens, the strip that shows them all at a glance, its credit, and whatever there is to be said against it. */
export function TurnCell(props: {
  readonly turn: TurnView;
  /** Index of the step: of the turn among those of the negotiation in view. */
  readonly index: number;
  /** Set in a comparison's other columns: which one, and the turn's own index there. It follows the cursor and is not where the reader steps. */
  readonly elsewhere?: { readonly column: number; readonly index: number };
  /** The whole seat is untrained, and the column's head says so. */
  readonly untrainedSeat?: boolean;
}): VNode {
  const { turn, index, elsewhere, untrainedSeat = false } = props;
  const other = elsewhere !== undefined;
  const here = useComputed(() => (cursor.value?.turn === index ? cursor.value.token : -1));
  const open = useComputed(() => promptsShown.value.all || promptsShown.value.turns.has(turn.turn));
  const branched = useComputed(() => turn.turn >= (negotiation.value?.branch?.turn ?? Number.POSITIVE_INFINITY));
  const sentPlace = useComputed(() => {
    const view = elsewhere === undefined ? negotiation.value : counterparts.value[elsewhere.column - 1];
    return view?.committed === true && turn.tokens.ids.length > 0 ? view.place : null;
  });
  const { measure, full } = tokenScale.value;
  const name = AGENT_NAMES[turn.seat];
  const at = here.value;
  return (
    <div
      class={`turn${at >= 0 ? ' current' : ''}${turn.valid ? '' : ' invalid'}${!other && branched.value ? ' branched' : ''}`}
      data-turn={index}
      data-own={elsewhere?.index ?? index}
      data-column={elsewhere?.column ?? 0}
      data-vscode-context={other ? '{}' : JSON.stringify({ webviewSection: 'turn', round: turn.round, turn: turn.turn })}
    >
      <span class={`who seat-name-${turn.seat}`}>{name}</span>
      <div class={turn.tokens.texts.length <= 4 ? 'said short' : 'said'}>
        {open.value && <Prompt name={name} text={turn.prompt} place={sentPlace.value} turn={turn.turn} />}
        <div
          class="tokens"
          role="listbox"
          aria-orientation="horizontal"
          aria-label={`${name}, round ${turn.round + 1}, ${turn.kind}, credit ${signed(turn.credit?.credit)}`}
        >
          {turn.tokens.texts.length === 0 && turn.text !== '' && (
            <span class="untokenized" title="This player has no tokens of its own">
              {inlineText(turn.text)}
            </span>
          )}
          {turn.tokens.texts.map((text, token) => {
            const { hue, strength } = paint(measure, full, measure.value(turn, token));
            const isHere = !other && token === at;
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
              >
                {inlineText(text)}
              </span>
            );
          })}
        </div>
        <Strip turn={turn} measure={measure} full={full} cursor={at} />
        <Marks turn={turn} untrainedSeat={untrainedSeat} />
        {!other && <Branches turn={turn} />}
        {turn.annotations !== undefined && !other && <Annotations turn={turn} count={turn.annotations} />}
        {at >= 0 && !other && (
          <span class="asks">
            <button type="button" class="link ask" onClick={() => togglePrompt(turn.turn)}>
              {open.value ? `hide what ${name} read` : `show what ${name} read`}
            </button>
            <TurnWays turn={turn} token={at} />
          </span>
        )}
      </div>
      <RoundNumber turn={turn} measure={measure} />
    </div>
  );
}

/** What else can be done at the turn under the cursor, where its run can be played on. */
function TurnWays({ turn, token }: { readonly turn: TurnView; readonly token: number }): VNode | null {
  const view = negotiation.value;
  if (view === null || currentRun.value?.forkable !== true || !view.committed) return null;
  const place = { ...view.place, round: turn.round, turn: turn.turn, token };
  return (
    <>
      {turn.tokens.texts.length > 0 && (
        <button
          type="button"
          class="link ask"
          title="The policies’ probabilities in place of this token (w)"
          onClick={() => command('whatWouldTheySay', place)}
        >
          what would they say?
        </button>
      )}
      <button type="button" class="link ask" title="Let somebody go on from this turn (g)" onClick={() => command('forkHere', place)}>
        fork here
      </button>
    </>
  );
}

/** That a branch begins at the turn, or how many leave it. */
function Branches({ turn }: { readonly turn: TurnView }): VNode | null {
  const view = negotiation.value;
  return view === null ? null : <BranchMark view={view} turn={turn} />;
}

/** How many annotations the turn has; leads to where they are read. */
function Annotations({ turn, count }: { readonly turn: TurnView; readonly count: number }): VNode {
  const place = negotiation.value?.place;
  return (
    <button
      type="button"
      class="link annotations"
      title="Open the transcript, where annotations are read and written"
      onClick={() => place !== undefined && command('openTranscript', { ...place, round: turn.round, turn: turn.turn })}
    >
      ✎ {count} annotation{count === 1 ? '' : 's'}
    </button>
  );
}

/** The number that all tokens of the turn share: the credit, or the part of it that colours them. */
function RoundNumber({ turn, measure }: { readonly turn: TurnView; readonly measure: Measure }): VNode {
  const part = measure.id === 'own' || measure.id === 'alignment' ? measure : null;
  const value = turn.credit === null ? null : signed(part === null ? turn.credit.credit : part.value(turn, 0));
  return (
    <span
      class="turn-credit number"
      title={`${part?.label ?? 'credit'} of ${AGENT_NAMES[turn.seat]} in round ${turn.round + 1}${turn.trained ? '' : ', which trained nobody'}`}
    >
      {value === null ? (negotiation.value?.committed === true ? '' : 'preview') : turn.trained ? value : `(${value})`}
    </span>
  );
}

function Marks({ turn, untrainedSeat }: { readonly turn: TurnView; readonly untrainedSeat: boolean }): VNode | null {
  const marks = [
    turn.valid ? '' : 'invalid: did not parse, the game’s default counted',
    turn.trained || untrainedSeat || turn.credit === null ? '' : 'not trained',
    turn.tokens.texts.length === 0 && turn.text === '' ? 'said nothing' : '',
  ].filter(Boolean);
  if (marks.length === 0) return null;
  return (
    <span class={turn.valid ? 'marks dim' : 'marks problem'}>
      {turn.valid ? '' : '⚠ '}
      {marks.join(' · ')}
    </span>
  );
}
