import { signal } from '@preact/signals';
import type { VNode } from 'preact';
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { InspectorDetail, NegotiationView, RunView } from '../../../src/protocol/webview';
import { savedState, saveState } from '../../channel';
import { loadingNegotiation, step } from '../../inspectorState';
import {
  channel,
  choose,
  closeMatchups,
  colourBy,
  columns,
  command,
  comparing,
  currentRun,
  cursor,
  disconnected,
  follow,
  following,
  hydrated,
  matchups,
  negotiation,
  negotiationProblem,
  saveComparing,
  setColourBy,
} from '../../state';
import { Board } from '../board/Board';
import { BranchBar } from '../branches/BranchBar';
import { Compare, focusAddColumn } from '../compare/Compare';
import { nextDifference } from '../compare/steps';
import { Button } from '../controls';
import { CreditPanel } from '../credit/CreditPanel';
import { Matchups } from '../matchups/Matchups';
import { SaysPanel } from '../says/SaysPanel';
import { saysShown, showSays } from '../says/saysState';
import { Legend } from '../tokens/Legend';
import { MEASURES } from '../tokens/measures';
import { pointed, TokenCard } from '../tokens/TokenCard';
import { moved } from '../transcript/cursor';
import { promptsShown, showAllPrompts, togglePrompt } from '../transcript/prompts';
import { takeFocus } from '../transcript/scroll';
import { Transcript } from '../transcript/Transcript';
import { Charts } from './Charts';
import { Header } from './Header';
import { IterationSummary } from './IterationSummary';
import { selectedIteration } from './iterationState';
import { KeysHelp } from './KeysHelp';
import { type InspectorAction, inspectorAction } from './keys';
import { PlaceBar } from './PlaceBar';

const keysShown = signal(false);
/** Which of the two stands below the transcript where there is no room for both. */
const detail = signal<Exclude<InspectorDetail, 'says'>>(savedState().detail ?? 'credit');

/** The editor area: one run, one negotiation, every token of it, and why. */
export function Inspector(): VNode {
  // On the document: keys work before anything in the page has the focus.
  useLayoutEffect(() => {
    document.addEventListener('keydown', onKeyDown);
    const stop = channel().on('detail', (event) => {
      // What they would say stands above the credit.
      if (event.detail === 'says') showSays(true);
      detail.value = event.detail === 'charts' ? 'charts' : 'credit';
    });
    return () => {
      stop();
      document.removeEventListener('keydown', onKeyDown);
    };
  }, []);
  return (
    <div class="inspector">
      {matchups.value === null && (
        <Header
          onKeys={() => {
            keysShown.value = true;
          }}
        />
      )}
      {disconnected.value !== null && (
        <p class="notice problem" role="alert">
          Parley’s host is gone ({disconnected.value}). Close this tab and open the run again.
        </p>
      )}
      <Body />
      <TokenCard />
      {keysShown.value && (
        <KeysHelp
          onClose={() => {
            keysShown.value = false;
          }}
        />
      )}
    </div>
  );
}

function Body(): VNode {
  const run = currentRun.value;
  const view = negotiation.value;
  if (matchups.value !== null) return <Matchups {...matchups.value} />;
  if (run === undefined) {
    return (
      <main class="welcome">
        {hydrated.value && (
          <>
            <p>No run is open. Start one, or open a run’s folder; its negotiations, tokens and credits appear here.</p>
            <div class="buttons">
              <Button kind="primary" onClick={() => command('startPairedRun')}>
                Start Paired Run
              </Button>
              <Button onClick={() => command('openRun')}>Open Run…</Button>
            </div>
          </>
        )}
      </main>
    );
  }
  if (view === null) {
    return (
      <main class="overview">
        <p class={negotiationProblem.value === null ? 'dim' : 'problem'} role="status">
          {negotiationProblem.value ??
            (loadingNegotiation.value
              ? 'Reading the negotiation …'
              : run.iteration === 0
                ? 'The first iteration is being played. Negotiations can be read as soon as it is committed.'
                : 'Choose a negotiation in the tree to read it token by token, or a point in a chart to go to that iteration.')}
        </p>
        <ChosenIteration run={run} />
        <Charts wide />
      </main>
    );
  }
  return (
    <main class={run.algorithm === null ? 'body played' : 'body'} data-detail={detail.value}>
      <div
        class="stage"
        data-vscode-context={JSON.stringify({
          webviewSection: 'negotiation',
          ...view.place,
          ...(run.forkable === true && view.committed ? { askable: true, forkable: true } : {}),
          preventDefaultContextMenuItems: true,
        })}
      >
        <Stage view={view} compare={comparing.value && columns.value.length > 0} />
      </div>
      {run.algorithm !== null && <Details />}
    </main>
  );
}

/** Why a credit is what it is, and the curves; nothing of it where nothing was trained. */
function Details(): VNode {
  const credit = useRef<HTMLElement>(null);
  const asked = saysShown.value;
  // In a narrow column it lies below what is in view.
  useLayoutEffect(() => {
    if (asked) credit.current?.scrollIntoView({ block: 'nearest' });
  }, [asked]);
  return (
    <>
      <div class="tabs" role="tablist" aria-label="Details">
        {(['credit', 'charts'] as const).map((name) => (
          <button
            key={name}
            type="button"
            role="tab"
            id={`tab-${name}`}
            aria-selected={detail.value === name}
            aria-controls={`panel-${name}`}
            tabIndex={detail.value === name ? 0 : -1}
            onClick={() => showDetail(name)}
            onKeyDown={(event) => {
              if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
              // Among tabs the arrows go from tab to tab, not from token to token.
              event.preventDefault();
              const other = name === 'credit' ? 'charts' : 'credit';
              showDetail(other);
              document.getElementById(`tab-${other}`)?.focus();
            }}
          >
            {name === 'credit' ? 'Why this credit' : 'Charts'}
          </button>
        ))}
      </div>
      <aside ref={credit} class="side-panel" id="panel-credit" aria-label="Credit">
        {saysShown.value && <SaysPanel />}
        <CreditPanel />
      </aside>
      <div class="bottom-panel" id="panel-charts">
        <Charts />
      </div>
    </>
  );
}

function showDetail(name: Exclude<InspectorDetail, 'says'>): void {
  detail.value = name;
  saveState({ detail: name });
}

/** The iteration that is chosen as a whole, where one is. */
function ChosenIteration({ run }: { readonly run: RunView }): VNode | null {
  const iteration = selectedIteration.value;
  if (iteration === null || iteration < 1 || run.algorithm === null) return null;
  return <IterationSummary run={run} iteration={iteration} />;
}

/** The negotiation itself. Kept as it is while only the run around it moves: a long one has thousands of tokens. */
function Stage({ view, compare }: { readonly view: NegotiationView; readonly compare: boolean }): VNode {
  return useMemo(
    () => (
      <>
        <PlaceBar view={view} />
        <BranchBar view={view} />
        {!compare && <Board view={view} />}
        <Legend />
        {compare ? <Compare view={view} /> : <Transcript view={view} />}
      </>
    ),
    [view, compare],
  );
}

function onKeyDown(event: KeyboardEvent): void {
  if (keysShown.value || event.defaultPrevented) return;
  const action = inspectorAction(event);
  // Steps would move what nobody sees.
  if (matchups.value !== null && action !== null && action.kind !== 'keys') {
    if (action.kind === 'close') closeMatchups();
    return;
  }
  if (action !== null && perform(action)) event.preventDefault();
}

/** Does what a key asks for; false where there is nothing to do, so that the key keeps its own meaning. */
function perform(action: InspectorAction): boolean {
  const view = negotiation.value;
  switch (action.kind) {
    case 'move': {
      const at = cursor.value;
      if (view === null || at === null) return false;
      const to = moved(view.turns, at, action.move);
      const turn = to === null ? undefined : view.turns[to.turn];
      if (to === null || turn === undefined) return true;
      takeFocus();
      void choose({ ...view.place, round: turn.round, turn: turn.turn, token: to.token });
      return true;
    }
    case 'step':
      void step(channel(), action.by, action.delta);
      return true;
    case 'prompt': {
      const turn = view === null || cursor.value === null ? undefined : view.turns[cursor.value.turn];
      if (turn === undefined) return false;
      // The card would lie over what was asked for.
      pointed.value = null;
      if (promptsShown.value.all) showAllPrompts(false);
      else togglePrompt(turn.turn);
      return true;
    }
    case 'says': {
      const at = cursor.value;
      const turn = view === null || at === null ? undefined : view.turns[at.turn];
      if (saysShown.value) showSays(false);
      else if (view === null || at === null || turn === undefined || currentRun.value?.forkable !== true) return false;
      else command('whatWouldTheySay', { ...view.place, round: turn.round, turn: turn.turn, token: at.token });
      return true;
    }
    case 'fork': {
      const turn = view === null || cursor.value === null ? undefined : view.turns[cursor.value.turn];
      if (view === null || turn === undefined || currentRun.value?.forkable !== true) return false;
      command('forkHere', { ...view.place, round: turn.round, turn: turn.turn });
      return true;
    }
    case 'colour': {
      const index = MEASURES.findIndex(({ id }) => id === colourBy.value);
      setColourBy(MEASURES[(index + 1) % MEASURES.length]!.id);
      return true;
    }
    case 'compare':
      if (columns.value.length === 0) return false;
      saveComparing(!comparing.value);
      return true;
    case 'addColumn':
      if (columns.value.length === 0) return false;
      saveComparing(true);
      focusAddColumn();
      return true;
    case 'difference': {
      const to = comparing.value ? nextDifference(action.delta) : null;
      if (to === null || view === null) return false;
      takeFocus();
      void choose({ ...view.place, round: to.round, turn: to.turn, token: 0 });
      return true;
    }
    case 'follow':
      follow(!following.value);
      return true;
    case 'keys':
      keysShown.value = true;
      return true;
    case 'close':
      if (pointed.value === null) return false;
      pointed.value = null;
      return true;
  }
}
