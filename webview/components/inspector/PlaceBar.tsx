import type { VNode } from 'preact';
import { lineText } from '../../../src/domain/tokens/visibleText';
import type { NegotiationView } from '../../../src/protocol/webview';
import { loadingNegotiation, step } from '../../inspectorState';
import { channel, choose, command, currentRun, cursor, selection } from '../../state';
import { Button, Checkbox } from '../controls';
import { promptsShown, showAllPrompts } from '../transcript/prompts';

/** Where the reader is, and the ways to the next place; the slider steps through the negotiation's turns. */
export function PlaceBar({ view }: { readonly view: NegotiationView }): VNode {
  const { iteration, negotiation } = view.place;
  const at = cursor.value;
  const turn = at === null ? undefined : view.turns[at.turn];
  const pair = iteration === undefined ? undefined : currentRun.value?.played?.pairs[iteration];
  const of = pair === undefined ? 'iteration' : 'pair';
  const go = (by: 'negotiation' | 'iteration', delta: 1 | -1) => () => void step(channel(), by, delta);
  return (
    <nav class="place-bar" aria-label="Place" aria-busy={loadingNegotiation.value}>
      <span class="stepper">
        <Button kind="icon" label={`Previous ${of} ([)`} onClick={go('iteration', -1)}>
          ‹
        </Button>
        <span class="number">{pair === undefined ? `iteration ${iteration}` : lineText(pair)}</span>
        <Button kind="icon" label={`Next ${of} (])`} onClick={go('iteration', 1)}>
          ›
        </Button>
      </span>
      <span class="dim number">group {view.group}</span>
      <span class="stepper">
        <Button kind="icon" label="Previous negotiation (h)" onClick={go('negotiation', -1)}>
          ‹
        </Button>
        <span class="number">negotiation {negotiation}</span>
        <Button kind="icon" label="Next negotiation (l)" onClick={go('negotiation', 1)}>
          ›
        </Button>
      </span>
      <label class="scrubber">
        <span class="dim number">
          {turn === undefined ? '' : `round ${turn.round + 1} · turn ${(at?.turn ?? 0) + 1} of ${view.turns.length}`}
        </span>
        <input
          type="range"
          min={0}
          max={Math.max(0, view.turns.length - 1)}
          value={at?.turn ?? 0}
          aria-label="Turn"
          aria-valuetext={turn === undefined ? '' : `round ${turn.round + 1}, turn ${turn.turn + 1}`}
          onInput={(event) => {
            const to = view.turns[Number(event.currentTarget.value)];
            if (to !== undefined) void choose({ ...view.place, round: to.round, turn: to.turn, token: 0 });
          }}
        />
      </label>
      <Button kind="icon" label="Open Transcript" onClick={() => command('openTranscript', selection.value ?? view.place)}>
        <TranscriptIcon />
      </Button>
      <Button kind="icon" label="Copy Link to this place" onClick={() => command('copyLink', selection.value ?? view.place)}>
        <LinkIcon />
      </Button>
      <Checkbox
        checked={promptsShown.value.all}
        onChange={showAllPrompts}
        title="Show before every turn what the agent was newly shown (r: one turn)"
      >
        Prompts
      </Checkbox>
    </nav>
  );
}

/** A chain's link, for Copy Link. */
export function LinkIcon(): VNode {
  return (
    <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.3">
      <path d="M6.5 9.5l3-3M7 5l1.6-1.6a2.6 2.6 0 013.8 3.8L10.7 9M9 11l-1.6 1.6a2.6 2.6 0 01-3.8-3.8L5.3 7" />
    </svg>
  );
}

function TranscriptIcon(): VNode {
  return (
    <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d="M3.5 2.5h9v11h-9zM5.5 5.5h5M5.5 8h5M5.5 10.5h3" fill="none" stroke="currentColor" stroke-width="1.1" />
    </svg>
  );
}
